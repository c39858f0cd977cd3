//! The same rows as text and as pictures.

use super::*;

#[test]
fn every_line_fits_the_terminal_and_every_lane_stands_in_its_column() {
    use unicode_width::UnicodeWidthStr as _;
    let long = "很长的一句话，一行放不下，所以要截断才行，再多写几个字";
    let client = vec![connect(0), call("client", 1, "send", "1", long), call("client", 4, "recv", "1024", "\x1b[2J")];
    let server = vec![accept(1), call("server", 2, "recv", "1024", long), call("server", 3, "send", "4", "\x1b[2J")];
    let diagram = Diagram::of(vec![client, server]);
    for (letters, sign) in
        [(Letters::Box, ['│', '├', '┤', '▶', '◀', '✗']), (Letters::Ascii, ['|', '+', '+', '>', '<', 'X'])]
    {
        let text = diagram.text(60, letters);
        let rows: Vec<_> = text.lines().skip(2).take(diagram.rows.len()).collect();
        for row in rows {
            assert!(row.width() <= 60 && !row.contains('\x1b'), "{row}");
            let mut column = 0;
            let second = row.chars().find(|c| {
                let here = column;
                column += c.to_string().width();
                here == 29
            });
            assert!(second.is_some_and(|c| sign.contains(&c)), "{row}\n{text}");
        }
        assert!(letters == Letters::Box || !text.contains(['│', '─', '╌', '…', '←']), "{text}");
    }
}

#[test]
fn the_picture_is_well_formed_escaped_and_self_contained() {
    let client = vec![connect(0), call("client", 1, "send", "1", "<b>&\"\x1b\u{ffff}")];
    let server = vec![accept(1), udp("server", 5, "stranger's")];
    let svg = Diagram::of(vec![client, server]).svg();
    let start = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"sequence\" lang=\"en\" role=\"img\"";
    assert!(svg.starts_with(start), "{svg}");
    assert!(svg.contains("&lt;b&gt;&amp;&quot;\\x1b") && !svg.contains("<b>"), "{svg}");
    assert!(svg.contains("<title id=") && svg.contains("<desc id=") && svg.contains("prefers-color-scheme:dark"));
    assert!(!svg.contains(['\x1b', '\u{ffff}']) && svg.matches("http").count() == 1, "{svg}");
    for tag in ["text", "title", "desc", "style", "svg"] {
        assert_eq!(svg.matches(&format!("<{tag}")).count(), svg.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn no_text_of_the_picture_stands_over_another_or_outside() {
    use unicode_width::UnicodeWidthStr as _;
    let long = "很长的一句话，一行放不下，所以要截断才行，再多写几个字，还要再多一点，这样才够长，真的够了";
    let client = vec![connect(0), call("client", 1, "send", "1", long), call("client", 4, "recv", "1024", "fine")];
    let server = vec![accept(1), call("server", 2, "recv", "1024", long), call("server", 3, "send", "4", "fine")];
    let svg = Diagram::of(vec![client, server]).svg();
    let number = |line: &str, name: &str| -> usize {
        let rest = line.split(&format!(" {name}=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    };
    let (width, height) = (number(&svg, "width"), number(&svg, "height"));
    let boxes: Vec<_> = svg.lines().filter(|line| line.starts_with("<text")).collect();
    let boxes: Vec<_> = boxes
        .into_iter()
        .map(|line| {
            let text = line.split('>').nth(1).unwrap().trim_end_matches("</text").replace("&quot;", "'");
            let (x, y) = (number(line, "x"), number(line, "y"));
            let start = if line.contains("class=\"label\"") { x - text.width() * 4 } else { x };
            (start, start + text.width() * 8, y - 12, y + 4)
        })
        .collect();
    for (index, one) in boxes.iter().enumerate() {
        assert!(one.1 <= width && one.3 <= height, "{one:?} {svg}");
        for other in &boxes[..index] {
            let apart = one.0 >= other.1 || other.0 >= one.1 || one.2 >= other.3 || other.2 >= one.3;
            assert!(apart, "{one:?} {other:?} {svg}");
        }
    }
}

#[test]
fn a_long_diagram_stands_in_a_page_in_pieces_with_every_row_once() {
    let diagram = Diagram::of(questions(45));
    let html = diagram.svg_in_page("talk");
    let pieces: Vec<_> = html.split_inclusive("</svg>\n").collect();
    assert!(pieces.len() > 3, "{}", pieces.len());
    for (index, piece) in pieces.iter().enumerate() {
        let number = index + 1;
        let start = format!("aria-labelledby=\"talk-{number}-title\" aria-describedby=\"talk-{number}-told\"");
        assert!(piece.starts_with("<svg ") && piece.contains(&start) && !piece.contains("<style>"), "{piece}");
        assert!(piece.contains(&format!("({number} of {})</title>", pieces.len())), "{piece}");
        let height: usize =
            piece.split("viewBox=\"0 0 ").nth(1).unwrap().split([' ', '"']).nth(1).unwrap().parse().unwrap();
        assert!((400..1100).contains(&height), "{height}");
        assert!(["client", "server"].iter().all(|name| piece.contains(&format!(">{name}</text>"))), "{piece}");
    }
    for number in 0..45 {
        assert_eq!(html.matches(&format!("&quot;question {number}&quot;</text>")).count(), 1, "{number}");
    }
    assert_eq!(
        diagram.svg_in_page("x").matches("not captured").count(),
        2,
        "the notes stand below the last piece, in words too"
    );
}

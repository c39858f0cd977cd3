use super::*;

fn gbk() -> Charset {
    "gbk".parse().unwrap()
}

#[test]
fn text_cut_at_every_byte_comes_out_whole() {
    for charset in ["utf-8", "gbk", "gb18030", "big5"] {
        let charset: Charset = charset.parse().unwrap();
        let bytes = charset.encode("中文 ok 聊天").unwrap();
        for at in 0..=bytes.len() {
            let mut decoder = Decoder::new(charset);
            let text = decoder.push(&bytes[..at]) + &decoder.push(&bytes[at..]) + &decoder.finish();
            assert_eq!(text, "中文 ok 聊天", "{charset} cut at {at}");
        }
    }
}

#[test]
fn passing_unchanged_keeps_every_byte_and_holds_back_half_a_character() {
    let bytes = "好的 🌕".as_bytes();
    for at in 0..=bytes.len() {
        let mut incoming = Incoming::to(Charset::default(), false);
        let first = incoming.message(&bytes[..at]);
        assert!(std::str::from_utf8(&first).is_ok(), "cut at {at}");
        assert_eq!([first, incoming.message(&bytes[at..])].concat(), bytes, "cut at {at}");
    }
    let mut incoming = Incoming::to(Charset::default(), false);
    assert_eq!(incoming.line(b"\xff\x1b[2J \xe4\xbd"), b"\xff\x1b[2J \xe4\xbd");
}

#[test]
fn a_terminal_gets_text_without_escapes_and_with_further_lines_indented() {
    let mut incoming = Incoming::to(Charset::default(), true);
    assert_eq!(incoming.message("你好\x1b[31m\n[bob] hi\n".as_bytes()), "你好\\x1b[31m\n    [bob] hi".as_bytes());
    assert_eq!(incoming.line(b"half \xe4\xbd"), "half \u{fffd}".as_bytes());
}

#[test]
fn a_line_that_is_longer_than_a_row_goes_on_indented() {
    let table = [
        ("[bob] short", 11, "[bob] short"),
        ("[bob] one more", 11, "[bob] one \n    more"),
        ("[bob] loooooooong", 11, "[bob] \n    loooooo\n    oong"),
        ("[bob] loooooooong", 16, "[bob] loooooooon\n    g"),
        ("[bob] 好好好好", 12, "[bob] 好好好\n    好"),
        ("[bob]\tx", 8, "[bob]\n    \t\n    x"),
        // Some terminals show a combining mark for itself, and draw what is narrow here as wide.
        ("ab\u{301}\u{301}\u{301}x", 8, "ab\u{301}\u{301}\u{301}\n    x"),
        ("±±±±±", 8, "±±±±\n    ±"),
        ("abcdef", 4, "abcd\n  ef"),
        ("好好", 2, "好\n 好"),
        ("ab", 1, "a\nb"),
        ("重置连接，然后关闭", 8, "重置连\n    接，\n    然后\n    关闭"),
        ("在 127.0.0.1:80 上监听", 18, "在 127.0.0.1:80 上\n    监听"),
        ("he said “some words”", 14, "he said \n    “some \n    words”"),
        ("first line\nof two", 8, "first \n    line\nof two"),
    ];
    for (line, columns, wanted) in table {
        assert_eq!(wrap(line, columns), wanted, "{columns} columns");
    }
}

#[test]
fn a_commands_output_passes_in_whatever_pieces_it_comes() {
    let shown = |charset: Charset, escaped, bytes: &[u8], size| {
        let mut passing = Passing::new(charset, escaped);
        let mut shown: Vec<u8> = bytes.chunks(size).flat_map(|piece| passing.piece(piece).into_owned()).collect();
        shown.extend(passing.rest());
        shown
    };
    let bytes = "你\r\n好\x1b[1m\rx\r".as_bytes();
    for size in [1, 2, 3, bytes.len()] {
        assert_eq!(shown(Charset::default(), true, bytes, size), "你\n好\\x1b[1m\\x0dx\\x0d".as_bytes());
        assert_eq!(shown(Charset::default(), false, bytes, size), bytes);
        assert_eq!(shown(Charset::default(), false, b"\xff\x00\xe4", size), b"\xff\x00\xe4");
        assert_eq!(shown(gbk(), false, b"\xc4\xe3\r\n\xba", size), "你\r\n\u{fffd}".as_bytes());
    }
}

#[test]
fn a_locale_names_its_charset_or_none() {
    assert_eq!(Charset::of_locale("zh_CN.GBK"), Some(gbk()));
    assert_eq!(Charset::of_locale("zh_CN.gb18030@pinyin").unwrap().to_string(), "gb18030");
    assert_eq!(Charset::of_locale("en_US.UTF-8"), Some(Charset::default()));
    for none in ["C", "POSIX", "", "zh_CN", "de_DE@euro", "xx.klingon"] {
        assert_eq!(Charset::of_locale(none), None, "{none}");
    }
}

#[test]
fn gbk_stays_gbk_behind_a_byte_order_mark() {
    assert_eq!(gbk().decode(b"\xef\xbb\xbf\xbf\xc4\xe3"), "锘靠你");
    assert_eq!(Charset::default().decode(b"\xef\xbb\xbfa"), "\u{feff}a");
}

#[test]
fn forbidden_characters_never_come_out_and_escaping_twice_changes_nothing() {
    for c in (0..=0x10_ffff).filter_map(char::from_u32) {
        let once = escape(c.encode_utf8(&mut [0; 4])).into_owned();
        assert!(!once.chars().any(is_forbidden), "{c:?}");
        assert_eq!(escape(&once), once);
    }
    assert_eq!(escape("a\x1b\u{202e}\u{85}\tb\n"), "a\\x1b\\u{202e}\\u{85}\tb\n");
    assert_eq!(escape_line("a\x1b\u{202e}\u{85}\tb\n"), "a\\x1b\\u{202e}\\u{85}\\tb\\n");
    assert_eq!(path(Path::new("a\x1b]0;b\n")), "a\\x1b]0;b\\n");
}

#[test]
fn what_an_encoding_lacks_is_refused_by_name() {
    assert_eq!(gbk().encode("月🌕"), Err(Unmappable('🌕', "GBK")));
    assert_eq!(gbk().encode("你好").unwrap(), b"\xc4\xe3\xba\xc3");
    let shift_jis: Charset = "shift_jis".parse().unwrap();
    assert_eq!(shift_jis.encode("円¥"), Err(Unmappable('¥', "Shift_JIS")), "0x5c would arrive as a backslash");
    assert_eq!(shift_jis.encode_lossy("円¥"), b"\x89\x7e?");
    assert_eq!(gbk().encode_lossy("好🌕"), b"\xba\xc3?");
}

#[test]
fn labels_that_would_break_line_ends_are_refused() {
    for label in ["utf-16", "utf-16le", "iso-2022-jp", "replacement", "cp936", ""] {
        assert!(label.parse::<Charset>().is_err(), "{label}");
    }
    assert_eq!("GB2312".parse::<Charset>().unwrap(), gbk());
}

#[test]
fn code_pages_map_by_number() {
    assert_eq!(Charset::of_code_page(936), Some(gbk()));
    assert_eq!(Charset::of_code_page(65001), Some(Charset::default()));
    assert_eq!(Charset::of_code_page(1252).unwrap().to_string(), "windows-1252");
    assert_eq!(Charset::of_code_page(1200), None, "UTF-16 is no charset for a byte stream");
}

#[test]
fn a_cut_line_ends_between_two_characters() {
    assert_eq!(Charset::default().decode_cut(&"你好".as_bytes()[..5]), "你");
    assert_eq!(gbk().decode_cut(b"\xc4\xe3\xba"), "你");
    assert_eq!(gbk().complete(b"\xc4\xe3\xba"), 2);
    assert_eq!(gbk().complete(b"\xc4\xe3"), 2);
    assert_eq!(Charset::default().complete("ab你".as_bytes()), 5);
    assert_eq!(Charset::default().complete(b"ab\xe4\xbd"), 2);
}

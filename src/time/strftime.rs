//! strftime(3) in the C locale, the same on every system, put into jiff's notation: four conversions mean something else
//! there (`%c`, `%r`, `%x`, `%X`), and some exist there alone.

use crate::t;

/// Conversions that mean the same in both; `N` and `q` are those of date(1).
const SAME: &str = "aAbBCdegGhHIjklmMnNpPqsStuUVwWyYzZ%";

/// What stands between the percent sign and the conversion: padding or case, and the modifiers of other locales.
/// The C locale has neither other eras (`E`) nor other digits (`O`).
const BETWEEN: &str = "_-0^#EO";

/// The format in jiff's notation.
///
/// # Errors
/// A sentence for the person who typed it: the first conversion that is not there.
pub(super) fn in_jiffs_notation(format: &str) -> Result<String, String> {
    let mut written = String::new();
    let mut rest = format;
    while let Some((before, behind)) = rest.split_once('%') {
        written += before;
        let conversion = behind.trim_start_matches(|c| BETWEEN.contains(c)).chars().next().ok_or_else(cut_off)?;
        let (between, _) = behind.split_once(conversion).ok_or_else(cut_off)?;
        written += &one(between, conversion)?;
        rest = &behind[between.len() + conversion.len_utf8()..];
    }
    Ok(written + rest)
}

/// One conversion in jiff's notation.
fn one(between: &str, conversion: char) -> Result<String, String> {
    let refused = || unknown(between, conversion);
    let mut goes_with = between.chars().map(|between| match between {
        '-' | '_' | '0' => "CdegGHIjklmMsSuUVwWyY",
        '^' => "aAbBhpZ",
        '#' => "pZ",
        'E' => "cCxXyY",
        _ => "deHImMSuUVwWy",
    });
    let is_fit = between.len() <= 1 && goes_with.all(|fit| fit.contains(conversion));
    let flag = between.trim_end_matches(['E', 'O']);
    let same = || SAME.contains(conversion).then(|| format!("%{flag}{conversion}"));
    composed(conversion).map(str::to_string).or_else(same).filter(|_| is_fit).ok_or_else(refused)
}

/// What a conversion that stands for several others is made of (ISO C, 7.27.3.5, and POSIX).
fn composed(conversion: char) -> Option<&'static str> {
    Some(match conversion {
        'c' => "%a %b %e %H:%M:%S %Y",
        'D' | 'x' => "%m/%d/%y",
        'F' => "%Y-%m-%d",
        'r' => "%I:%M:%S %p",
        'R' => "%H:%M",
        'T' | 'X' => "%H:%M:%S",
        _ => return None,
    })
}

fn unknown(between: &str, conversion: char) -> String {
    let typed = crate::text::escape_line(&format!("%{between}{conversion}")).into_owned();
    t!(
        "strftime has no {typed} in the C locale; an example: %Y-%m-%d %H:%M:%S",
        "strftime 在 C 区域设置里没有 {typed}；例子：%Y-%m-%d %H:%M:%S"
    )
}

fn cut_off() -> String {
    t!("nothing stands behind the last %; a percent sign is %%", "最后一个 % 后面没有内容；百分号本身写作 %%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_refused_by_name() {
        for wrong in [
            "%", "%!", "%Q", "%f", "%+", "%v", "%:", "%.", "%--d", "%E", "%Ea", "%OY", "%EEy", "%5", "%-D", "%#a", "%é",
        ] {
            let why = in_jiffs_notation(&format!("a %Y {wrong}")).unwrap_err();
            assert!(why.contains(&format!("no {wrong} ")) || why.contains("%%"), "{wrong}: {why}");
        }
    }

    /// Every letter, with every flag, as date(1) writes it, or refused.
    #[cfg(target_os = "linux")]
    #[test]
    fn every_conversion_is_written_as_date_writes_it() {
        let seconds = [1_767_294_245_i64, 951_782_400, 1_720_000_000, 1_798_675_199];
        let flags = ["", "-", "_", "0", "^", "#", "E", "O"];
        let mut formats: Vec<String> = Vec::new();
        for letter in ('a'..='z').chain('A'..='Z').chain(['%', '+', '!']) {
            formats.extend(flags.iter().map(|flag| format!("%{flag}{letter}")));
        }
        formats.retain(|format| in_jiffs_notation(format).is_ok() && !format.ends_with('n') && !format.ends_with('t'));
        assert!(formats.len() > 100, "{}", formats.len());
        for seconds in seconds {
            let all = formats.join("\n");
            let mut date = std::process::Command::new("date");
            date.env("LC_ALL", "C").env("TZ", "Asia/Shanghai").args(["-d", &format!("@{seconds}"), &format!("+{all}")]);
            let theirs = String::from_utf8(date.output().unwrap().stdout).unwrap();
            let time = jiff::Timestamp::from_second(seconds).unwrap().in_tz("Asia/Shanghai").unwrap();
            for (format, theirs) in formats.iter().zip(theirs.lines()) {
                let ours = jiff::fmt::strtime::format(in_jiffs_notation(format).unwrap(), &time).unwrap();
                assert_eq!(ours, theirs, "{format} at {seconds}");
            }
        }
    }
}

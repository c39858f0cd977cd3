//! The language a person reads: English or Chinese, chosen once at the start.
//!
//! Both sentences stand side by side where they are used, so that neither can be forgotten:
//!
//! ```
//! use socket_demos::t;
//! let name = "小明";
//! assert_eq!(t!("{name} left", "{name} 已离开"), "小明 left");
//! ```

use std::ffi::OsString;
use std::sync::OnceLock;

/// A language that every sentence of the programs exists in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// English, also for whatever language we do not speak.
    En,
    /// Chinese, for every `zh*`.
    Zh,
}

static CHOSEN: OnceLock<Lang> = OnceLock::new();

/// The language chosen with [`set`]; English before that.
pub fn lang() -> Lang {
    CHOSEN.get().copied().unwrap_or(Lang::En)
}

/// Chooses the language for the rest of the program. Only the first call counts.
pub fn set(lang: Lang) {
    CHOSEN.get_or_init(|| lang);
}

impl Lang {
    /// The language of a tag such as `zh`, `zh-CN`, `zh_TW.UTF-8` or `en`: Chinese for `zh*`, else English.
    pub fn of_tag(tag: &str) -> Self {
        Self::named(tag).unwrap_or(Self::En)
    }

    /// The language of a tag, if it is one of ours.
    pub fn named(tag: &str) -> Option<Self> {
        let starts = |language: &str| tag.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(language));
        if starts("zh") { Some(Self::Zh) } else { starts("en").then_some(Self::En) }
    }

    /// The tag that HTML and SVG have for it; with it a browser picks the right shapes of the hanzi.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// The language for a command line: `--lang`, then `SOCKET_DEMOS_LANG`, then the system's.
    ///
    /// It is looked up before the arguments are parsed, since `--help` and usage errors are in that language too.
    pub fn for_arguments(arguments: impl Iterator<Item = OsString>) -> Self {
        // A language that we do not speak is refused later on, and in the person's own.
        from_option(arguments)
            .filter(|tag| Self::named(tag).is_some())
            .or_else(|| std::env::var("SOCKET_DEMOS_LANG").ok().filter(|tag| !tag.is_empty()))
            .or_else(sys_locale::get_locale)
            .map_or(Self::En, |tag| Self::of_tag(&tag))
    }
}

/// The value of `--lang X` or `--lang=X`, as far as there is one before `--`.
fn from_option(arguments: impl Iterator<Item = OsString>) -> Option<String> {
    let mut arguments = arguments.map(|a| a.to_string_lossy().into_owned()).take_while(|a| a != "--");
    while let Some(argument) = arguments.next() {
        if argument == "--lang" {
            return arguments.next();
        }
        if let Some(tag) = argument.strip_prefix("--lang=") {
            return Some(tag.to_string());
        }
    }
    None
}

/// One sentence in both languages; gives the chosen one as a `String`, formatted as by `format!`.
#[macro_export]
macro_rules! t {
    ($en:literal, $zh:literal $(, $argument:expr)* $(,)?) => {
        match $crate::lang::lang() {
            $crate::lang::Lang::En => format!($en $(, $argument)*),
            $crate::lang::Lang::Zh => format!($zh $(, $argument)*),
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zh_tag_is_chinese_and_all_else_english() {
        for tag in ["zh", "zh-CN", "zh_TW.UTF-8", "ZH"] {
            assert_eq!(Lang::of_tag(tag), Lang::Zh, "{tag}");
        }
        for tag in ["en", "C", "", "de-DE", "z", "é"] {
            assert_eq!(Lang::of_tag(tag), Lang::En, "{tag}");
        }
    }

    #[test]
    fn the_option_is_found_in_both_spellings_and_not_behind_two_dashes() {
        let option = |line: &str| from_option(line.split(' ').map(OsString::from));
        assert_eq!(option("prog --lang zh"), Some("zh".into()));
        assert_eq!(option("prog 8080 --lang=en --once"), Some("en".into()));
        assert_eq!(option("prog -- --lang zh"), None);
        assert_eq!(option("prog --lang"), None);
    }
}

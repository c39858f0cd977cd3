//! What `--help` prints.

use super::{Program, quick};

/// `FOLDER/NAME.LANG.txt` holds what `--help` prints, for each name with its program and command.
/// `UPDATE_HELP=1 cargo test help_is_as_written_down` writes them anew.
pub fn is_as_written_down_in_both_languages(programs: &[(&str, Program, &str)], folder: &str) {
    for &(name, program, command) in programs {
        if cfg!(windows) && name == "tcp-chat-server" {
            continue; // There it has no --no-reuse.
        }
        for lang in ["en", "zh"] {
            let (code, out, err) = quick(program, &[command, "--help", "--lang", lang]);
            assert_eq!((code, err.as_str()), (Some(0), ""), "{name}");
            let file = format!("{}/{folder}/{name}.{lang}.txt", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("UPDATE_HELP").is_some() {
                std::fs::write(&file, &out).unwrap();
            }
            assert_eq!(out, std::fs::read_to_string(&file).unwrap(), "{file}");
        }
    }
}

pub fn chinese_has_no_english_of_claps(programs: &[Program]) {
    for &program in programs {
        let (_, help, _) = quick(program, &["--help", "--lang=zh"]);
        for english in ["Usage", "Options", "Arguments", "Commands", "default", "possible", "Print"] {
            assert!(!help.contains(english), "{}: {english} in {help}", program.name);
        }
    }
}

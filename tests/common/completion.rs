//! What programs answer shells that ask what may be typed next.

use std::process::Command;

use super::Program;
use super::exec::Place;

/// What a program answers a shell: status, standard output, standard error.
pub fn answer(program: Program, shell: &str, lang: &str, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(program);
    command.args(args).env("COMPLETE", shell).env("SOCKET_DEMOS_LANG", lang);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// What fish is offered for the last of the words: values, each with its help behind a tab.
pub fn offered(program: Program, lang: &str, words: &[&str]) -> Vec<String> {
    let (status, out, err) = answer(program, "fish", lang, &[&["--", program.name], words].concat());
    assert_eq!((status, err.as_str()), (Some(0), ""), "{} {words:?}", program.name);
    out.lines().map(str::to_string).collect()
}

/// The values alone.
pub fn values(program: Program, words: &[&str]) -> Vec<String> {
    let value = |line: String| line.split('\t').next().unwrap().to_string();
    offered(program, "en", words).into_iter().map(value).collect()
}

pub fn every_program_introduces_itself_to_every_shell(programs: &[Program]) {
    for &program in programs {
        for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
            let (status, script, err) = answer(program, shell, "en", &[]);
            let name = program.name;
            assert_eq!((status, err.as_str()), (Some(0), ""), "{name} {shell}");
            assert!(script.contains("COMPLETE") && script.contains(name), "{name} {shell}: {script}");
        }
    }
}

pub fn every_option_is_offered_with_its_help_in_the_chosen_language(programs: &[Program]) {
    for &program in programs {
        let name = program.name;
        let english = offered(program, "en", &["--lan"]);
        assert!(english.iter().any(|line| line.starts_with("--lang\tLanguage: en or zh")), "{name}: {english:?}");
        for line in offered(program, "zh", &["--"]) {
            let (option, help) = line.split_once('\t').unwrap();
            assert!(option.starts_with("--") && !help.is_ascii(), "{name}: {line}");
        }
    }
}

/// Each program says nothing where a file belongs, behind these words: then the shell offers files.
pub fn files_are_left_to_the_shell(typed: &[(Program, &[&str])]) {
    let place = Place::new();
    std::fs::write(place.file("friends.toml"), "").unwrap();
    let begun = place.file("fri");
    for &(program, before) in typed {
        for begun in [&begun, ""] {
            let words = [before, &[begun]].concat();
            assert_eq!(values(program, &words), Vec::<String>::new(), "{words:?}");
        }
        let option = before.last().unwrap();
        if option.starts_with("--") {
            assert_eq!(values(program, &[&format!("{option}={begun}")]), Vec::<String>::new(), "{option}");
        }
    }
}

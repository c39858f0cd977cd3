//! What is typed on a command line and cannot be meant: refused with the reason, and what to write instead.

use crate::common::{
    CLIENT, Program, QQ_CLIENT, QQ_SERVER, SERVER, TCP_EXEC_CLIENT, TCP_EXEC_SERVER, TIME_CLIENT, TIME_SERVER,
    UDP_CLIENT, UDP_EXEC_CLIENT, UDP_EXEC_SERVER, UDP_SERVER, failure,
};

/// A program, what is typed, and the option that does nothing there.
type Useless = (Program, &'static [&'static str], &'static str);

#[test]
fn an_option_that_does_nothing_is_refused_with_the_reason() {
    let table: &[Useless] = &[
        (SERVER, &["--bufsize", "5"], "--bufsize works only with --once or --classic"),
        (CLIENT, &["--bufsize", "5"], "--bufsize works only with --once or --classic"),
        (SERVER, &["--backlog", "5"], "--backlog works only with --once or --classic"),
        (SERVER, &["--name", "bob", "--once"], "--name does nothing with --once: it is for the chat room"),
        (SERVER, &["--name", "bob", "--classic"], "--name does nothing with --classic: it is for the chat room"),
        (SERVER, &["--max-clients", "3", "--once"], "--max-clients does nothing with --once: "),
        (SERVER, &["--max-clients", "3", "--classic"], "--max-clients does nothing with --classic: "),
        (CLIENT, &["--name", "bob", "--once"], "--name does nothing with --once: it is for the chat room"),
        (CLIENT, &["--name", "bob", "--classic"], "--name does nothing with --classic: it is for the chat room"),
        (TCP_EXEC_SERVER, &["--bufsize", "5"], "--bufsize works only with --classic"),
        (UDP_EXEC_SERVER, &["--bufsize", "5"], "--bufsize works only with --classic"),
        (TCP_EXEC_CLIENT, &["--bufsize", "5"], "--bufsize works only with --classic"),
        (UDP_EXEC_CLIENT, &["--bufsize", "5"], "--bufsize works only with --classic"),
        (TCP_EXEC_SERVER, &["--classic", "--key-file", "k"], "--key-file does nothing with --classic: "),
        (UDP_EXEC_SERVER, &["--classic", "--key-file", "k"], "--key-file does nothing with --classic: "),
        (TCP_EXEC_CLIENT, &["--classic", "--key-file", "k"], "--key-file does nothing with --classic: "),
        (UDP_EXEC_CLIENT, &["--classic", "--key-file", "k"], "--key-file does nothing with --classic: "),
        (TCP_EXEC_SERVER, &["--classic", "--max-clients", "3"], "--max-clients does nothing with --classic: "),
        (UDP_EXEC_SERVER, &["--classic", "--max-clients", "3"], "--max-clients does nothing with --classic: "),
        (TCP_EXEC_CLIENT, &["--classic", "-c", "ls"], "--command does nothing with --classic: "),
        (UDP_EXEC_CLIENT, &["--classic", "-c", "ls"], "--command does nothing with --classic: "),
        (TCP_EXEC_CLIENT, &["--classic", "--raw"], "--raw does nothing with --classic: "),
        (UDP_EXEC_CLIENT, &["--classic", "--raw"], "--raw does nothing with --classic: "),
        (UDP_CLIENT, &["--classic", "--timeout", "3"], "--timeout does nothing with --classic: "),
        (QQ_CLIENT, &["--classic", "--timeout", "3"], "--timeout does nothing with --classic: "),
        (TIME_CLIENT, &["--samples", "3"], "--samples works only with --protocol sntp"),
        (TIME_CLIENT, &["--json"], "--json works only with --protocol sntp"),
        (TIME_CLIENT, &["--protocol", "time", "--json"], "--json works only with --protocol sntp"),
        (TIME_CLIENT, &["--protocol", "time", "--encoding", "gbk"], "--encoding works only with --protocol text"),
        (TIME_CLIENT, &["--protocol", "sntp", "--encoding", "gbk"], "--encoding works only with --protocol text"),
        (TIME_SERVER, &["--classic", "--stratum", "3"], "--stratum does nothing with --classic: "),
    ];
    let unreliable =
        [UDP_SERVER, UDP_CLIENT, QQ_SERVER, QQ_CLIENT, TIME_SERVER, TIME_CLIENT, UDP_EXEC_SERVER, UDP_EXEC_CLIENT];
    let seed = "--seed works only with --loss or --duplicate or --reorder";
    let seeds = unreliable.into_iter().map(|program| (program, &["--seed", "3", "--delay", "1ms"][..], seed));
    for (program, args, why) in table.iter().copied().chain(seeds) {
        let (code, err) = failure(program, args);
        assert!(code == Some(2) && err.contains(why) && err.lines().count() == 1, "{program} {args:?}: {err}");
        let (code, err) = failure(program, &[args, &["--lang", "zh"]].concat());
        assert!(code == Some(2), "{program} {args:?}: {err}");
        is_chinese(&err, args);
    }
}

#[test]
fn an_option_with_one_dash_is_told_of_the_other() {
    let table =
        [(TCP_EXEC_CLIENT, "-classic"), (UDP_EXEC_CLIENT, "-classic"), (SERVER, "-once"), (TIME_CLIENT, "-json")];
    for (program, option) in table {
        let (code, err) = failure(program, &[option]);
        let cure = format!("{option} has one dash too few: -{option}; see");
        assert!(code == Some(2) && err.contains(&cure), "{program} {option}: {err}");
        is_chinese(&failure(program, &[option, "--lang", "zh"]).1, &[option]);
    }
}

/// A program, what else is typed, an option, wrong values of it, and the cure that each is told.
type Wrong<'a> = (Program, &'a [&'a str], &'a str, &'a [&'a str], &'a str);

#[test]
fn a_wrong_value_is_told_what_to_write() {
    let number = ["", "-1", "x", "1.5", "1e3", "0x10", "99999999999999999999999", "五", "1 2", "+-1"];
    let time = ["", "-1", "x", "0", "1h", "5min", "ms", "nan", "inf", "86401"];
    let share = ["", "30", "1", "100", "-5%", "101%", "x", "%", "nan%", "1/2"];
    let delay = ["", "50", "5", "-1", "0.5", "x", "50us", "1h", "ms", "nans"];
    let name =
        ["", "a b", "[x]", "*", "/x", "127.0.0.1:1", "a\tb", "［x］", "::1", "名名名名名名名名名名名名名名名名名"];
    let label = ["", "klingon", "utf-16", "utf-32", "-1", "utf 8", "中文", "gbk2", "1", "iso-2022-jp"];
    let way = ["", "x", "-1", "ntp", "SNTP", "1", "时间", "text ", "sntp,text", "rfc868"];
    let place = [
        "http://127.0.0.1:8080",
        "http://127.0.0.1:8080/a/b",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:65536",
        "::1:99999",
        "a b",
        "[::1",
        "user@host",
        "a:b:c",
    ];
    let format = ["", "%", "%!", "%Q", "%E", "%-", "%5", "%:", "get time", "%k%!"];
    let table: &[Wrong<'_>] = &[
        (SERVER, &["--classic"], "--bufsize", &number, "1 to 1048576 bytes"),
        (SERVER, &["--classic"], "--backlog", &number, "a number up to 30000"),
        (SERVER, &[], "--max-clients", &number, "a number from 1 to 30000"),
        (TIME_CLIENT, &[], "--retries", &number, "a number from 1 to 30000"),
        (TIME_SERVER, &[], "--stratum", &number, "a stratum is 1 to 15"),
        (TIME_CLIENT, &["--loss", "5%"], "--seed", &number, "a seed is a whole number from 0 to"),
        (CLIENT, &[], "--timeout", &time, "such as 5, 0.5 or 500ms"),
        (UDP_CLIENT, &[], "--loss", &share, "%"),
        (UDP_CLIENT, &[], "--delay", &delay, "ms"),
        (CLIENT, &[], "--name", &name, "a name has"),
        (CLIENT, &[], "--encoding", &label, "utf-8"),
        (TIME_CLIENT, &[], "--protocol", &way, "choose from: text, sntp, time"),
        (CLIENT, &[], "--color", &way, "choose from: auto, always, never"),
        (CLIENT, &[], "--lang", &["", "fr", "-1", "x", "1", "de", "英", "e", "z", "C"], "en and zh"),
        (CLIENT, &[], "ADDRESS", &place, ""),
        (TIME_SERVER, &[], "--format", &format, ""),
    ];
    for (program, others, option, wrong, cure) in table {
        for value in *wrong {
            let typed = if *option == "ADDRESS" { value.to_string() } else { format!("{option}={value}") };
            let args = [&[typed.as_str()], *others].concat();
            let (code, err) = failure(*program, &args);
            assert!(code == Some(2) && err.contains(cure) && err.lines().count() == 1, "{program} {args:?}: {err}");
            let (code, err) = failure_in_chinese(*program, &args);
            assert!(code == Some(2), "{program} {args:?}: {err}");
            is_chinese(&err, &args);
        }
    }
}

#[test]
fn a_missing_unit_is_asked_for_and_a_url_is_shortened() {
    for (program, args, cure) in [
        (UDP_CLIENT, &["--loss", "30"][..], "write 30%"),
        (UDP_CLIENT, &["--delay", "50"], "write 50ms or 50s"),
        (CLIENT, &["http://127.0.0.1:8080/"], "that is a URL; an address is only 127.0.0.1:8080"),
        (CLIENT, &["--name", ""], "a name has at least one character"),
        (CLIENT, &["--classic", "--bufsize", "-1"], "a buffer has 1 to 1048576 bytes"),
        (UDP_CLIENT, &["--loss", "-5%"], "no number here is negative: -5"),
        (CLIENT, &["--clasic"], "there is no option --clasic; did you mean: --classic"),
        (TIME_SERVER, &["--fromat", "%H"], "there is no option --fromat; did you mean: --format"),
    ] {
        let (code, err) = failure(program, args);
        assert!(code == Some(2) && err.contains(cure), "{args:?}: {err}");
    }
    let (_, err) = failure(CLIENT, &["--xyzzy"]);
    assert!(err.contains("there is no option --xyzzy; see"), "{err}");
}

/// What a Chinese input method types in place of ASCII is understood.
#[test]
fn full_width_numbers_are_understood() {
    let (code, err) = failure(
        TIME_CLIENT,
        &["１２７。０。０。１：１", "--retries", "１", "--timeout", "０．２ｓ", "--loss", "１００％"],
    );
    assert!(code == Some(1) && err.contains("127.0.0.1:1"), "{err}");
}

/// What the system calls an invalid argument or forbidden is told with the cure.
#[cfg(target_os = "linux")]
#[test]
fn addresses_that_want_more_say_what() {
    use crate::common::run;
    for program in [CLIENT, UDP_CLIENT, TIME_CLIENT] {
        let (code, err) = failure(program, &["fe80::1"]);
        assert!(code == Some(1) && err.contains("such as [fe80::1%eth0]:8080"), "{program}: {err}");
        let (code, err) = failure(program, &["fe80::1%lo:9999"]);
        assert!(code == Some(2) && err.contains("with a port it is written [fe80::1%lo]:9999"), "{program}: {err}");
    }
    let (code, err) = failure(SERVER, &["fe80::1"]);
    assert!(code == Some(1) && err.contains("such as [fe80::1%eth0]:8080"), "{err}");
    for (args, cure) in
        [(&["255.255.255.255"][..], "SO_BROADCAST"), (&["255.255.255.255", "--classic"], "SO_BROADCAST")]
    {
        let (_, _, err) = run(UDP_CLIENT, args, "hello\n");
        assert!(err.contains(cure), "{args:?}: {err}");
    }
}

fn failure_in_chinese(program: Program, args: &[&str]) -> (Option<i32>, String) {
    let mut command = std::process::Command::new(program.path());
    let output = command.args(args).env("SOCKET_DEMOS_LANG", "zh").output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// No English of a parser's in what is told: of words there are the program's name, and what was typed or can be typed.
fn is_chinese(err: &str, args: &[&str]) {
    let known = [
        "socket", "demos", "see", "help", "utf", "gbk", "gb", "gb18030", "big", "big5", "shift", "jis", "UTF", "ISO",
        "ASCII", "text", "sntp", "time", "auto", "always", "never", "en", "zh", "ms", "URL", "IPv", "strftime",
    ];
    let (_, told) = err.split_once('：').or_else(|| err.split_once(": ")).unwrap();
    let (told, _) = told.rsplit_once("；用法见").unwrap_or((told, ""));
    let typed = args.join(" ").to_lowercase();
    for word in told.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() >= 3) {
        let option = told.contains(&format!("-{word}"));
        let fine = option || known.contains(&word) || typed.contains(&word.to_lowercase());
        assert!(fine, "{word:?} is English in: {err}");
    }
}

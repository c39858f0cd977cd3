//! Whatever word of a stranger's a sentence has in it, it stays one line, and commands no terminal.

#[cfg(unix)]
use crate::common::exec::Place;
use crate::common::{PROGRAMS, failure};
#[cfg(unix)]
use crate::common::{QQ_CLIENT, TCP_EXEC_CLIENT, TIME_CLIENT, UDP_EXEC_SERVER};

#[test]
fn wrong_usage_shows_escapes_as_what_they_are() {
    for program in PROGRAMS {
        for (typed, shown) in [
            ("--\u{1b}[31m", "\\x1b[31m"),
            ("--a\nb\u{202e}", "--a\\nb\\u{202e}"),
            ("--lang=\u{1b}[2J\n", "\\u{1b}[2J\\n"),
            ("127.0.0.1:\u{1b}[2J\n1", "[2J\\n1"),
        ] {
            let (code, err) = failure(program, &[typed]);
            assert!(code == Some(2) && !err.contains('\u{1b}') && err.contains(shown), "{}: {err:?}", program.name);
        }
    }
}

/// Windows has no such names.
#[cfg(unix)]
#[test]
fn a_files_name_stays_one_line_in_every_error() {
    let place = Place::new();
    let file = place.file("no\n\u{1b}[31mfile/x");
    for (program, args) in [
        (QQ_CLIENT, ["--contacts", &file]),
        (TCP_EXEC_CLIENT, ["--key-file", &file]),
        (TIME_CLIENT, ["--trace-file", &file]),
    ] {
        let (code, err) = failure(program, &args);
        let escaped = err.contains("no\\n\\x1b[31mfile/x") && !err.contains('\u{1b}');
        assert!(code.is_some_and(|code| code > 0) && escaped, "{}: {err:?}", program.name);
    }
    std::fs::write(place.file("plain\n\u{1b}"), "").unwrap();
    let (_, err) = failure(UDP_EXEC_SERVER, &["127.0.0.1:0", "--key-file", &place.file("plain\n\u{1b}/key")]);
    assert!(err.contains("plain\\n\\x1b/key") && !err.contains('\u{1b}'), "{err:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_cannot_forge_a_line_about_who_holds_a_port() {
    use crate::common::{Running, SERVER, Server, eventually};
    let place = Place::new();
    let forger = place.file("a\nb\u{1b}[31m");
    // A copy could be "busy" still: a child that another thread has just begun holds its file open for a moment.
    std::os::unix::fs::symlink(SERVER.path(), &forger).unwrap();
    let holder = Server::of(Running::start(&forger, &["127.0.0.1:0"]));
    let named = format!("a\\nb\\x1b[31m (pid {}) holds it", holder.running.pid());
    // A machine with thousands of sockets may not find it in time.
    eventually(true, || {
        let (_, err) = failure(SERVER, &[&holder.address()]);
        assert!(!err.contains('\u{1b}'), "{err:?}");
        err.contains(&named)
    });
}

/// A thousand commands of 64 KiB were 62 MB.
#[cfg(target_os = "linux")]
#[test]
fn a_log_that_nobody_reads_costs_little_however_long_its_lines_are() {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::{Command, Stdio};

    use crate::common::{TCP_EXEC_SERVER, memory};

    let place = Place::new();
    let mut server = Command::new(TCP_EXEC_SERVER);
    server.arg("127.0.0.1:0").env("SOCKET_DEMOS_KEY_FILE", place.file("key")).env("SOCKET_DEMOS_LANG", "en");
    let mut server = server.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let pid = server.id();
    // The ready line alone is read; the rest waits in the pipe and behind it.
    let mut log = BufReader::with_capacity(64, server.stderr.take().unwrap());
    let mut ready = String::new();
    log.read_line(&mut ready).unwrap();
    let address = ready.trim_end().rsplit(' ').next().unwrap().to_string();
    let run = |commands: usize| {
        let mut client = Command::new(TCP_EXEC_CLIENT);
        client.arg(&address).env("SOCKET_DEMOS_KEY_FILE", place.file("key")).stdin(Stdio::piped());
        let mut client = client.stderr(Stdio::null()).spawn().unwrap();
        let line = format!(": {}\n", "x".repeat(65_000));
        let mut input = client.stdin.take().unwrap();
        (0..commands).for_each(|_| input.write_all(line.as_bytes()).unwrap());
        drop(input);
        assert!(client.wait().unwrap().success());
    };
    run(20);
    let before = memory(pid);
    run(200);
    let after = memory(pid);
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(after < before + 4 * 1024 * 1024, "{before} to {after} bytes");
}

//! Remote commands: the programs as a person uses them, and the textbook's way with the textbook's peers.

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};
    use std::thread;
    use std::time::{Duration, Instant};

    use crate::common::exec::{Classic, Exec, Pair, Place, RIGHT, TCP, UDP};
    use crate::common::textbook::{self, Textbook, nobody};
    use crate::common::{self, Running, Server, eventually, memory, send_signal};

    const PAIRS: [Pair; 2] = [TCP, UDP];

    /// Whether a process is there and not dead.
    fn lives(pid: u32) -> bool {
        let found = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
        let state = String::from_utf8(found.stdout).unwrap();
        !state.trim().is_empty() && !state.starts_with('Z')
    }

    /// The children of a process, dead or alive, with their states.
    fn children(pid: u32) -> Vec<String> {
        let found = Command::new("ps").args(["-o", "stat=,comm=", "--ppid", &pid.to_string()]).output().unwrap();
        String::from_utf8(found.stdout).unwrap().lines().map(str::to_string).collect()
    }

    fn descriptors(pid: u32) -> usize {
        fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
    }

    /// The number in the last line of what a client has shown so far.
    fn number(client: &Running) -> u32 {
        client.says("\n").trim().parse().unwrap()
    }

    #[test]
    fn the_commands_status_becomes_the_clients() {
        for pair in PAIRS {
            let exec = Exec::start(pair, &[]);
            for status in [0, 1, 4, 5, 44, 124, 255] {
                assert_eq!(exec.run(&format!("exit {status}")).0, Some(status));
            }
            for (signal, status) in [("TERM", 143), ("KILL", 137), ("SEGV", 139)] {
                assert_eq!(exec.run(&format!("kill -{signal} $$")).0, Some(status), "{signal}");
            }
            assert_eq!(exec.run("no-such-program").0, Some(127));
            assert_eq!(exec.piped(&[], "exit 3\nexit 5\n").0, Some(5), "the last one's, at the end of a pipe");
            assert_eq!(exec.piped(&[], "exit 3\nq\nexit 5\n").0, Some(0), "q");
            assert_eq!(exec.piped(&[], "").0, Some(0));
        }
    }

    #[test]
    fn both_outputs_come_apart_and_to_the_last_byte() {
        // In a debug build the tags of more than this take long; with FLOOD it is all that a release should carry.
        let megabytes = if crate::common::matrix::has_time() { 100 } else { 10 };
        for pair in PAIRS {
            let exec = Exec::start(pair, &[]);
            let make =
                format!("head -c {megabytes}000000 /dev/urandom > a; head -c {megabytes}000000 /dev/urandom > b");
            assert_eq!(exec.run(&make).0, Some(0));
            let [out, err] = ["out", "err"].map(|name| fs::File::create(exec.place.file(name)).unwrap());
            let mut client = exec.client_command(&["-c", "cat a & cat b >&2; wait"]);
            assert!(client.stdout(out).stderr(err).status().unwrap().success());
            for (sent, received) in [("a", "out"), ("b", "err")] {
                let [sent, received] = [sent, received].map(|name| fs::read(exec.place.file(name)).unwrap());
                assert!(sent == received, "{} of {} bytes", received.len(), sent.len());
            }
            assert_eq!(exec.run("printf '\\377\\0x' | od -c | head -1").1.split_whitespace().nth(1), Some("377"));
        }
    }

    #[test]
    fn a_command_dies_with_its_client() {
        // Over UDP nothing tells that a client is gone but its silence, for half a minute.
        for pair in [TCP] {
            let exec = Exec::start(pair, &[]);
            for command in ["echo $$; sleep 600", "trap '' INT TERM; echo $$; sleep 600; sleep 600"] {
                let mut client = exec.client(&["-c", command]);
                let pid = number(&client);
                assert!(lives(pid));
                client.kill();
                let start = Instant::now();
                eventually(false, || lives(pid));
                assert!(start.elapsed() < Duration::from_secs(10), "{command}: {:?}", start.elapsed());
            }
            eventually(Vec::<String>::new(), || children(exec.server.running.pid()));
        }
    }

    #[test]
    fn the_first_ctrl_c_stops_the_command_and_the_second_leaves() {
        for pair in PAIRS {
            let exec = Exec::start(pair, &[]);
            let mut client = exec.client(&["-c", "echo $$; sleep 600"]);
            let pid = number(&client);
            client.signal("INT");
            assert_eq!(client.ended().0.code(), Some(130));
            eventually(false, || lives(pid));

            let mut stubborn = exec.client(&["-c", "trap '' INT TERM; echo $$; sleep 600; sleep 600"]);
            let pid = number(&stubborn);
            stubborn.signal("INT");
            stubborn.signal("INT");
            assert_eq!(stubborn.ended().0.code(), Some(130));
            eventually(false, || lives(pid));
        }
    }

    #[test]
    fn a_background_process_is_left_running_and_not_waited_for() {
        for pair in PAIRS {
            let exec = Exec::start(pair, &[]);
            let start = Instant::now();
            let (status, out, _) = exec.run("sleep 600 & echo $!");
            assert!(status == Some(0) && start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
            let pid = out.trim().parse().unwrap();
            assert!(lives(pid));
            send_signal(pid, "KILL");
        }
    }

    #[test]
    fn a_server_that_ends_takes_its_commands_along() {
        for (pair, signal) in PAIRS.iter().flat_map(|pair| ["INT", "TERM", "HUP", "QUIT"].map(|signal| (pair, signal)))
        {
            let mut exec = Exec::start(*pair, &[]);
            let commands = [
                "echo $$; sleep 600",
                "trap '' INT TERM; echo $$; sleep 600; sleep 600",
                // The shell ends by the first signal, the process behind it by none but the last.
                "sh -c 'trap \"\" INT TERM; echo $$; exec sleep 600' & wait",
                "setsid sh -c 'trap \"\" INT TERM; echo $$; exec sleep 600'; true",
            ];
            let mut clients = commands.map(|command| exec.client(&["-c", command]));
            let pids = clients.each_ref().map(number);
            exec.server.running.signal(signal);
            exec.server.running.ended();
            for (client, pid) in clients.iter_mut().zip(pids) {
                eventually(false, || lives(pid));
                // What it learns of the end depends on how far the server came.
                let status = client.ended().0.code().unwrap();
                assert!([143, 137, 255, 0].contains(&status), "{status:?} {}", client.err());
            }
        }
    }

    #[test]
    fn a_client_that_does_not_read_costs_the_server_no_memory() {
        for pair in PAIRS {
            let exec = Exec::start(pair, &[]);
            exec.run("head -c 1000000 /dev/zero");
            let before = memory(exec.server.running.pid());
            let mut command = exec.client_command(&["-c", "yes"]);
            // Nobody reads this pipe, so the client stops, and after it the server, and after it the command.
            let mut client = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
            thread::sleep(Duration::from_millis(1500)); // What is watched is a time without growth.
            let after = memory(exec.server.running.pid());
            assert!(after < before + 2 * 1024 * 1024, "{before} to {after} bytes");
            assert_eq!(exec.run("echo served").1, "served\n");
            // It can be ended although it hangs on its output, and tells the server.
            send_signal(client.id(), "TERM");
            client.wait().unwrap();
            eventually(Vec::<String>::new(), || children(exec.server.running.pid()));
        }
    }

    #[test]
    fn a_thousand_commands_and_sixteen_clients_leave_nothing_behind() {
        for pair in PAIRS {
            let exec = Exec::start(pair, &[]);
            exec.run("true");
            let pid = exec.server.running.pid();
            let before = descriptors(pid);
            let lines: String = (0..1000).map(|number| format!("echo {number}\n")).collect();
            let expected: String = (0..1000).map(|number| format!("{number}\n")).collect();
            let (status, out, err) = exec.piped(&[], &lines);
            assert_eq!((status, out == expected), (Some(0), true), "{err}");
            let clients: Vec<_> = (0..16).map(|_| exec.client(&["-c", "sleep 0.5; echo done"])).collect();
            for mut client in clients {
                assert_eq!(client.ended_well(), "done\n");
            }
            eventually(Vec::<String>::new(), || children(pid));
            // Fewer, where the first client's connection had not been closed yet.
            eventually(true, || descriptors(pid) <= before);
        }
    }

    #[test]
    fn a_server_whose_log_nobody_reads_goes_on() {
        for pair in PAIRS {
            let place = Place::new();
            let mut command = Command::new(pair.server);
            command.arg("127.0.0.1:0").env("SOCKET_DEMOS_KEY_FILE", place.file("key")).stderr(Stdio::piped());
            let mut server = command.spawn().unwrap();
            let mut ready = Vec::new();
            let mut log = server.stderr.take().unwrap();
            while !ready.ends_with(b"\n") {
                let mut byte = [0];
                log.read_exact(&mut byte).unwrap();
                ready.extend(byte);
            }
            let ready = String::from_utf8(ready).unwrap();
            let address = ready.trim().rsplit(' ').next().unwrap().to_string();
            let mut command = Command::new(pair.client);
            command.arg(address).env("SOCKET_DEMOS_KEY_FILE", place.file("key"));
            let mut client = Running::spawn(command);
            // Their log is more than a pipe holds.
            client.feeds("true 0123456789012345678901234567890123456789\n".repeat(1200).as_bytes());
            client.feeds(b"echo done\n");
            client.ends_input();
            assert_eq!(client.ended_well(), "done\n");
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    #[test]
    fn places_are_given_back() {
        for pair in PAIRS {
            let exec = Exec::start(pair, &["--max-clients", "2"]);
            for _ in 0..6 {
                assert_eq!(exec.run("true").0, Some(0));
            }
        }
    }

    #[test]
    fn a_session_gets_out_of_a_directory_that_has_gone() {
        let exec = Exec::start(TCP, &[]);
        let gone = exec.place.file("gone");
        fs::create_dir(&gone).unwrap();
        let lines = format!("cd {gone}\nrmdir {gone}\necho lost\ncd /\npwd\n");
        let (status, out, err) = exec.piped(&[], &lines);
        assert_eq!((status, out.as_str()), (Some(0), "/\n"), "{err}");
        assert!(
            err.contains(&format!("cannot start a shell in {gone}: no such file or directory (ENOENT 2)")),
            "{err}"
        );
    }

    #[test]
    fn a_line_that_was_not_sent_counts_as_failed_and_a_closed_standard_error_as_nothing() {
        for pair in PAIRS {
            let exec = Exec::start(pair, &[]);
            assert_eq!(exec.piped(&[], &"x".repeat(70_000)).0, Some(255));
            let mut client = exec.client(&[]);
            client.feeds(b"echo \xff\n");
            client.ends_input();
            assert_eq!(client.ended().0.code(), Some(255));
            assert_eq!(exec.piped(&[], &format!("{}\ntrue\n", "x".repeat(70_000))).0, Some(0));
            let mut command = exec.client_command(&["-c", "echo lost >&2; sleep 0.2; echo kept; exit 3"]);
            let mut client = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            drop(client.stderr.take());
            let output = client.wait_with_output().unwrap();
            assert_eq!((output.status.code(), output.stdout), (Some(3), b"kept\n".to_vec()));
        }
    }

    #[test]
    fn a_client_too_many_is_told_busy() {
        for pair in PAIRS {
            let exec = Exec::start(pair, &["--max-clients", "2"]);
            let clients = [(); 2].map(|()| exec.client(&["-c", "echo $$; sleep 600"]));
            let running = clients.each_ref().map(number);
            assert!(running.into_iter().all(lives));
            let (status, out, err) = exec.run("echo no");
            assert!(status == Some(255) && out.is_empty() && err.contains("(BUSY)"), "{status:?} {out} {err}");
            for mut client in clients {
                // A client that is ended says so; over UDP one that is killed is waited for.
                client.signal("TERM");
                client.ended();
            }
            eventually(Some(0), || exec.run("true").0);
        }
    }

    #[test]
    fn a_command_is_stopped_at_the_time_limit() {
        for pair in PAIRS {
            let exec = Exec::start(pair, &["--timeout", "0.3"]);
            for command in ["sleep 600", "trap '' INT TERM; sleep 600; sleep 600", "exec >&- 2>&-; sleep 600"] {
                let (status, _, err) = exec.run(command);
                assert!(status == Some(124) && err.contains("time limit"), "{command}: {status:?} {err}");
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_command_is_stopped_at_the_time_limit_without_proc_too() {
        for pair in PAIRS {
            let Some(exec) = Exec::without_proc(pair, &["--timeout", "0.3"]) else { return };
            for command in ["trap '' INT; sleep 600; sleep 600", "trap '' INT TERM; sleep 600; sleep 600", "sleep 600"]
            {
                let mut client = exec.client(&["-c", &format!("echo $$; {command}")]);
                let pid = number(&client);
                let (status, _, err) = client.ended();
                assert!(status.code() == Some(124) && err.contains("time limit"), "{command}: {status:?} {err}");
                eventually(false, || lives(pid));
            }
        }
    }

    #[test]
    fn cd_alone_changes_where_the_next_commands_run() {
        let exec = Exec::start(TCP, &[]);
        fs::create_dir(exec.place.file("a 'b")).unwrap();
        let home = exec.place.path().to_str().unwrap().to_string();
        let lines = "pwd\ncd \"a 'b\"\npwd\ncd ..\ncd nowhere\npwd\ncd -\ncd / ; pwd\npwd\n";
        let (status, out, err) = exec.piped(&[], lines);
        let expected = format!("{home}\n{home}/a 'b\n{home}\n/\n{home}/a 'b\n");
        assert_eq!((status, out), (Some(0), expected), "{err}");
        assert!(err.contains("nowhere"), "the shell's own words: {err}");
        assert_eq!(exec.run("cd /; pwd").1, "/\n");
        assert_eq!(exec.run("pwd").1.trim(), home, "each client begins where the server is");
    }

    #[test]
    fn what_does_not_fit_a_command_is_refused() {
        let exec = Exec::start(TCP, &[]);
        let long = format!("#{}\necho yes\n", "x".repeat(65_535));
        let (status, out, _) = exec.piped(&[], &long);
        assert_eq!((status, out.as_str()), (Some(0), "yes\n"), "the longest command is a comment here");
        let (status, out, err) = exec.piped(&[], &format!("{}\necho yes\n", "x".repeat(65_537)));
        assert_eq!((status, out.as_str()), (Some(0), "yes\n"), "{err}");
        assert!(err.contains("at most 65536 bytes"), "{err}");
    }

    #[test]
    fn the_server_declares_its_encoding_and_the_client_can_know_better() {
        let gbk = |command: &mut Command| {
            command.env("LC_ALL", "zh_CN.GBK");
        };
        for pair in PAIRS {
            let exec = Exec::prepared(pair, &[], gbk);
            assert_eq!(exec.run("printf '\\304\\343\\272\\303'").1, "你好");
            let (status, out, _) = exec.client(&["--encoding", "utf-8", "-c", "printf '\\304\\343'"]).ended();
            assert!(status.success());
            assert_eq!(out, b"\xc4\xe3", "UTF-8 passes unchanged");
        }
    }

    #[test]
    fn the_server_tells_who_ran_what_without_escapes() {
        let exec = Exec::start(TCP, &[]);
        exec.run("echo '\u{1b}[2J\n\u{202e}'; exit 3");
        exec.server.running.notes("runs: echo '\\x1b[2J\\n\\u{202e}'; exit 3");
        exec.server.running.notes(": exit status 3, ");
    }

    #[test]
    fn the_ready_line_names_the_key_and_what_is_not_protected() {
        let exec = Exec::start(TCP, &[]);
        let told = exec.server.running.notes("over a network that you do not trust use ssh");
        assert!(told.contains(&exec.place.file("key")) && told.contains("--classic"), "{told}");
        let root = common::run("id", &["-u"], "").1.trim() == "0";
        if root {
            exec.server.running.notes("commands run as root");
        }
    }

    #[test]
    fn where_no_exec_server_is_the_client_says_so() {
        let place = Place::new();
        let with_key = |address: &str| {
            let mut command = Command::new(TCP.client);
            command.args([address, "--timeout", "0.5", "-c", "echo no", "--key-file", &place.file("key")]);
            let (status, out, err) = Running::spawn(command).ended();
            assert!(status.code() == Some(255) && out.is_empty(), "{err}");
            err
        };
        socket_demos::exec::key::read_or_make(place.file("key").as_ref()).unwrap();
        let (silent, address) = textbook::listen();
        assert!(with_key(&address.to_string()).contains("no greeting came"));
        let text = thread::spawn(move || {
            let (mut stream, _) = silent.accept().unwrap();
            let (mut second, _) = silent.accept().unwrap();
            stream.write_all(b"hello\n").unwrap();
            second.write_all(b"220 ready\r\n").unwrap();
            let _ = second.read(&mut [0; 100]);
        });
        let err = with_key(&address.to_string());
        assert!(err.contains("add --classic"), "{err}");
        text.join().unwrap();
        assert!(with_key(&nobody().to_string()).contains("start one with: tcp-exec-server"));
        let exec = Exec::start(TCP, &[]);
        let (status, _, err) = common::run(common::CLIENT, &[&exec.server.address()], "");
        assert!(status == Some(1) && err.contains("no chat but a tcp-exec-server"), "{err}");
        fs::remove_file(place.file("key")).unwrap();
        let chat = Server::start(&[]);
        assert!(with_key(&chat.address()).contains("there is no key file"));
    }

    #[test]
    fn a_closed_output_and_a_full_disk_end_the_client_with_at_most_a_line() {
        for pair in PAIRS {
            let exec = Exec::start(pair, &[]);
            let mut command = exec.client_command(&["-c", "yes"]);
            let mut client = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            drop(client.stdout.take());
            let mut err = String::new();
            client.stderr.take().unwrap().read_to_string(&mut err).unwrap();
            client.wait().unwrap();
            assert_eq!(err, "");
            let full = fs::File::options().write(true).open("/dev/full").unwrap();
            let full = exec.client_command(&["-c", "echo x"]).stdout(full).env("SOCKET_DEMOS_LANG", "en").output();
            let full = full.unwrap();
            let err = String::from_utf8(full.stderr).unwrap();
            assert!(full.status.code() == Some(255) && err.contains("ENOSPC") && err.lines().count() == 1, "{err}");
            eventually(Vec::<String>::new(), || children(exec.server.running.pid()));
        }
    }

    // The textbook's way.

    #[test]
    fn classic_one_recv_is_one_command_and_the_rest_of_a_long_answer_comes_with_the_next() {
        let classic = Classic::start(TCP, &[]);
        let mut textbook = classic.calls();
        textbook.send("echo out; echo err >&2");
        assert_eq!(textbook.recv_text(), "out\nerr\n", "stdout, then stderr");
        textbook.send("head -c 1500 /dev/zero | tr '\\0' x");
        assert_eq!(textbook.recv().len(), 1024);
        textbook.send("echo next");
        let rest = textbook.recv_text();
        assert!(rest.starts_with(&"x".repeat(476)), "the rest comes first: {rest}");
        classic.server.running.notes("runs: echo next");
        textbook.send("true");
        classic.server.running.notes("runs: true");
        textbook.send("echo after silence\n");
        let mut heard = rest;
        while !heard.contains("after silence") {
            heard += &textbook.recv_text();
        }
    }

    #[test]
    fn classic_a_textbook_server_is_understood_and_silence_explained() {
        let (listener, address) = textbook::listen();
        let mut client = Running::start(TCP.client, &[&address.to_string(), "--classic"]);
        let mut server = Textbook::answers(&listener);
        client.types("");
        client.notes("an empty command has no bytes");
        client.types("cd ..");
        assert_eq!(server.recv_text(), "cd ..");
        client.notes("a command without output");
        client.types("ls");
        assert_eq!(server.recv_text(), "ls");
        server.send("x".repeat(1500));
        assert_eq!(client.says("\n").len(), 1025);
        client.types("pwd");
        assert_eq!(server.recv_text(), "pwd");
        server.send("/\n");
        client.says(&format!("{}\n", "x".repeat(476)));
        client.types("q");
        client.ended_well();
        assert_eq!(server.recv(), b"");
    }

    #[test]
    fn classic_gbk_is_decoded() {
        let (listener, address) = textbook::listen();
        let mut client = Running::start(TCP.client, &[&address.to_string(), "--classic", "--encoding", "gbk"]);
        let mut server = Textbook::answers(&listener);
        client.types("dir 目录");
        assert_eq!(server.recv_text(), "dir 目录", "commands go out in UTF-8");
        server.send(b"\xc4\xe3\xba\xc3");
        client.says("你好\n");
    }

    #[test]
    fn classic_at_a_proper_server_the_client_says_so() {
        let exec = Exec::start(TCP, &[]);
        let (status, out, err) = exec.piped(&["--classic"], "ls\n");
        assert!(status == Some(255) && out.is_empty() && err.contains("leave --classic out"), "{out}{err}");
    }

    #[test]
    fn classic_our_two_talk_to_each_other() {
        let Classic { server, code, .. } = Classic::start(TCP, &[]);
        let mut client = Classic::client(TCP, &server.address());
        client.types(&code);
        client.says(RIGHT);
        client.types("echo 你好");
        client.says("你好\n");
        client.types("q");
        client.ended_well();
        server.running.notes("has closed the connection");
    }

    #[test]
    fn classic_a_command_that_is_too_long_or_writes_too_much_is_stopped() {
        let classic = Classic::start(TCP, &["--timeout", "0.3"]);
        let mut textbook = classic.calls();
        textbook.send("echo before; sleep 600");
        assert_eq!(textbook.recv_text(), "before\n");
        textbook.send("yes | head -c 5000000");
        let mut received = 0;
        while received < 1024 * 1024 {
            received += textbook.recv().len();
        }
        textbook.send("echo end");
        assert_eq!((received, textbook.recv_text().as_str()), (1024 * 1024, "end\n"));
    }

    #[test]
    fn classic_nc_takes_either_side() {
        if !common::have("nc") {
            return;
        }
        let Classic { server, code, .. } = Classic::start(TCP, &[]);
        let mut nc = Running::start("nc", &["127.0.0.1", &server.port()]);
        nc.types(&code);
        nc.says(RIGHT);
        nc.types("echo from nc");
        nc.says("from nc\n");
        drop(nc);

        let port = nobody().port();
        let mut nc = Running::start("nc", &["-l", "127.0.0.1", &port.to_string()]);
        // nc does not say when it listens; a connection of ours would be the only one it takes.
        let listens = || socket_demos::net::ports::tcp_sockets(port).is_ok_and(|sockets| !sockets.is_empty());
        eventually(true, listens);
        let mut client = Running::start(TCP.client, &[&format!("127.0.0.1:{port}"), "--classic"]);
        client.types("uname");
        nc.says("uname");
        nc.types("typed by hand");
        client.says("typed by hand\n");
    }

    #[test]
    fn addresses_beyond_this_machine_need_a_key_that_is_named() {
        let place = Place::new();
        let key = place.file("key");
        let table: [(&str, bool); 7] = [
            ("127.0.0.1:0", true),
            ("[::1]:0", true),
            ("localhost:0", true),
            ("[::ffff:127.0.0.1]:0", true),
            ("0.0.0.0:0", false),
            ("[::]:0", false),
            ("192.0.2.1:0", false),
        ];
        for (address, here) in table {
            for args in [&[][..], &["--classic"]] {
                let mut command = Command::new(TCP.server);
                command.arg(address).args(args).env("SOCKET_DEMOS_KEY_FILE", &key);
                let mut server = Running::spawn(command);
                if here {
                    server.notes("listening on ");
                } else {
                    let (status, _, err) = server.ended();
                    assert_eq!((status.code(), err.lines().count()), (Some(2), 1), "{address} {args:?}: {err}");
                }
            }
        }
        // In a class's network this would be everybody's: nobody connects to it here.
        let mut named = Running::start(TCP.server, &["0.0.0.0:0", "--key-file", &key]);
        named.notes("listening on 0.0.0.0:");
        named.kill();
        let (_, _, err) = common::run(TCP.server, &["0.0.0.0:0", "--key-file", &key, "--classic"], "");
        assert!(err.contains("--key-file does nothing with --classic"), "{err}");
    }

    /// `| head -n 1`: the command is stopped on the way, which is no success.
    #[test]
    fn a_client_whose_output_is_not_read_to_its_end_says_so_in_its_status() {
        for pair in PAIRS {
            let exec = Exec::start(pair, &[]);
            let (client, address, key) = (pair.client, exec.server.address(), exec.place.file("key"));
            let client = format!("{client} {address} --key-file '{key}'");
            for (way, input) in [("-c 'while echo line; do :; done'", "/dev/null"), ("", "commands")] {
                fs::write(exec.place.file("commands"), "while echo line; do :; done\n").unwrap();
                let line = format!("{{ {client} {way} < {input}; echo status $? >&2; }} | head -n 1");
                let mut shell = Command::new("sh");
                shell.args(["-c", &line]).current_dir(exec.place.path());
                let (_, out, err) = Running::spawn(shell).ended();
                assert_eq!(
                    (String::from_utf8(out).unwrap().as_str(), err.as_str()),
                    ("line\n", "status 141\n"),
                    "{pair:?}"
                );
                exec.server.running.notes("ended by signal");
            }
        }
    }

    /// The text of a here-document, the body of a function: each line would be run as a command.
    #[test]
    fn a_script_stops_before_the_first_line_that_is_not_whole() {
        for pair in PAIRS {
            let exec = Exec::start(pair, &[]);
            let precious = exec.place.path().join("precious");
            std::fs::write(&precious, "").unwrap();
            for begun in
                ["cat <<END", "tidy() {", "for i in 1 2; do", "if false", "echo 'quoted", "false &&", "echo \\"]
            {
                let (status, out, err) = exec.piped(&[], &format!("echo before\n{begun}\nrm precious\n"));
                assert_eq!((status, out.as_str()), (Some(255), "before\n"), "{pair:?} {begun}: {err}");
                assert!(err.contains(begun) && err.contains("-c \"$(cat FILE)\""), "{err}");
                assert!(precious.exists(), "{pair:?} {begun}");
            }
            let script = "cat <<END\nnot run: rm precious\nEND\nfor i in 1 2; do\necho $i\ndone";
            assert_eq!(exec.run(script).1, "not run: rm precious\n1\n2\n", "{pair:?}");
            let whole = "x='a b'; echo \"$x\" # it's\nfor i in 1 2; do echo $((i<<1)); done\n";
            let (status, out, err) = exec.piped(&[], whole);
            assert_eq!((status, out.as_str(), err.as_str()), (Some(0), "a b\n2\n4\n", ""), "{pair:?}");
        }
    }
}

#[cfg(windows)]
mod windows {
    use crate::common;
    use crate::common::exec::{Classic, Exec, RIGHT, TCP, UDP};

    #[test]
    fn the_commands_status_and_both_outputs_come() {
        for pair in [TCP, UDP] {
            let exec = Exec::start(pair, &[]);
            for status in [0, 1, 44, 255] {
                assert_eq!(exec.run(&format!("exit {status}")).0, Some(status));
            }
            let (status, out, err) = exec.run("echo one& echo two 1>&2");
            assert_eq!((status, out.trim(), err.trim()), (Some(0), "one", "two"));
        }
        let exec = Exec::start(TCP, &[]);
        let (status, out, err) = exec.run("echo \"a b\"& exit 3");
        assert_eq!((status, out.trim()), (Some(3), "\"a b\""), "quotation marks stay what they are: {err}");
    }

    #[test]
    fn the_output_is_in_the_systems_code_page_and_arrives_as_utf_8() {
        for pair in [TCP, UDP] {
            assert_eq!(Exec::start(pair, &[]).run("echo 你好").1.trim(), "你好");
        }
    }

    #[test]
    fn cd_alone_changes_where_the_next_commands_run() {
        let exec = Exec::start(TCP, &[]);
        std::fs::create_dir(exec.place.file("sub")).unwrap();
        let (status, out, err) = exec.piped(&[], "cd sub\ncd nowhere\ncd\n");
        assert!(status == Some(0) && out.is_empty(), "{out}{err}");
        let (_, out, err) = exec.piped(&[], "cd sub\necho %CD%\n");
        assert!(out.trim().ends_with("\\sub"), "{out}{err}");
    }

    #[test]
    fn a_command_that_does_not_end_is_stopped() {
        let endless = "echo started& for /L %i in (1,0,2) do @rem";
        let exec = Exec::start(TCP, &["--timeout", "1"]);
        assert_eq!(exec.run(endless).0, Some(124));
        let exec = Exec::start(TCP, &[]);
        let mut client = exec.client(&["-c", endless]);
        client.says("started");
        client.kill();
        exec.server.running.notes(": exit status 1, ");
        assert_eq!(exec.run("echo served").1.trim(), "served");
    }

    #[test]
    fn classic_the_answer_is_the_code_pages_bytes() {
        let classic = Classic::start(TCP, &[]);
        let mut textbook = classic.calls();
        textbook.send("echo 你好");
        assert_eq!(textbook.recv(), b"\xc4\xe3\xba\xc3\r\n", "code page 936");
        let mut client = common::Running::start(TCP.client, &[&classic.server.address(), "--classic"]);
        drop(textbook);
        client.types(&classic.code);
        client.says(RIGHT);
        client.types("echo 你好");
        client.says("你好");
    }
}

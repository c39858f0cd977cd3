use super::*;

/// Runs a command to its end: how it ended, standard output, standard error.
fn run(command: &str) -> (Outcome, String, String) {
    let (job, pipes) = Job::start(&Line::Command(command.into()), &WorkingDirectory::default()).unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let outcome = job.pump(pipes, |output, piece| {
        match output {
            Output::Out => out.extend_from_slice(piece),
            Output::Err => err.extend_from_slice(piece),
        }
        Ok(())
    });
    (outcome, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn both_outputs_come_apart_and_the_status_with_them() {
    assert_eq!(run("echo one; echo two >&2; exit 44"), (Outcome::Exited(44), "one\n".into(), "two\n".into()));
    assert_eq!(run("kill -9 $$").0, Outcome::Signalled(9));
    assert_eq!(run("cat").0, Outcome::Exited(0), "the input is empty");
    assert_eq!(run("no-such-command-here").0, Outcome::Exited(127));
}

#[test]
fn an_output_that_fills_its_pipe_first_blocks_nothing() {
    let (outcome, out, err) = run("head -c 3000000 /dev/zero | tr '\\0' e >&2; echo done");
    assert_eq!((outcome, out.as_str(), err.len()), (Outcome::Exited(0), "done\n", 3_000_000));
}

#[test]
fn a_background_process_is_left_running_and_not_waited_for() {
    let start = Instant::now();
    let (outcome, out, _) = run("sleep 30 & echo $!");
    assert_eq!(outcome, Outcome::Exited(0));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    let pid = rustix::process::Pid::from_raw(out.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it still runs");
}

#[test]
fn a_background_process_that_never_stops_writing_is_not_waited_for_either() {
    let start = Instant::now();
    // It would stop by itself, long after.
    let (outcome, out, _) = run("(for i in $(seq 600); do echo x; sleep 0.05; done) & echo $$ said");
    assert_eq!(outcome, Outcome::Exited(0));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(out.contains(" said\n"), "{out}");
}

#[test]
fn a_command_without_outputs_is_waited_for_all_the_same() {
    assert_eq!(run("exec >&- 2>&-; sleep 0.4; exit 3").0, Outcome::Exited(3));
}

#[test]
fn a_stopped_command_ends_with_all_of_its_group() {
    // Some ignore the first signal, some the first two.
    let commands = ["sleep 60", "sleep 60 & wait", "trap '' INT; sleep 60", "trap '' INT TERM; sleep 60 & wait"];
    for command in commands {
        let (job, pipes) = Job::start(&Line::Command(command.into()), &WorkingDirectory::default()).unwrap();
        let group = job.group.number();
        let stopper = Arc::clone(&job);
        let start = Instant::now();
        thread::spawn(move || stopper.stop(Why::TimeLimit));
        assert_eq!(job.pump(pipes, |_, _| Ok(())), Outcome::TimeLimit, "{command}");
        while rustix::process::test_kill_process_group(group).is_ok() {
            assert!(start.elapsed() < Duration::from_secs(20), "{command}");
            thread::sleep(LOOK);
        }
    }
}

#[test]
fn how_a_command_has_ended_is_known_to_all_who_wait_for_it() {
    let (job, pipes) = Job::start(&Line::Command("exit 7".into()), &WorkingDirectory::default()).unwrap();
    // As the thread that has stopped it does, before the one that reads its outputs comes to that.
    job.settle();
    assert_eq!(job.pump(pipes, |_, _| Ok(())), Outcome::Exited(7));
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_has_left_the_group_is_stopped_too() {
    let command = "setsid sh -c 'trap \"\" INT TERM; echo $$; sleep 60; sleep 60'; true";
    let (job, pipes) = Job::start(&Line::Command(command.into()), &WorkingDirectory::default()).unwrap();
    let mut stray = String::new();
    let outcome = job.pump(pipes, |_, piece| {
        stray.push_str(std::str::from_utf8(piece).unwrap());
        job.stop(Why::Client);
        Ok(())
    });
    assert!(matches!(outcome, Outcome::Signalled(_)), "{outcome:?}");
    let stray = rustix::process::Pid::from_raw(stray.trim().parse().unwrap()).unwrap();
    let start = Instant::now();
    // Its new parent may take a moment to wait for it.
    while rustix::process::test_kill_process(stray).is_ok() && !is_dead(stray) {
        assert!(start.elapsed() < Duration::from_secs(20));
        thread::sleep(LOOK);
    }
}

#[cfg(target_os = "linux")]
fn is_dead(process: rustix::process::Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    stat.is_ok_and(|stat| stat.contains(") Z "))
}

#[test]
fn a_background_process_that_never_stops_writing_hides_nothing_of_the_shells() {
    for _ in 0..3 {
        let (outcome, _, err) = run("yes & sleep 0.2; echo important >&2; kill $!; exit 3");
        assert_eq!((outcome, err.as_str()), (Outcome::Exited(3), "important\n"));
    }
}

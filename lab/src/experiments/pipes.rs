//! stdout and stderr come together, and a pipe can be read once? Two pipes lose the order, and have traps of their own.

use std::io::{self, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use serde::Serialize;

use super::{Experiment, Findings, Judge, Question, Verdict};
use crate::stage::{self, QUIET, Side, Stage, not_started};
use socket_demos::net::{PipeReader, Trace};
use socket_demos::t;
use socket_demos::terminal::input::charset_of_pipes;

pub(super) const EXPERIMENT: Experiment = Experiment {
    name: "pipes",
    claim: || {
        t!(
            "a command's stdout and stderr come together, and a pipe can be read once",
            "命令的 stdout 和 stderr 合起来就是结果；管道只能读一次"
        )
    },
    keywords: "pipe 管道 subprocess Popen PIPE stdout stderr read communicate deadlock 死锁 卡住 后台进程 background 顺序 \
               远程执行命令 ssh",
    question: || Question {
        asked: t!(
            "`echo out; nosuchcommand; echo x`: stdout is read to its end, then stderr. Where is the error message?",
            "`echo out; nosuchcommand; echo x`：先把 stdout 读完，再读 stderr。报错信息在哪里？"
        ),
        answers: vec![
            t!("between out and x, as on a terminal", "在 out 和 x 之间，和终端上一样"),
            t!("after x", "在 x 后面"),
        ],
    },
    source: "pipe(7), sh(1)",
    run: |stage| World::default().run(stage).map(Findings::of),
};

/// More than a pipe holds (64 KiB on Linux), in bytes.
const TOO_MUCH: usize = 200_000;

#[derive(Default)]
struct World {
    /// Whether stderr goes into stdout's pipe (`2>&1`).
    one_pipe: bool,
}

#[derive(Serialize)]
struct Saw {
    /// stdout, and stderr behind it.
    output: String,
    /// What reading stdout again gave, in bytes.
    second_read: usize,
    /// Of a command that fills stderr first: what a reader of stdout got before somebody read stderr, and after. None
    /// without a POSIX shell.
    full_pipe: Option<(Option<String>, String)>,
    /// How long a background process kept the pipe open after its shell had ended.
    background_milliseconds: Option<u128>,
}

/// A command with its output in pipes.
struct Piped {
    child: Child,
    out: PipeReader,
    err: PipeReader,
}

impl World {
    fn run(&self, stage: &Stage) -> io::Result<Saw> {
        let mut command = self.start(
            &stage.trace(Side::Server),
            "echo out& nosuchcommand& echo x",
            "echo out; nosuchcommand; echo x",
        )?;
        let mut output = read_all(&command.out)?;
        let second_read = (&command.out).read(&mut [0; 1024])?;
        output += &read_all(&command.err)?;
        command.child.wait()?;
        let output = output.replace('\r', "");
        if cfg!(windows) {
            return Ok(Saw { output, second_read, full_pipe: None, background_milliseconds: None });
        }
        let trace = timed(stage);
        let (full_pipe, background) = (full_pipe(&trace)?, background(&trace)?);
        Ok(Saw { output, second_read, full_pipe: Some(full_pipe), background_milliseconds: Some(background) })
    }

    /// Starts a shell with the script for cmd or for sh.
    fn start(&self, trace: &Trace, for_cmd: &str, for_sh: &str) -> io::Result<Piped> {
        let (shell, option, script) = if cfg!(windows) { ("cmd", "/C", for_cmd) } else { ("sh", "-c", for_sh) };
        let ((out, to_out), (err, to_err)) = (PipeReader::pipe(trace)?, PipeReader::pipe(trace)?);
        let to_err = if self.one_pipe { to_out.try_clone()? } else { to_err };
        // The command is gone at the end of this line, and with it our copies of the ends that are written to.
        let child = stage::start(
            Command::new(shell).args([option, script]).stdin(Stdio::null()).stdout(to_out).stderr(to_err),
        )?;
        Ok(Piped { child, out, err })
    }
}

/// Reads to the end. What a Windows shell says is in its code page.
fn read_all(mut pipe: &PipeReader) -> io::Result<String> {
    let (mut text, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        match pipe.read(&mut buffer)? {
            0 => return Ok(charset_of_pipes().decode(&text).into_owned()),
            read => text.extend_from_slice(&buffer[..read]),
        }
    }
}

/// Who writes down the calls that are timed: nobody while a viewer steps, whose pause would be measured instead.
fn timed(stage: &Stage) -> Trace {
    if stage.is_stepped() { Trace::off() } else { stage.trace(Side::Server) }
}

/// Reads stdout while stderr is full, first alone, then with stderr.
fn full_pipe(trace: &Trace) -> io::Result<(Option<String>, String)> {
    let script = format!("head -c {TOO_MUCH} /dev/zero | tr '\\0' e >&2; echo done");
    let Piped { mut child, out, err } = World::default().start(trace, "", &script)?;
    let (found, finding) = mpsc::channel();
    let read = move || found.send(read_all(&out).unwrap_or_default());
    let reader = thread::Builder::new().spawn(read).map_err(not_started)?;
    let alone = finding.recv_timeout(QUIET).ok();
    read_all(&err)?;
    let together = alone.clone().map_or_else(|| finding.recv().map_err(io::Error::other), Ok)?;
    child.wait()?;
    let _ = reader.join();
    Ok((alone, together))
}

/// How long a pipe stays open after its shell has ended, in milliseconds. Time is the experiment here.
fn background(trace: &Trace) -> io::Result<u128> {
    let mut command = World::default().start(trace, "", "sleep 1 & echo done")?;
    command.child.wait()?;
    let ended = Instant::now();
    read_all(&command.out)?;
    Ok(ended.elapsed().as_millis())
}

impl Judge for Saw {
    fn observations(&self) -> Vec<String> {
        let Self { output, second_read, full_pipe, background_milliseconds } = self;
        let lines: Vec<&str> = output.lines().collect();
        let mut observations = vec![
            t!("stdout, and stderr after it: {lines:?}", "stdout，后面接上 stderr：{lines:?}"),
            t!("reading stdout once more gave {second_read} bytes", "再读一次 stdout，得到 {second_read} 字节"),
        ];
        if let Some((alone, together)) = full_pipe {
            let alone = alone.clone().unwrap_or_else(|| t!("nothing, it was stuck", "什么也没读到，卡住了"));
            let together = together.trim();
            observations.push(t!(
                "a command that writes {TOO_MUCH} bytes to stderr first: reading stdout alone gave {alone}; with stderr read too: {together:?}",
                "先往 stderr 写 {TOO_MUCH} 字节的命令：只读 stdout：{alone}；同时读 stderr：{together:?}"
            ));
        }
        if let Some(held) = background_milliseconds {
            observations.push(t!(
                "`sleep 1 &`: the pipe's end came {held} ms after the shell's",
                "`sleep 1 &`：shell 结束之后又过了 {held} 毫秒，管道才读到头"
            ));
        }
        observations
    }

    /// Where the error message is: between the other lines, or behind them.
    fn answer(&self) -> Option<usize> {
        let line = self.output.lines().position(|line| line.contains("nosuchcommand"))?;
        Some(usize::from(line > 1))
    }

    fn verdict(&self) -> Verdict {
        let stuck = self.full_pipe.as_ref().is_none_or(|(alone, together)| alone.is_none() && together == "done\n");
        let held = self.background_milliseconds.is_none_or(|held| held >= QUIET.as_millis());
        match self.answer() {
            Some(_) if self.second_read > 0 => {
                Verdict::contradicted(t!("what had been read could be read again", "读过的内容又读到了一次"))
            }
            Some(_) if !stuck || !held => Verdict::cannot_show(t!(
                "a command did not fill its pipe, or its background process was gone before anybody looked: it could not be started, or the machine was too busy",
                "有命令没把管道写满，或者还没来得及看，后台进程就不在了：它没能启动，或者机器太忙"
            )),
            Some(0) => Verdict::as_taught(t!(
                "both streams went into one pipe (2>&1), which keeps the order",
                "两个流进了同一个管道（2>&1），顺序就保住了"
            )),
            Some(_) => Verdict::different(t!(
                "what was read is gone from a pipe, that is so; but two pipes lose the order of their lines, a reader of one waits for ever while the other is full (read both at the same time), and a background process keeps them open",
                "管道里的内容读过就没了，这没错；但两个管道合起来，行的先后就乱了；一个管道满了，只读另一个会一直卡住（要同时读两个）；后台进程还会让管道一直开着"
            )),
            None => {
                Verdict::cannot_show(t!("the shell did not report the unknown command", "shell 没有报告不存在的命令"))
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::experiments::Kind;
    use socket_demos::net::event::{Event, Upcoming, Watcher};

    /// Keeps the numbers of the pipes whose calls would have waited for a viewer.
    #[derive(Default)]
    struct Viewer(Mutex<Vec<u32>>);

    impl Watcher for Viewer {
        fn before(&self, call: &Upcoming) {
            self.0.lock().unwrap().push(call.socket);
        }

        fn after(&self, _: &Event) {}
    }

    #[test]
    fn a_call_that_is_timed_waits_for_no_viewer() {
        let viewer = Arc::new(Viewer::default());
        let saw = World::default().run(&Stage::watched(viewer.clone())).unwrap();
        let waited = viewer.0.lock().unwrap().clone();
        // Those of the first command; full pipes and background processes have others.
        assert!(waited.contains(&1) && waited.iter().all(|pipe| [1, 2].contains(pipe)), "{waited:?}");
        assert!(saw.full_pipe.is_some() && saw.background_milliseconds.is_some());
        assert_eq!(saw.verdict().kind, Kind::Different);
    }

    #[test]
    fn one_pipe_for_both_keeps_their_order() {
        let saw = |world: World| world.run(&Stage::silent()).unwrap();
        let usual = saw(World::default());
        assert_eq!((usual.verdict().kind, usual.answer()), (Kind::Different, Some(1)));
        assert_eq!(saw(World { one_pipe: true }).verdict().kind, Kind::AsTaught);
        let starved = Saw { background_milliseconds: Some(0), ..saw(World::default()) };
        assert_eq!(starved.verdict().kind, Kind::CannotShow);
        let impossible = Saw { second_read: 1, ..usual };
        assert_eq!(impossible.verdict().kind, Kind::Contradicted);
    }
}

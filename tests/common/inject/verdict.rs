//! One program, one fault: what became of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::scene::{self, House, LOOK_EVERY, Role, Scene, Talk};
use super::strace::{Fault, Log, Traced};
use crate::common::Running;
use crate::common::exec::Place;

/// The longest that a program may take, whatever fails.
const LIMIT: Duration = Duration::from_secs(10);

/// How long a server may take to be ready.
const READY: Duration = Duration::from_secs(1);

/// How long a client of a server waits for an answer: not for long while it may be what failed that it waits for, and
/// afterwards longer than a program of ours takes to try again.
const BEFORE: Duration = Duration::from_secs(1);
const AFTER: Duration = Duration::from_secs(5);

/// What happens to a server at work, and may not end it.
const SURVIVED: [&str; 9] =
    ["accept4", "recvfrom", "sendto", "setsockopt", "execve", "pipe2", "ppoll", "waitid", "wait4"];

/// How many clients come to a server that nothing befalls.
const CLIENTS: usize = 3;

pub enum Verdict {
    /// It did its job.
    Served,
    /// It ended with one line of its own.
    Said,
    /// No call of the program was hit.
    NotHit,
    /// Neither.
    Wrong(String),
}

/// What `scene` does when nothing fails.
pub fn calls_of(scene: &Scene, place: &Place) -> Log {
    let mut play = Play::begin(scene, None, place);
    let verdict = match scene.role {
        Role::Asks(..) => play.client(),
        Role::Serves(talk) => play.server(talk),
    };
    if let Verdict::Wrong(why) = verdict {
        play.traced.running.fail(&format!("{}, undisturbed: {why}", scene.name));
    }
    play.traced.log()
}

/// What becomes of `scene` with `fault`.
pub fn of(scene: &Scene, fault: &Fault, place: &Place) -> Verdict {
    let mut play = Play::begin(scene, Some(fault), place);
    match scene.role {
        Role::Asks(..) => play.client(),
        Role::Serves(talk) => play.server(talk),
    }
}

struct Play<'a> {
    scene: &'a Scene,
    traced: Traced,
    address: SocketAddr,
    key: PathBuf,
    /// Held until the end.
    _peer: Option<Running>,
    call: &'static str,
    hit: bool,
    ready: bool,
    started: Instant,
}

impl<'a> Play<'a> {
    fn begin(scene: &'a Scene, fault: Option<&Fault>, place: &Place) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let key = place.path().join(format!("key.{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
        let (address, call) = (scene::own_address(), fault.map_or("", |fault| fault.call));
        let mut peer = None;
        if let Role::Asks(who, ..) = &scene.role {
            peer = scene::answer(who, address, &key);
        }
        let mut traced = Traced::start(&scene::command(scene, address, &key), fault, place);
        if let Role::Asks(_, input, _) = &scene.role {
            traced.running.feeds(input.replace("ADDRESS", &address.to_string()).as_bytes());
            traced.running.ends_input();
        }
        Self { scene, traced, address, key, _peer: peer, call, hit: false, ready: false, started: Instant::now() }
    }

    /// Looks whether the fault has come, and lets the program go on alone then.
    fn look(&mut self) -> bool {
        if !self.hit && !self.traced.log().hits.is_empty() {
            self.traced.release();
            self.hit = true;
        }
        self.hit
    }

    fn client(&mut self) -> Verdict {
        while !self.traced.running.has_ended() {
            if self.started.elapsed() > LIMIT {
                return self.wrong("it hangs");
            }
            self.look();
            thread::sleep(LOOK_EVERY);
        }
        self.judge_end()
    }

    /// Waits for the ready line, but not for long: it may be what has failed.
    fn wait_until_ready(&mut self) {
        while !self.ready && !self.traced.running.has_ended() && self.started.elapsed() < READY {
            thread::sleep(LOOK_EVERY);
            self.ready = self.traced.running.err().contains("listening on");
        }
    }

    /// One client after the other; the one after the fault has to be served.
    fn server(&mut self, talk: Talk) -> Verdict {
        self.wait_until_ready();
        let (mut served, mut last) = (0, String::new());
        while self.started.elapsed() < LIMIT {
            let (alone, only_one) = (self.look(), self.once() && served > 0);
            if self.traced.running.has_ended() {
                return self.judge_end();
            }
            if only_one {
                thread::sleep(LOOK_EVERY);
                continue;
            }
            let patience = if alone { AFTER } else { BEFORE };
            let (address, key) = (self.address, &self.key);
            match talk(&mut House { server: &mut self.traced.running, address, key, patience }) {
                Ok(()) if alone && !self.once() => return Verdict::Served,
                Ok(()) => served += 1,
                Err(why) if alone && self.ready && !self.is_ending() => {
                    return self.wrong(&format!("the client after it was not served: {why}"));
                }
                Err(why) => last = why,
            }
            if served == CLIENTS && !self.look() {
                return Verdict::NotHit;
            }
        }
        self.wrong(&format!("it neither serves nor ends: {last}"))
    }

    /// Waits for all that the program has said, and judges it.
    fn judge_end(&mut self) -> Verdict {
        let (status, out, err) = self.traced.running.ended();
        let log = self.traced.log();
        if log.hits.is_empty() && log.stray {
            return Verdict::NotHit;
        }
        self.hit = !log.hits.is_empty();
        let out = String::from_utf8_lossy(&out);
        let verdict = match status.code() {
            Some(0) if self.did_its_job(&out) => Ok(Verdict::Served),
            Some(0) => Err("it ended with 0 without having done its job".to_string()),
            _ => self.judge_error(status, &err, &log),
        };
        match verdict {
            Err(why) => self.wrong(&why),
            Ok(_) if !self.hit => Verdict::NotHit,
            Ok(verdict) => verdict,
        }
    }

    /// Whether the server, which does not answer any more, ends.
    fn is_ending(&mut self) -> bool {
        let asked = Instant::now();
        while !self.traced.running.has_ended() && asked.elapsed() < READY {
            thread::sleep(LOOK_EVERY);
        }
        self.traced.running.has_ended()
    }

    /// Whether it serves one client and ends.
    fn once(&self) -> bool {
        self.scene.args.contains(&"--once")
    }

    fn did_its_job(&self, out: &str) -> bool {
        match self.scene.role {
            Role::Asks(_, _, hears) => out.contains(hears),
            Role::Serves(_) => self.once() && !out.is_empty(),
        }
    }

    /// One line of the program's own, the last one; where standard error itself has failed, none at all.
    fn judge_error(&self, status: ExitStatus, err: &str, log: &Log) -> Result<Verdict, String> {
        let program = self.scene.name.split(' ').next().unwrap_or_default();
        let own: Vec<&str> = err.lines().filter(|line| line.starts_with(&format!("{program}: "))).collect();
        let expected = if program.ends_with("exec-client") { &[254, 255][..] } else { &[1][..] };
        if !status.code().is_some_and(|code| expected.contains(&code)) {
            return Err(format!("it ended with {status}"));
        }
        if matches!(self.scene.role, Role::Serves(_)) && self.ready && SURVIVED.contains(&self.call) && !self.once() {
            return Err("a server must go on".to_string());
        }
        let unsaid = log.hits.iter().any(|hit| hit.starts_with("write(2,"));
        match own[..] {
            [line] if err.lines().last() == Some(line) => Ok(Verdict::Said),
            [] if unsaid => Ok(Verdict::Said),
            _ => Err("it did not end with one line of its own".to_string()),
        }
    }

    fn wrong(&self, why: &str) -> Verdict {
        let short = |text: &str| text.chars().take(600).collect::<String>();
        let (out, err) = (String::from_utf8_lossy(&self.traced.running.out()).into_owned(), self.traced.running.err());
        let hits = self.traced.log().hits.join(", ");
        Verdict::Wrong(format!("{why}\n  hit: {hits}\n  stdout: {}\n  stderr: {}", short(&out), short(&err)))
    }
}

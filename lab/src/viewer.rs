//! The person before the screen: steps through the calls with Enter, and guesses what will happen.

use std::io::{self, BufRead as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::experiments::{Experiment, Question};
use crate::report::{self, Report};
use crate::stage::{Side, Stage};
use socket_demos::lock::lock;
use socket_demos::net::Trace;
use socket_demos::net::event::{Event, Upcoming, Watcher};
use socket_demos::t;
use socket_demos::terminal::{exit, screen};
use socket_demos::text::typed::half_width;

/// How often the same call in a row is waited for; the rest of a flood runs through.
const MAX_SAME: usize = 5;

/// How many bytes of a call are shown when it has returned.
const SHOWN_BYTES: usize = 48;

/// The person, and what they have asked for.
pub struct Viewer {
    stepper: Option<Arc<dyn Watcher>>,
    guesser: Option<Guesser>,
}

impl Viewer {
    /// Somebody who steps through the calls, guesses what will happen, both, or neither.
    pub fn new(steps: bool, guesses: bool) -> Self {
        let stepper = steps.then(|| Arc::new(Stepper::default()) as Arc<dyn Watcher>);
        Self { stepper, guesser: guesses.then(Guesser::default) }
    }

    /// Runs an experiment before them; its calls go to `trace` too, its servers have `port` or any.
    pub fn watch(&mut self, experiment: &Experiment, trace: &Trace, port: Option<u16>) -> Report {
        if self.stepper.is_some() {
            screen::talk(&report::entry(experiment));
        }
        let guess = if self.guesser.is_some() { ask(experiment) } else { None };
        let report = Report::of(experiment, &Stage::new(trace, port, self.stepper.clone()));
        if let Some(guesser) = &mut self.guesser {
            guesser.tell(guess, experiment, &report);
        }
        report
    }

    /// The score in a sentence; `None` where nothing was guessed.
    pub fn score(&self) -> Option<String> {
        self.guesser.as_ref()?.score()
    }
}

/// Waits for Enter before each call, and shows what came of it.
#[derive(Default)]
struct Stepper {
    /// The call before, and how often it was made in a row.
    last: Mutex<Option<(Upcoming, usize)>>,
    /// One call is announced at a time, also where two threads make them.
    prompt: Mutex<()>,
    /// Whether the input has ended: then nobody can press Enter.
    alone: AtomicBool,
}

impl Stepper {
    fn is_one_too_many(&self, call: &Upcoming) -> bool {
        let mut last = lock(&self.last);
        let times = last.take().filter(|(before, _)| before == call).map_or(1, |(_, times)| times + 1);
        *last = Some((call.clone(), times));
        times > MAX_SAME
    }
}

impl Watcher for Stepper {
    fn before(&self, call: &Upcoming) {
        if self.alone.load(Ordering::Relaxed) || self.is_one_too_many(call) {
            return;
        }
        let Upcoming { program, socket, call, argument } = call;
        let _one_at_a_time = lock(&self.prompt);
        let side = Side::shown(program);
        screen::prompt(&t!(
            "Enter: {side} #{socket} {call}({argument}) ",
            "回车：{side} #{socket} {call}({argument}) "
        ));
        if line().is_none() {
            self.alone.store(true, Ordering::Relaxed);
        }
    }

    fn after(&self, event: &Event) {
        let repeated = lock(&self.last);
        if repeated.as_ref().is_none_or(|(_, times)| *times <= MAX_SAME) {
            screen::talk(&format!("  {} {}", Side::shown(&event.program), event.told(SHOWN_BYTES)));
        }
    }
}

/// Asks for guesses, and keeps the score.
#[derive(Default)]
struct Guesser {
    guessed: usize,
    right: usize,
}

impl Guesser {
    /// Tells whether `guess` was right, and counts it.
    fn tell(&mut self, guess: Option<usize>, experiment: &Experiment, report: &Report) {
        let Some(answer) = report.answer else { return };
        let happened = &(experiment.question)().answers[answer];
        let number = answer + 1;
        self.guessed += usize::from(guess.is_some());
        self.right += usize::from(guess == Some(answer));
        screen::talk(&match guess {
            Some(guess) if guess == answer => t!("right: {happened}", "猜对了：{happened}"),
            Some(_) => t!("no: it was {number}, {happened}", "没猜对，答案是 {number}：{happened}"),
            None => t!("it was {number}: {happened}", "答案是 {number}：{happened}"),
        });
    }

    fn score(&self) -> Option<String> {
        let Self { guessed, right } = self;
        (*guessed > 0).then(|| t!("{right} of {guessed} guesses right", "猜了 {guessed} 次，对了 {right} 次"))
    }
}

/// Asks what will happen; `None` where the viewer passes, or has gone.
fn ask(experiment: &Experiment) -> Option<usize> {
    let Question { asked, answers } = (experiment.question)();
    screen::talk(&format!("{}\n{asked}", experiment.name));
    for (index, answer) in answers.iter().enumerate() {
        screen::talk(&format!("  {}  {answer}", index + 1));
    }
    let count = answers.len();
    loop {
        screen::prompt(&t!("your guess, 1 to {count} (Enter skips): ", "你猜是哪个？1 到 {count}（直接回车跳过）："));
        let typed = line()?;
        match half_width(&typed).as_str() {
            "" => return None,
            number => match number.parse::<usize>() {
                Ok(number) if (1..=count).contains(&number) => return Some(number - 1),
                _ => screen::talk(&t!("a number from 1 to {count}", "请输入 1 到 {count} 的数")),
            },
        }
    }
}

/// A line that was typed; `None` at the end of the input. `q` leaves the program, as everywhere.
fn line() -> Option<String> {
    let mut typed = String::new();
    // Input that cannot be read is input that has ended.
    let read = io::stdin().lock().read_line(&mut typed).unwrap_or(0);
    if matches!(typed.trim(), "q" | "ｑ") {
        exit::now(0);
    }
    (read > 0).then_some(typed)
}

/// How to see the segments on the wire while the experiments use `port`.
pub fn how_to_watch(port: u16) -> String {
    let interface = match std::env::consts::OS {
        "linux" => "lo",
        "windows" => "\"Npcap Loopback Adapter\"",
        _ => "lo0",
    };
    t!(
        "the servers have port {port} (those of time-wait and some of sharing choose their own, since they would leave it blocked); to watch, first in another terminal: tcpdump -i {interface} -nn 'port {port} or icmp'\nin Wireshark: interface {interface}, capture filter: port {port} or icmp, display filter: tcp.port == {port} || udp.port == {port} || icmp",
        "服务器用端口 {port}（time-wait 和 sharing 的一部分除外，它们会让端口一时无法再用）；想观察，先在另一个终端运行：tcpdump -i {interface} -nn 'port {port} or icmp'\n用 Wireshark：选接口 {interface}，捕获过滤器：port {port} or icmp，显示过滤器：tcp.port == {port} || udp.port == {port} || icmp"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket_demos::net::event::Call;

    #[test]
    fn the_same_call_in_a_row_is_waited_for_five_times() {
        let (program, socket) = ("client", 1);
        let call =
            |argument: &str| Upcoming { program: program.into(), socket, call: Call::Send, argument: argument.into() };
        let stepper = Stepper::default();
        let waited = (0..9).filter(|_| !stepper.is_one_too_many(&call("500"))).count();
        assert_eq!(waited, MAX_SAME);
        assert!(!stepper.is_one_too_many(&call("1")) && !stepper.is_one_too_many(&call("500")));
    }
}

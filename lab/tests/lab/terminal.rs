//! The lab on a terminal: a pseudo-terminal for it, an emulator (vt100) for the eye.

use crate::common::LAB;
use crate::common::terminal::Terminal;

#[test]
fn the_lab_waits_for_enter_before_each_call() {
    let mut lab = Terminal::start(LAB, &["run", "handshake", "--step"]);
    for call in ["socket", "setsockopt", "bind", "listen", "socket", "connect", "send", "accept", "recv"] {
        let asks = |line: &str| line.starts_with("Enter: ") && line.contains(&format!(" {call}("));
        lab.sees(|text| text.lines().last().is_some_and(asks));
        lab.types("\r");
    }
    lab.prints("client #2 send(5) = 5 \"hello\"\r\n");
    lab.prints("verdict: \x1b[33mdifferent\x1b[0m");
    assert!(lab.left_as_it_was().success());

    let mut left = Terminal::start(LAB, &["run", "handshake", "--step"]);
    left.sees(|text| text.contains("Enter: server #1 socket("));
    left.types("q\r");
    assert!(left.left_as_it_was().success());
    assert!(!left.sees(|_| true).contains("verdict"));
}

#[test]
fn the_lab_asks_for_a_guess_and_keeps_the_score() {
    let mut lab = Terminal::start(LAB, &["run", "sticky", "empty", "--predict"]);
    lab.sees_last("your guess, 1 to 2 (Enter skips):");
    lab.types("9\r");
    lab.prints("a number from 1 to 2");
    lab.types("2\r");
    lab.prints("right: \"abc\"");
    lab.sees_last("your guess, 1 to 3 (Enter skips):");
    lab.types("1\r");
    lab.prints("no: it was 2, it goes on waiting");
    lab.prints("1 of 2 guesses right");
    assert!(lab.left_as_it_was().success());
}

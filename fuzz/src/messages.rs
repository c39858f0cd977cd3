//! Datagrams as messages: what typed words mean, and what goes out.

use std::net::SocketAddr;

use socket_demos::chat::messages::encode;
use socket_demos::chat::senders::{MAX_SENDERS, Meant, Senders};
use socket_demos::net::Peer;
use socket_demos::net::datagrams::MAX_DATAGRAM;
use socket_demos::text::Charset;

use super::choices::Choices;
use super::text::CHARSETS;

/// What is typed goes to the one who is meant, unchanged; a message reads back and fits into a datagram; and no more
/// senders are remembered than the limit.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let charset: Charset = choices.of(&CHARSETS).parse().expect("a label");
    let heard = u64::from(u16::from_be_bytes(choices.array()) % 1100);
    let repeats = choices.of(&[1, 2, 3]);
    let senders = Senders::default();
    for number in 0..heard {
        (0..repeats).for_each(|_| senders.note(address(number)));
    }
    let typed = String::from_utf8_lossy(choices.rest()).into_owned();
    if let Ok(bytes) = encode(&typed, charset) {
        assert!(bytes.len() <= MAX_DATAGRAM, "{} bytes", bytes.len());
        assert_eq!(charset.decode(&bytes), typed);
    }
    means_what_was_typed(&senders, heard, &typed);
    if heard > 0 {
        let remembered = senders.list().lines().count();
        assert_eq!(remembered as u64, heard.min(MAX_SENDERS as u64));
    }
}

fn means_what_was_typed(senders: &Senders, heard: u64, typed: &str) {
    let last = heard.checked_sub(1).map(address);
    let meant = senders.meant(typed);
    let begins = |text: &str, signs: [char; 2]| text.starts_with(signs);
    let rest = typed.chars().next().map_or("", |first| &typed[first.len_utf8()..]);
    let (slashes, ats) = (['/', '／'], ['@', '＠']);
    let expected = if begins(typed, slashes) && !begins(rest, slashes) {
        match rest {
            "who" => Some(Meant::Who),
            "help" => Some(Meant::Help),
            _ => None,
        }
    } else if begins(typed, slashes) || begins(typed, ats) && begins(rest, ats) {
        last.map(|last| Meant::Words(last, rest))
    } else if begins(typed, ats) {
        let (number, words) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let number = number.parse::<u64>().ok();
        let known = number.filter(|&number| number > heard.saturating_sub(MAX_SENDERS as u64) && number <= heard);
        known.map(|number| Meant::Words(address(number - 1), words))
    } else {
        last.map(|last| Meant::Words(last, typed))
    };
    assert_eq!(meant.ok(), expected, "{typed:?}");
}

/// The sender that comes with this number, from 0.
fn address(number: u64) -> Peer {
    SocketAddr::from(([10, 0, (number >> 8) as u8, number as u8], 4000)).into()
}

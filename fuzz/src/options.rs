//! What people type as addresses, shares and times.

use std::time::Duration;

use socket_demos::chat::names::parse_name;
use socket_demos::net::address::Address;
use socket_demos::text::typed::{parse_duration, parse_percent};

use super::text::is_harmful;

/// What is accepted lies within its limits, reads back as it is written, and commands no terminal.
pub fn check(bytes: &[u8]) {
    let typed = &*String::from_utf8_lossy(bytes);
    if let Ok(address) = typed.parse::<Address>() {
        let shown = address.to_string();
        assert!(!shown.contains(is_harmful) && !shown.contains(char::is_whitespace), "{shown:?}");
        let again: Address = shown.parse().unwrap_or_else(|why| panic!("{shown:?}: {why}"));
        assert_eq!((again.to_string(), again.port), (shown, address.port), "{address:?}");
    }
    if let Ok(share) = parse_percent(typed) {
        assert!((0.0..=1.0).contains(&share), "{share}");
        assert!(share >= 1.0 || parse_percent(&share.to_string()) == Ok(share), "{share}");
    }
    if let Ok(duration) = parse_duration(typed) {
        assert!((Duration::from_millis(1)..=Duration::from_secs(86_400)).contains(&duration), "{duration:?}");
        assert_eq!(parse_duration(&format!("{}s", duration.as_secs_f64())), Ok(duration));
    }
    if let Ok(name) = parse_name(typed) {
        assert_eq!(name, typed);
        assert!(!name.contains(is_harmful) && !name.contains(char::is_whitespace) && name.len() <= 128, "{name:?}");
    }
}

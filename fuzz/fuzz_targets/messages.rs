#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| socket_demos_fuzz::messages::check(bytes));

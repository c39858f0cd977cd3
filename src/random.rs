//! Random bytes from the system.

/// Random bytes that nobody can guess: for keys, contexts, and the questions of a client.
///
/// # Panics
/// The system has no random numbers: nothing that follows would be safe.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("random numbers from the system");
    bytes
}

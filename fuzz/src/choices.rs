//! What a property does with the fuzzer's bytes: small choices first, the decoder's input behind them. So a seed can be
//! written by hand: a few bytes, then the captured bytes as they are.

/// The bytes that have not been used yet. When they have run out, every choice is the first one.
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    /// From the beginning.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether nothing is left.
    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        let [byte] = self.array();
        byte
    }

    /// `N` bytes, filled up with zeros.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.bytes(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    /// At most `length` bytes.
    pub fn bytes(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// One of a few.
    pub fn of<T: Clone>(&mut self, few: &[T]) -> T {
        few[usize::from(self.byte()) % few.len()].clone()
    }

    /// Up to 64 KiB of bytes that say themselves how many they are, in their first two.
    pub fn counted(&mut self) -> &'a [u8] {
        let length = u16::from_be_bytes(self.array());
        self.bytes(length.into())
    }

    /// As [`Choices::counted`] in text, malformed bytes as U+FFFD.
    pub fn text(&mut self) -> String {
        String::from_utf8_lossy(self.counted()).into_owned()
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        self.bytes(usize::MAX)
    }

    /// All that is left, in pieces as a network could cut it: their lengths are the first four bytes, again and again.
    pub fn pieces(&mut self) -> Vec<&'a [u8]> {
        let lengths: [u8; 4] = self.array();
        let mut lengths = lengths.into_iter().map(|length| 1 + usize::from(length)).cycle();
        let mut pieces = Vec::new();
        while !self.is_over() {
            pieces.push(self.bytes(lengths.next().unwrap_or(1)));
        }
        pieces
    }
}

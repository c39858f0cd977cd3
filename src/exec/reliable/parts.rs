//! What is too long for the way is cut, and put together again at the other end.
//!
//! Some ways drop datagrams that are longer than one of their links takes, and tell nobody (a "black hole", RFC 2923,
//! section 2.1). Whoever hears nothing of long ones for a while sends the same in parts that every way takes.

/// A datagram of this length gets through everywhere: IPv4 has each host take 576 bytes with its headers (RFC 791, section
/// 3.1), of which options may be 40.
pub(super) const SMALL: usize = 512;

/// Into how many parts a datagram of full length is cut, so that each fits into [`SMALL`].
pub(super) const PARTS: u8 = 3;

/// Which part, counted from 0, and of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) index: u8,
    pub(super) count: u8,
}

impl Part {
    /// All in one.
    pub(super) const WHOLE: Self = Self { index: 0, count: 1 };

    /// The first of several.
    pub(super) const FIRST: Self = Self { index: 0, count: PARTS };

    /// The two bytes of a datagram that say so, if they can be right.
    pub(super) fn read([index, count]: [u8; 2]) -> Option<Self> {
        (index < count && count <= PARTS).then_some(Self { index, count })
    }

    /// The one behind it.
    pub(super) fn next(self) -> Option<Self> {
        let next = Self { index: self.index + 1, ..self };
        (next.index < self.count).then_some(next)
    }

    /// All of them, this one first.
    pub(super) fn on(self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), |part| part.next())
    }

    /// The bytes of this part: all parts have one length, but for the last.
    pub(super) fn of(self, whole: &[u8]) -> &[u8] {
        let length = whole.len().div_ceil(self.count.into());
        let from = (length * usize::from(self.index)).min(whole.len());
        &whole[from..(from + length).min(whole.len())]
    }
}

/// The parts of one whole, as they come.
#[derive(Debug, Default)]
pub(super) struct Parts([Option<Vec<u8>>; PARTS as usize]);

impl Parts {
    /// Takes a part; gives the whole once all of them are here.
    pub(super) fn insert(&mut self, part: Part, bytes: &[u8]) -> Option<Vec<u8>> {
        self.0[usize::from(part.index)] = Some(bytes.to_vec());
        let all = self.0[..usize::from(part.count)].iter().map(Option::as_deref).collect::<Option<Vec<_>>>()?;
        Some(all.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cut_is_put_together_whatever_the_order() {
        for length in 0..20 {
            let whole: Vec<u8> = (0..length).collect();
            let mut order: Vec<_> = Part::FIRST.on().collect();
            assert_eq!(order.len(), usize::from(PARTS));
            for turn in 0..order.len() {
                order.rotate_left(turn);
                let mut parts = Parts::default();
                let joined: Vec<_> = order.iter().filter_map(|part| parts.insert(*part, part.of(&whole))).collect();
                assert_eq!(joined, std::slice::from_ref(&whole), "{length} bytes");
            }
            assert_eq!(Parts::default().insert(Part::WHOLE, &whole), Some(whole));
        }
    }

    #[test]
    fn only_what_can_be_a_part_is_one() {
        assert_eq!(Part::read([0, 1]), Some(Part::WHOLE));
        assert_eq!(Part::read([0, PARTS]), Some(Part::FIRST));
        for wrong in [[0, 0], [1, 1], [PARTS, PARTS], [0, PARTS + 1], [255, 255]] {
            assert_eq!(Part::read(wrong), None, "{wrong:?}");
        }
    }
}

//! SNTP: the time with a known error (RFC 5905; the simple client and server of its section 14).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |LI | VN  |Mode |    Stratum    |     Poll      |   Precision   |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                          Root Delay                           |
//! |                        Root Dispersion                        |
//! |                          Reference ID                         |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |                  Reference Timestamp (64 bits)                |
//! |                    Origin Timestamp (64): T1                  |
//! |                   Receive Timestamp (64): T2                  |
//! |                   Transmit Timestamp (64): T3                 |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! The client notes T1 when it asks and T4 when the answer is there; the server adds T2 and T3:
//!
//! ```text
//! server      T2 --- T3            offset = ((T2 - T1) + (T3 - T4)) / 2
//!            /         \           delay  =  (T4 - T1) - (T3 - T2)
//! client   T1           T4         (section 8)
//! ```
//!
//! Pure: bytes and times in, answers out.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::t;

/// The length of a packet without extensions, in bytes (section 7.3).
pub const PACKET: usize = 48;

/// Seconds from the NTP epoch (1900) to the Unix epoch (1970), section 6.
const UNIX_EPOCH_IN_NTP: u64 = 2_208_988_800;

/// The largest stratum of a synchronised server; 16 means unsynchronised (section 7.3).
const MAX_STRATUM: u8 = 15;

/// The version that our client speaks.
const VERSION: u8 = 4;

const MODE_CLIENT: u8 = 3;
const MODE_SERVER: u8 = 4;

/// The leap indicator of a server that does not know the time.
const LEAP_UNKNOWN: u8 = 3;

/// A difference of the two clocks of one machine over one question beyond which somebody has set the clock: the
/// step threshold of section 11.2.1.
const STEP: f64 = 0.128;

/// A point in time: seconds since 1900 in the upper 32 bits, fractions below (section 6). It wraps every 136 years, next
/// on 2036-02-07 at 06:28:16 UTC, so that it means a time only together with one that is nearer than 68 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The timestamp of a time in whatever era.
    pub fn of(time: SystemTime) -> Self {
        // Since 1970, or down to the whole second before it, and from there up. Wrapping cuts the era off.
        let (seconds, fraction) = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => (after.as_secs(), after.subsec_nanos()),
            Err(before) => {
                let before = before.duration();
                let part = u64::from(before.subsec_nanos() > 0);
                ((before.as_secs() + part).wrapping_neg(), (1_000_000_000 - before.subsec_nanos()) % 1_000_000_000)
            }
        };
        let whole = seconds.wrapping_add(UNIX_EPOCH_IN_NTP) << 32;
        Self(whole.wrapping_add((u64::from(fraction) << 32) / 1_000_000_000))
    }

    /// The timestamp of the bits on the wire.
    pub fn of_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits on the wire.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Whether it says that there is no time (section 6).
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The seconds from `earlier` to this, negative if it is later. Right as long as the two are within 68 years,
    /// whatever their eras: the difference wraps as they do.
    pub fn since(self, earlier: Self) -> f64 {
        self.0.wrapping_sub(earlier.0).cast_signed() as f64 / 2_f64.powi(32)
    }

    /// The time that this means, of all its eras the one next to `near`; `None` beyond what the system can express.
    pub fn near(self, near: SystemTime) -> Option<SystemTime> {
        let away = self.0.wrapping_sub(Self::of(near).0).cast_signed();
        let distance = Duration::from_nanos(((u128::from(away.unsigned_abs()) * 1_000_000_000) >> 32) as u64);
        if away < 0 { near.checked_sub(distance) } else { near.checked_add(distance) }
    }

    /// The seconds alone, as RFC 868 has them.
    pub fn seconds(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// A duration: seconds in the upper 16 bits, fractions below (section 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Short(u32);

impl Short {
    /// Whole seconds.
    pub const fn seconds(seconds: u16) -> Self {
        Self((seconds as u32) << 16)
    }
}

/// The header of a packet; whatever follows it (extensions, a MAC) is not looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of section 7.3")]
pub struct Packet {
    pub leap: u8,
    pub version: u8,
    pub mode: u8,
    pub stratum: u8,
    pub poll: i8,
    pub precision: i8,
    pub root_delay: Short,
    pub root_dispersion: Short,
    pub reference_id: [u8; 4],
    pub reference: Timestamp,
    pub origin: Timestamp,
    pub receive: Timestamp,
    pub transmit: Timestamp,
}

impl Packet {
    /// The header at the start of `bytes`; `None` for fewer than 48.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; PACKET] = bytes.first_chunk()?;
        let four = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let timestamp = |at| {
            let [high, low] = [four(at), four(at + 4)].map(|word| u64::from(u32::from_be_bytes(word)));
            Timestamp(high << 32 | low)
        };
        Some(Self {
            leap: bytes[0] >> 6,
            version: bytes[0] >> 3 & 7,
            mode: bytes[0] & 7,
            stratum: bytes[1],
            poll: bytes[2].cast_signed(),
            precision: bytes[3].cast_signed(),
            root_delay: Short(u32::from_be_bytes(four(4))),
            root_dispersion: Short(u32::from_be_bytes(four(8))),
            reference_id: four(12),
            reference: timestamp(16),
            origin: timestamp(24),
            receive: timestamp(32),
            transmit: timestamp(40),
        })
    }

    /// The header as it goes over the wire.
    pub fn encode(&self) -> [u8; PACKET] {
        let mut bytes = [0; PACKET];
        bytes[0] = self.leap << 6 | (self.version & 7) << 3 | self.mode & 7;
        bytes[1] = self.stratum;
        bytes[2] = self.poll.cast_unsigned();
        bytes[3] = self.precision.cast_unsigned();
        bytes[4..8].copy_from_slice(&self.root_delay.0.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.root_dispersion.0.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.reference_id);
        bytes[16..24].copy_from_slice(&self.reference.0.to_be_bytes());
        bytes[24..32].copy_from_slice(&self.origin.0.to_be_bytes());
        bytes[32..40].copy_from_slice(&self.receive.0.to_be_bytes());
        bytes[40..48].copy_from_slice(&self.transmit.0.to_be_bytes());
        bytes
    }
}

/// A client's question that a server may answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question(Packet);

impl Question {
    /// Takes 48 bytes or more of mode 3 and version 1 to 4. Anything else is to be met with silence: whoever answers
    /// answers (mode 4), or strangers, can be made part of a loop or of somebody's flood.
    pub fn read(request: &[u8]) -> Option<Self> {
        let packet = Packet::decode(request)?;
        (packet.mode == MODE_CLIENT && (1..=VERSION).contains(&packet.version)).then_some(Self(packet))
    }

    /// The answer of a clock that nobody disciplines (section 14): its stratum says so, with leap 0, since rdate refuses
    /// 3, and a dispersion of a second, since chronyd runs into its time limit above three. Never longer than the
    /// question.
    pub fn answer(&self, stratum: u8, received: SystemTime, now: SystemTime) -> [u8; PACKET] {
        let received = Timestamp::of(received);
        Packet {
            leap: 0,
            version: self.0.version,
            mode: MODE_SERVER,
            stratum,
            poll: self.0.poll,
            precision: -20, // about a microsecond
            root_delay: Short::default(),
            root_dispersion: Short::seconds(1),
            reference_id: *b"LOCL",
            reference: received,
            origin: self.0.transmit,
            receive: received,
            transmit: Timestamp::of(now),
        }
        .encode()
    }
}

/// A question of ours: the packet, and T1.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    t1: Timestamp,
}

impl Asked {
    /// A question asked at `now`. The lowest bits are `fuzz`, below any clock's precision (section 6), so that nobody who
    /// does not see the question can answer it.
    pub fn at(now: SystemTime, fuzz: u16) -> Self {
        Self { t1: Timestamp(Timestamp::of(now).0 & !0xffff | u64::from(fuzz)) }
    }

    /// The packet to send.
    pub fn packet(&self) -> [u8; PACKET] {
        Packet { version: VERSION, mode: MODE_CLIENT, transmit: self.t1, ..Packet::default() }.encode()
    }

    /// Checks an answer that was there at `now`, `elapsed` after the question by a clock that nobody sets, and
    /// measures.
    ///
    /// # Errors
    /// [`Refusal`] says what is wrong with it.
    pub fn measure(&self, answer: &[u8], now: SystemTime, elapsed: Duration) -> Result<Sample, Refusal> {
        let packet = Packet::decode(answer).ok_or(Refusal::TooShort(answer.len()))?;
        // First of all whether it is an answer to our question (section 8, TEST2).
        if packet.origin != self.t1 {
            return Err(Refusal::NotOurQuestion);
        }
        if packet.mode != MODE_SERVER || !(1..=VERSION).contains(&packet.version) {
            return Err(Refusal::NoAnswer(packet.mode));
        }
        if packet.stratum == 0 {
            return Err(Refusal::KissOfDeath(packet.reference_id)); // section 7.4
        }
        if packet.leap == LEAP_UNKNOWN || packet.stratum > MAX_STRATUM || packet.transmit.is_zero() {
            return Err(Refusal::Unsynchronised);
        }
        let (t1, t2, t3, t4) = (self.t1, packet.receive, packet.transmit, Timestamp::of(now));
        if (t4.since(t1) - elapsed.as_secs_f64()).abs() > STEP {
            return Err(Refusal::ClockSet);
        }
        let delay = t4.since(t1) - t3.since(t2);
        Ok(Sample {
            t1,
            t2,
            t3,
            t4,
            offset: f64::midpoint(t2.since(t1), t3.since(t4)),
            // A server whose clock runs fast could make it negative by a hair.
            delay: delay.max(0.0),
            stratum: packet.stratum,
        })
    }
}

/// One measurement of a server's clock against ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When the question left, by our clock.
    pub t1: Timestamp,
    /// When it arrived, by the server's.
    pub t2: Timestamp,
    /// When the answer left, by the server's.
    pub t3: Timestamp,
    /// When it was there, by ours.
    pub t4: Timestamp,
    /// How far the server's clock is ahead of ours, in seconds.
    pub offset: f64,
    /// How long the way there and back took, in seconds.
    pub delay: f64,
    /// How many servers away the server is from a clock.
    pub stratum: u8,
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has so many bytes, not 48.
    TooShort(usize),
    /// Its origin timestamp is not the one that we sent.
    NotOurQuestion,
    /// Its mode is not a server's.
    NoAnswer(u8),
    /// The server wants to be left alone; the code says why (`RATE`, `DENY`, `RSTR`).
    KissOfDeath([u8; 4]),
    /// The server does not know the time itself.
    Unsynchronised,
    /// Our own clock was set while we waited.
    ClockSet,
}

impl Refusal {
    /// Whether asking again could help: an answer to somebody else's question says nothing about ours.
    pub fn is_noise(self) -> bool {
        matches!(self, Self::TooShort(_) | Self::NotOurQuestion | Self::NoAnswer(_))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::TooShort(length) => {
                t!("an answer of {length} bytes has the wrong length", "{length} 字节的回答，长度不对")
            }
            Self::NotOurQuestion => t!("the answer is not to our question", "回答的不是我们的问题"),
            Self::NoAnswer(mode) => {
                t!("a packet of mode {mode} is no server's answer", "模式 {mode} 的报文不是服务器的回答")
            }
            Self::KissOfDeath(code) => {
                let code = String::from_utf8_lossy(code);
                let code = crate::text::escape(code.trim_end_matches('\0'));
                t!("the server sends us away (kiss of death, {code})", "服务器拒绝了我们（kiss of death，{code}）")
            }
            Self::Unsynchronised => t!("the server does not know the time itself", "服务器自己也没有对过时"),
            Self::ClockSet => t!("this machine's clock was set meanwhile", "测量时本机时钟被调过"),
        })
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds since 1970, with nanoseconds.
    fn at(seconds: i64, nanoseconds: u32) -> SystemTime {
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let time = if seconds < 0 { UNIX_EPOCH - whole } else { UNIX_EPOCH + whole };
        time + Duration::from_nanos(nanoseconds.into())
    }

    #[test]
    fn timestamps_are_right_in_every_era() {
        let table = [
            (at(0, 0), 0x83aa_7e80_0000_0000),                 // 1970
            (at(-86_400, 500_000_000), 0x83a9_2d00_8000_0000), // 1969-12-31, half a second on
            (at(-2_208_988_800, 0), 0),                        // 1900
            (at(2_085_978_495, 0), 0xffff_ffff_0000_0000),     // 2036-02-07 06:28:15
            (at(2_085_978_496, 250_000_000), 0x4000_0000),     // 2036-02-07 06:28:16.25, the next era
            (at(4_102_444_800, 0), 0x7830_d580_0000_0000),     // 2100
        ];
        for (time, bits) in table {
            assert_eq!(Timestamp::of(time).bits(), bits, "{time:?}");
        }
    }

    #[test]
    fn a_timestamp_means_the_time_next_to_now() {
        for year in [1969, 1970, 2026, 2036, 2037, 2100, 2172] {
            let now = at((year - 1970) * 31_556_952, 123_456_789);
            for away in [-2_000_000_000_i64, -1, 0, 1, 2_000_000_000] {
                let time = if away < 0 {
                    now - Duration::from_secs(away.unsigned_abs())
                } else {
                    now + Duration::from_secs(away.unsigned_abs())
                };
                let back = Timestamp::of(time).near(now).unwrap();
                let error = back.duration_since(time).unwrap_or_else(|error| error.duration());
                assert!(error < Duration::from_nanos(2), "{year} {away}: {error:?}");
            }
        }
    }

    #[test]
    fn differences_cross_the_era() {
        let (before, after) = (Timestamp::of(at(2_085_978_495, 0)), Timestamp::of(at(2_085_978_497, 0)));
        assert!((after.since(before) - 2.0).abs() < 1e-9 && (before.since(after) + 2.0).abs() < 1e-9);
    }

    #[test]
    fn encoding_mirrors_decoding() {
        let mut bytes = [0; PACKET];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(index * 5 + 7).unwrap_or(index as u8);
        }
        assert_eq!(Packet::decode(&bytes).unwrap().encode(), bytes);
        assert_eq!(Packet::decode(&bytes[..47]), None);
    }

    #[test]
    fn a_question_is_answered_in_its_version_and_nothing_else_is() {
        for first in 0..=255_u8 {
            for length in 0..=100 {
                let mut request = vec![0xa5; length];
                if let Some(byte) = request.first_mut() {
                    *byte = first;
                }
                let is_question = length >= 48 && first & 7 == 3 && (1..=4).contains(&(first >> 3 & 7));
                let question = Question::read(&request);
                assert_eq!(question.is_some(), is_question, "{first:#04x}, {length} bytes");
                let Some(question) = question else { continue };
                let answer = question.answer(10, at(1, 0), at(1, 5));
                assert!(answer.len() <= request.len());
                assert_eq!(answer[0], first & 0x38 | MODE_SERVER);
                assert_eq!(answer[24..32], request[40..48], "our transmit timestamp comes back as the origin");
                assert!(Question::read(&answer).is_none(), "an answer is no question");
            }
        }
    }

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
    }

    /// What chronyd 4.3 sent with `-Q 'server … iburst maxsamples 1'`. Its transmit timestamp is random, so that the
    /// question tells nothing about its clock.
    #[test]
    fn chronyds_question_is_understood_byte_by_byte() {
        let question =
            bytes("2300062000000000000000000000000000000000000000000000000000000000000000000000000057abd5915f6e0c23");
        let packet = Packet::decode(&question).unwrap();
        assert_eq!((packet.leap, packet.version, packet.mode, packet.poll, packet.precision), (0, 4, 3, 6, 32));
        let answer = Question::read(&question).unwrap().answer(10, at(0, 0), at(1, 500_000_000));
        assert_eq!(
            answer.to_vec(),
            bytes("240a06ec00000000000100004c4f434c83aa7e800000000057abd5915f6e0c2383aa7e800000000083aa7e8180000000")
        );
    }

    /// What chronyd 4.3 answered as a server (`local stratum 8`), 102 microseconds away.
    #[test]
    fn chronyds_answer_is_measured() {
        let answer =
            bytes("240800e700000000000000007f7f0101eead9e6340ebcea3eead9e649d861618eead9e649d87efffeead9e649d8c857e");
        let asked = Asked { t1: Timestamp(0xeead_9e64_9d86_1618) };
        let now = UNIX_EPOCH + Duration::new(1_795_366_884, 615_499_000);
        let sample = asked.measure(&answer, now, Duration::from_micros(172)).unwrap();
        assert_eq!(sample.stratum, 8);
        assert!((sample.offset + 0.000_023).abs() < 1e-6 && (sample.delay - 0.000_102).abs() < 1e-6, "{sample:?}");
    }

    fn answered(change: impl FnOnce(&mut Packet)) -> Result<Sample, Refusal> {
        let asked = Asked::at(at(1000, 0), 7);
        let question = Question::read(&asked.packet()).unwrap();
        let mut packet = Packet::decode(&question.answer(2, at(1002, 0), at(1003, 0))).unwrap();
        change(&mut packet);
        asked.measure(&packet.encode(), at(1001, 500_000_000), Duration::from_millis(1500))
    }

    #[test]
    fn offset_and_delay_are_those_of_the_rfc() {
        let sample = answered(|_| {}).unwrap();
        // T1 = 1000, T2 = 1002, T3 = 1003, T4 = 1001.5
        assert!((sample.offset - 1.75).abs() < 1e-3, "{sample:?}");
        assert!((sample.delay - 0.5).abs() < 1e-3, "{sample:?}");
        assert_eq!(sample.stratum, 2);
    }

    #[test]
    fn wrong_answers_are_refused_for_what_they_are() {
        assert_eq!(answered(|p| p.origin = Timestamp(1)), Err(Refusal::NotOurQuestion));
        for mode in [0, 1, 2, 3, 5, 6, 7] {
            assert_eq!(answered(|p| p.mode = mode), Err(Refusal::NoAnswer(mode)));
        }
        let kiss = |p: &mut Packet| (p.stratum, p.reference_id) = (0, *b"RATE");
        assert_eq!(answered(kiss), Err(Refusal::KissOfDeath(*b"RATE")));
        assert_eq!(answered(|p| p.leap = 3), Err(Refusal::Unsynchronised));
        assert_eq!(answered(|p| p.stratum = 16), Err(Refusal::Unsynchronised));
        assert_eq!(answered(|p| p.transmit = Timestamp(0)), Err(Refusal::Unsynchronised));
        let asked = Asked::at(at(1000, 0), 7);
        assert_eq!(asked.measure(&[0; 47], at(1000, 0), Duration::ZERO), Err(Refusal::TooShort(47)));
    }

    #[test]
    fn a_clock_that_is_set_meanwhile_is_noticed() {
        let asked = Asked::at(at(1000, 0), 0);
        let answer = Question::read(&asked.packet()).unwrap().answer(1, at(1000, 0), at(1000, 0));
        for now in [at(2000, 0), at(-5, 0), at(1000, 500_000_000)] {
            assert_eq!(asked.measure(&answer, now, Duration::from_millis(1)), Err(Refusal::ClockSet), "{now:?}");
        }
        assert!(asked.measure(&answer, at(1000, 1_000_000), Duration::from_millis(1)).is_ok());
    }
}

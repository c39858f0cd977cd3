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
//! The client notes T1 when it asks and T4 when the answer is there; the server adds T2 and T3. The origin timestamp is
//! whatever the client has sent as its transmit timestamp: T1 in the RFC, a random number here ([`Asked::at`]).
//!
//! ```text
//! server      T2 --- T3            offset = ((T2 - T1) + (T3 - T4)) / 2
//!            /         \           delay  =  (T4 - T1) - (T3 - T2)
//! client   T1           T4         (section 8)
//! ```
//!
//! Pure: bytes and times in, answers out.

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
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

/// How far a server may be from the clock that it follows, in seconds: half its root delay and its root dispersion (MAXDISP,
/// section 7.2; the test is that of section 11.2.1 and of `packet()` in appendix A.5.1.1).
const MAX_DISTANCE: f64 = 16.0;

/// What two readings of a clock may differ by though no time has passed, at least and at most: a server's precision says
/// it, and the clocks of Windows tick 64 times a second.
const FINEST: f64 = 0.001;
const COARSEST: f64 = 0.015_625;

/// A difference of the two clocks of one machine over one question beyond which somebody has set the clock: the
/// step threshold of section 11.2.1.
const STEP: f64 = 0.128;

/// How long to wait between two questions to somebody's server. Who asks more often is told to go away (the kiss of
/// death `RATE`, section 7.4); chronyd and ntpd take this pause at their start (`iburst`).
const POLITE: Duration = Duration::from_secs(2);

/// How long to wait between two questions to `server`: not at all on this machine.
pub fn pause_between(server: IpAddr) -> Duration {
    if server.to_canonical().is_loopback() { Duration::ZERO } else { POLITE }
}

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

    fn as_seconds(self) -> f64 {
        f64::from(self.0) / 65_536.0
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

    /// How far the server may be from the clock that it follows, in seconds.
    fn distance(&self) -> f64 {
        self.root_delay.as_seconds() / 2.0 + self.root_dispersion.as_seconds()
    }

    /// How coarse the server's clock is, in seconds, as far as that is believed.
    fn tick(&self) -> f64 {
        2_f64.powi(self.precision.into()).clamp(FINEST, COARSEST)
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
            // What ntpd and chronyd say of a clock of their own; four letters would be read as an address from stratum 2 on.
            reference_id: if stratum == 1 { *b"LOCL" } else { [127, 127, 1, 1] },
            reference: received,
            origin: self.0.transmit,
            receive: received,
            transmit: Timestamp::of(now),
        }
        .encode()
    }
}

/// A question of ours: what is sent as its transmit timestamp, and T1.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    sent: Timestamp,
    t1: Timestamp,
}

impl Asked {
    /// A question asked at `now`. The server only sends the transmit timestamp back, so it needs not be a time: it is
    /// `random`, from a source that nobody can guess, and nobody who does not see the question can answer it
    /// (draft-ietf-ntp-data-minimization). T1 is kept here.
    pub fn at(now: SystemTime, random: [u8; 8]) -> Self {
        Self { sent: Timestamp(u64::from_be_bytes(random)), t1: Timestamp::of(now) }
    }

    /// The packet to send.
    pub fn packet(&self) -> [u8; PACKET] {
        Packet { version: VERSION, mode: MODE_CLIENT, transmit: self.sent, ..Packet::default() }.encode()
    }

    /// Checks an answer that was there at `now`, `elapsed` after the question by a clock that nobody sets, and
    /// measures.
    ///
    /// # Errors
    /// [`Refusal`] says what is wrong with it.
    pub fn measure(&self, answer: &[u8], now: SystemTime, elapsed: Duration) -> Result<Sample, Refusal> {
        let packet = Packet::decode(answer).ok_or(Refusal::TooShort(answer.len()))?;
        // First of all whether it is an answer to our question (section 8, TEST2).
        if packet.origin != self.sent {
            return Err(Refusal::NotOurQuestion);
        }
        if packet.mode != MODE_SERVER || !(1..=VERSION).contains(&packet.version) {
            return Err(Refusal::NoAnswer(packet.mode));
        }
        if packet.stratum == 0 {
            return Err(Refusal::KissOfDeath(packet.reference_id)); // section 7.4
        }
        if packet.leap == LEAP_UNKNOWN || packet.stratum > MAX_STRATUM {
            return Err(Refusal::Unsynchronised);
        }
        let set_later = !packet.reference.is_zero() && packet.reference.since(packet.transmit) > packet.tick();
        if packet.receive.is_zero() || packet.transmit.is_zero() || set_later {
            return Err(Refusal::NoTime);
        }
        if packet.distance() >= MAX_DISTANCE {
            return Err(Refusal::TooFar);
        }
        let (t1, t2, t3, t4) = (self.t1, packet.receive, packet.transmit, Timestamp::of(now));
        if (t4.since(t1) - elapsed.as_secs_f64()).abs() > STEP {
            return Err(Refusal::ClockSet);
        }
        let (held, delay) = (t3.since(t2), t4.since(t1) - t3.since(t2));
        if held.min(delay) < -packet.tick() {
            return Err(Refusal::Impossible);
        }
        let offset = f64::midpoint(t2.since(t1), t3.since(t4));
        Ok(Sample { t1, t2, t3, t4, offset, delay, stratum: packet.stratum })
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
    /// How long the way there and back took, in seconds; it may be less than nothing by a tick of the clocks.
    pub delay: f64,
    /// How many servers away the server is from a clock.
    pub stratum: u8,
}

/// Of several samples of one server the one that most others agree with, and of those the one of the least delay. Two agree
/// where the offsets that each allows for (by half its delay to either side, and a tick) have one in common: section 11.2.1
/// in small.
pub fn best(samples: &[Sample]) -> Option<&Sample> {
    let agree = |one: &Sample, other: &Sample| {
        (one.offset - other.offset).abs() <= f64::midpoint(one.delay.abs(), other.delay.abs()) + COARSEST
    };
    let agreeing = |sample: &Sample| samples.iter().filter(|other| agree(sample, other)).count();
    let most = samples.iter().map(agreeing).max()?;
    let chosen = samples.iter().filter(|sample| agreeing(sample) == most);
    chosen.min_by(|one, other| one.delay.abs().total_cmp(&other.delay.abs()))
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
    /// A timestamp of it is no time, or it was set after it was read.
    NoTime,
    /// The server may be 16 s or more from the clock that it follows.
    TooFar,
    /// It was held for longer than it took to come, or for less than no time.
    Impossible,
    /// Our own clock was set while we waited.
    ClockSet,
}

impl Refusal {
    /// Whether the server wants no more questions.
    pub fn is_kiss(self) -> bool {
        matches!(self, Self::KissOfDeath(_))
    }

    /// Whether asking again could help: an answer to somebody else's question says nothing about ours.
    pub fn is_noise(self) -> bool {
        matches!(self, Self::TooShort(_) | Self::NotOurQuestion | Self::NoAnswer(_))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::TooShort(length) => {
                t!(
                    "an answer of {length} bytes has the wrong length: perhaps the server answers another --protocol",
                    "{length} 字节的回答，长度不对：也许服务器用的是另一种 --protocol"
                )
            }
            Self::NotOurQuestion => t!("the answer is not to our question", "回答的不是我们的问题"),
            Self::NoAnswer(mode) => {
                t!("a packet of mode {mode} is no server's answer", "模式 {mode} 的报文不是服务器的回答")
            }
            Self::KissOfDeath(code) => {
                let code = String::from_utf8_lossy(code);
                let code = crate::text::escape_line(code.trim_end_matches('\0'));
                t!("the server sends us away (kiss of death, {code})", "服务器拒绝了我们（kiss of death，{code}）")
            }
            Self::Unsynchronised => t!("the server does not know the time itself", "服务器自己也没有对过时"),
            Self::NoTime => t!("the answer has no time in it", "回答里的时间不成立"),
            Self::TooFar => {
                t!("the server says that it may be wrong by 16 s or more", "服务器自称误差可能达到 16 秒以上")
            }
            Self::Impossible => t!(
                "the server says that it held the question for longer than we waited, or for less than no time",
                "服务器说它扣住问题的时间比我们等的还长，或者还没收到就回答了"
            ),
            Self::ClockSet => t!("this machine's clock was set meanwhile", "测量时本机时钟被调过"),
        })
    }
}

impl std::error::Error for Refusal {}

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
        bytes("240a06ec00000000000100007f7f010183aa7e800000000057abd5915f6e0c2383aa7e800000000083aa7e8180000000")
    );
}

/// What chronyd 4.3 answered as a server (`local stratum 8`), 102 microseconds away.
#[test]
fn chronyds_answer_is_measured() {
    let answer =
        bytes("240800e700000000000000007f7f0101eead9e6340ebcea3eead9e649d861618eead9e649d87efffeead9e649d8c857e");
    let asked = Asked { sent: Timestamp(0xeead_9e64_9d86_1618), t1: Timestamp(0xeead_9e64_9d86_1618) };
    let now = UNIX_EPOCH + Duration::new(1_795_366_884, 615_499_000);
    let sample = asked.measure(&answer, now, Duration::from_micros(172)).unwrap();
    assert_eq!(sample.stratum, 8);
    assert!((sample.offset + 0.000_023).abs() < 1e-6 && (sample.delay - 0.000_102).abs() < 1e-6, "{sample:?}");
}

fn answered(change: impl FnOnce(&mut Packet)) -> Result<Sample, Refusal> {
    let asked = Asked::at(at(1000, 0), [7; 8]);
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

/// What is sent tells nothing of the clock, and the arithmetic has the clock to its last bit.
#[test]
fn what_is_sent_is_no_time_and_t1_is_exact() {
    let now = at(1000, 123_456_789);
    for random in [[0; 8], [255; 8], *b"whatever"] {
        let asked = Asked::at(now, random);
        assert_eq!(asked.packet()[40..], random);
        let answer = Question::read(&asked.packet()).unwrap().answer(1, now, now);
        let sample = asked.measure(&answer, now, Duration::ZERO).unwrap();
        assert_eq!((sample.t1, sample.offset, sample.delay), (Timestamp::of(now), 0.0, 0.0));
    }
}

#[test]
fn questions_to_others_are_asked_slowly() {
    for (server, pause) in [("127.0.0.1", 0), ("::1", 0), ("::ffff:127.0.0.1", 0), ("192.0.2.1", 2), ("2001:db8::1", 2)]
    {
        assert_eq!(pause_between(server.parse().unwrap()), Duration::from_secs(pause), "{server}");
    }
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
    assert_eq!(answered(|p| p.transmit = Timestamp(0)), Err(Refusal::NoTime));
    assert_eq!(answered(|p| p.receive = Timestamp(0)), Err(Refusal::NoTime));
    assert_eq!(answered(|p| p.reference = Timestamp::of(at(1004, 0))), Err(Refusal::NoTime));
    assert_eq!(answered(|p| p.root_dispersion = Short::seconds(16)), Err(Refusal::TooFar));
    assert_eq!(answered(|p| p.root_delay = Short::seconds(u16::MAX)), Err(Refusal::TooFar));
    assert!(answered(|p| p.root_dispersion = Short::seconds(15)).is_ok());
    let asked = Asked::at(at(1000, 0), [7; 8]);
    assert_eq!(asked.measure(&[0; 47], at(1000, 0), Duration::ZERO), Err(Refusal::TooShort(47)));
}

#[test]
fn a_clock_that_is_set_meanwhile_is_noticed() {
    let asked = Asked::at(at(1000, 0), [0; 8]);
    let answer = Question::read(&asked.packet()).unwrap().answer(1, at(1000, 0), at(1000, 0));
    for now in [at(2000, 0), at(-5, 0), at(1000, 500_000_000)] {
        assert_eq!(asked.measure(&answer, now, Duration::from_millis(1)), Err(Refusal::ClockSet), "{now:?}");
    }
    assert!(asked.measure(&answer, at(1000, 1_000_000), Duration::from_millis(1)).is_ok());
}

/// T1 = 1000 and T4 = 1001.5: what was held for longer than 1.5 s, or for less than nothing, was not held so.
#[test]
fn what_cannot_be_is_refused_and_a_tick_is_shown_as_it_is() {
    let held = |nanoseconds: i64, precision: i8| {
        answered(|p| {
            p.precision = precision;
            p.reference = Timestamp::default();
            p.receive = Timestamp::of(at(1002, 0));
            p.transmit = Timestamp::of(at(
                1002 + nanoseconds.div_euclid(1_000_000_000),
                nanoseconds.rem_euclid(1_000_000_000) as u32,
            ));
        })
    };
    let table = [
        (1_500_500_000, -20, Some(-0.0005)),
        (1_501_500_000, -20, None),
        (1_510_000_000, -6, Some(-0.01)),
        (1_510_000_000, 127, Some(-0.01)),
        (1_520_000_000, 127, None),
        (-500_000, -20, Some(1.5005)),
        (-1_500_000, -20, None),
        (60_000_000_000, 127, None),
    ];
    for (nanoseconds, precision, delay) in table {
        match (held(nanoseconds, precision), delay) {
            (Ok(sample), Some(delay)) => assert!((sample.delay - delay).abs() < 1e-6, "{nanoseconds}: {sample:?}"),
            (Err(Refusal::Impossible), None) => {}
            (other, _) => panic!("{nanoseconds} {precision}: {other:?}"),
        }
    }
}

#[test]
fn of_several_samples_the_one_is_taken_that_the_others_agree_with() {
    let sample = |offset: f64, delay: f64| Sample { offset, delay, ..answered(|_| {}).unwrap() };
    let chosen = |samples: &[(f64, f64)]| {
        let samples: Vec<_> = samples.iter().map(|(offset, delay)| sample(*offset, *delay)).collect();
        best(&samples).map(|best| best.offset)
    };
    assert_eq!(chosen(&[]), None);
    assert_eq!(chosen(&[(5.0, 0.1)]), Some(5.0));
    assert_eq!(chosen(&[(0.010, 0.1), (0.012, 0.05), (0.011, 0.2)]), Some(0.012), "the least delay");
    assert_eq!(chosen(&[(30.0, 0.0001), (0.010, 0.1), (0.012, 0.05)]), Some(0.012), "a lie that looks good");
    assert_eq!(chosen(&[(0.010, 0.1), (0.012, -0.05), (0.011, 0.01)]), Some(0.011), "less than nothing is not better");
}

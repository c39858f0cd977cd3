//! Datagrams as they were sent, in fewer calls.

use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::net::faults::BadNetwork;
use crate::net::{Socket, Trace};

fn of_lengths(lengths: &[usize]) -> Vec<Vec<u8>> {
    lengths.iter().zip((b'a'..=b'z').cycle()).map(|(&length, letter)| vec![letter; length]).collect()
}

#[test]
fn a_run_has_one_length_and_at_most_one_that_is_shorter_at_its_end() {
    let table: [(&[usize], usize); 10] = [
        (&[5], 1),
        (&[5, 5, 5], 3),
        (&[5, 5, 3, 5], 3),
        (&[5, 6], 1),
        (&[5, 0, 5], 1),
        (&[0, 0], 1),
        (&[0, 5], 1),
        (&[1; 100], MAX_SEGMENTS),
        (&[1200; 100], 54),
        (&[65_507, 1], 1),
    ];
    for (lengths, expected) in table {
        assert_eq!(run(&of_lengths(lengths)), expected, "{lengths:?}");
    }
}

#[test]
fn bytes_are_cut_where_the_datagrams_were() {
    assert_eq!(cut(b"abcde", 2).collect::<Vec<_>>(), [b"ab".as_slice(), b"cd", b"e"]);
    assert_eq!(cut(b"abcd", 4).collect::<Vec<_>>(), [b"abcd"]);
    assert_eq!(cut(b"", 0).collect::<Vec<_>>(), [b""], "an empty datagram");
}

fn open(host: &str, trace: &Trace, network: &BadNetwork) -> UdpSocket {
    let address = SocketAddr::new(host.parse().unwrap(), 0);
    let socket = Socket::udp(address, trace).unwrap();
    socket.bind(address).unwrap();
    let socket = socket.over(network).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
    socket
}

/// How many receives it took to get all of `datagrams`, each as it was sent and by whom.
fn receives(to: &UdpSocket, from: &UdpSocket, datagrams: &[Vec<u8>]) -> usize {
    let (mut batch, mut came, mut receives) = (Batch::default(), Vec::new(), 0);
    while came.len() < datagrams.len() {
        to.recv_batch(&mut batch).unwrap();
        receives += 1;
        for (datagram, sender) in batch.datagrams() {
            assert_eq!(sender.address, from.local_addr().unwrap());
            came.push(datagram.to_vec());
        }
    }
    assert_eq!(came, datagrams);
    receives
}

/// All lengths that meet: runs, a shorter end, an empty one, one that is longer than a link takes.
const LENGTHS: [usize; 11] = [1200, 1200, 1200, 700, 700, 0, 0, 1, 9000, 1200, 1200];

#[test]
fn all_datagrams_come_as_they_were_sent_by_every_family_and_both_kinds_of_socket() {
    for host in ["127.0.0.1", "::1"] {
        for (in_segments, out_segments) in [(true, true), (true, false), (false, true), (false, false)] {
            let choose = |socket: UdpSocket, segments| if segments { socket.in_segments() } else { socket };
            let open = |segments| choose(open(host, &Trace::off(), &BadNetwork::default()), segments);
            let (from, to) = (open(out_segments), open(in_segments));
            let datagrams = of_lengths(&LENGTHS);
            from.send_all(&datagrams, Some(to.local_addr().unwrap().into())).unwrap();
            receives(&to, &from, &datagrams);
            from.connect(to.local_addr().unwrap()).unwrap();
            from.send_all(&datagrams, None).unwrap();
            receives(&to, &from, &datagrams);
        }
    }
}

#[cfg(all(target_os = "linux", target_endian = "little"))]
#[test]
fn fifty_equal_datagrams_are_one_call_on_linux() {
    let open = || open("127.0.0.1", &Trace::off(), &BadNetwork::default()).in_segments();
    let (from, to) = (open(), open());
    assert!(from.segments, "this system has no UDP_GRO");
    let datagrams = of_lengths(&[1200; 50]);
    from.send_all(&datagrams, Some(to.local_addr().unwrap().into())).unwrap();
    assert_eq!(receives(&to, &from, &datagrams), 1);
}

#[test]
fn each_is_a_call_of_its_own_in_a_trace_and_over_a_bad_network() {
    let trace = Trace::keep("test");
    let slow = BadNetwork { delay: Some(Duration::from_millis(1)), ..BadNetwork::default() };
    for (trace, network) in [(&trace, &BadNetwork::default()), (&Trace::off(), &slow)] {
        let (from, to) = (open("127.0.0.1", trace, network).in_segments(), open("127.0.0.1", trace, network));
        let (to, datagrams) = (to.in_segments(), of_lengths(&[1200; 3]));
        from.send_all(&datagrams, Some(to.local_addr().unwrap().into())).unwrap();
        assert_eq!(receives(&to, &from, &datagrams), 3);
    }
    let calls: Vec<_> = trace.events().iter().map(|event| event.call.to_string()).collect();
    assert!(calls.join(" ").contains("sendto sendto sendto recvfrom recvfrom recvfrom"), "{calls:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn what_the_system_does_not_take_in_one_call_is_sent_one_by_one() {
    let open = || open("127.0.0.1", &Trace::off(), &BadNetwork::default()).in_segments();
    let (from, to) = (open(), open());
    // More than the UDP_MAX_SEGMENTS of today, 128: EINVAL.
    let datagrams = of_lengths(&[1; 200]);
    segments::send(from.get_ref(), &datagrams, to.local_addr().ok().map(Peer::from)).unwrap_err();
    from.send_run(&datagrams, to.local_addr().ok().map(Peer::from)).unwrap();
    receives(&to, &from, &datagrams);
}

/// On Windows what is longer than its place is an error.
#[cfg(unix)]
#[test]
fn a_crowd_is_heard_and_each_is_answered_whatever_becomes_of_the_others() {
    let open = || open("127.0.0.1", &Trace::off(), &BadNetwork::default());
    let (server, strangers) = (open(), [open(), open(), open()]);
    let addresses = strangers.each_ref().map(|stranger| Peer::from(stranger.local_addr().unwrap()));
    let mut crowd = Crowd::new(4, 8);
    for _ in 0..2 {
        for (stranger, words) in strangers.iter().zip(["first", "", "longer than a place"]) {
            stranger.send_to(words.as_bytes(), server.local_addr().unwrap()).unwrap();
        }
        let mut heard = Vec::new();
        while heard.len() < 3 {
            server.recv_crowd(&mut crowd).unwrap();
            heard.extend(crowd.datagrams().map(|(datagram, from)| (datagram.to_vec(), from)));
        }
        let expected = [b"first".as_slice(), b"", b"longer t"].map(<[u8]>::to_vec);
        assert_eq!(heard, expected.into_iter().zip(addresses).collect::<Vec<_>>());
    }
    let [first, second, third] = addresses;
    let answers =
        [(vec![1], first), (vec![2; 70_000], first), (vec![3; 70_000], second), (vec![], second), (vec![5], third)];
    let outcomes: Vec<_> = server.send_each(&answers).into_iter().map(Result::ok).collect();
    assert_eq!(outcomes, [Some(1), None, None, Some(0), Some(1)]);
    for (stranger, expected) in strangers.iter().zip([b"\x01".as_slice(), b"", b"\x05"]) {
        let mut buffer = [0; 8];
        let length = stranger.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], expected);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_crowd_that_is_there_is_one_call_on_linux_and_with_one_place_one_call_each() {
    let open = || open("127.0.0.1", &Trace::off(), &BadNetwork::default());
    let (server, stranger) = (open(), open());
    let answers = vec![(b"hi".to_vec(), server.local_addr().unwrap().into()); 5];
    for (places, expected) in [(4, vec![4, 1]), (1, vec![1; 5])] {
        stranger.send_each(&answers).into_iter().for_each(|sent| assert_eq!(sent.unwrap(), 2));
        let mut crowd = Crowd::new(places, 8);
        for count in expected {
            server.recv_crowd(&mut crowd).unwrap();
            assert_eq!(crowd.datagrams().count(), count);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn each_of_a_crowd_is_answered_from_where_it_asked_time_after_time() {
    for (everywhere, asked) in [("0.0.0.0:0", "127.0.0.2"), ("[::]:0", "127.0.0.2"), ("[::]:0", "::1")] {
        let everywhere = everywhere.parse().unwrap();
        let mut server = Socket::udp(everywhere, &Trace::off()).unwrap();
        server.set_packet_info(everywhere).unwrap();
        server.bind(everywhere).unwrap();
        let server = server.datagrams().unwrap();
        server.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
        let stranger = open(if asked == "::1" { "::1" } else { "127.0.0.1" }, &Trace::off(), &BadNetwork::default());
        stranger.connect(SocketAddr::new(asked.parse().unwrap(), server.local_addr().unwrap().port())).unwrap();
        let mut crowd = Crowd::new(4, 8);
        for question in 0..6_u8 {
            stranger.send_all(&[vec![question], vec![question + 100]], None).unwrap();
            let mut answered = 0;
            while answered < 2 {
                server.recv_crowd(&mut crowd).unwrap();
                let answers: Vec<_> = crowd.datagrams().map(|(bytes, from)| (bytes.to_vec(), from)).collect();
                let one_call = if answers.len() > 1 { server.send_first(&answers) } else { 0 };
                assert!(server.send_each(&answers[one_call..]).iter().all(Result::is_ok));
                assert!(one_call == answers.len() || answers.len() == 1, "all of one address leave in one call");
                answered += answers.len();
            }
            // Connected, it hears nobody but whom it asked.
            for expected in [question, question + 100] {
                let mut answer = [0];
                assert_eq!((stranger.recv(&mut answer).unwrap(), answer), (1, [expected]));
            }
        }
    }
}

#[test]
fn what_cannot_be_sent_is_told_and_keeps_nothing_back() {
    let open = || open("127.0.0.1", &Trace::off(), &BadNetwork::default()).in_segments();
    let (from, to) = (open(), open());
    let mut datagrams = of_lengths(&[1200, 70_000, 70_000, 1200, 1200]);
    from.send_all(&datagrams, Some(to.local_addr().unwrap().into())).unwrap_err();
    datagrams.drain(1..3);
    receives(&to, &from, &datagrams);
}

use super::*;

#[cfg(target_endian = "little")]
#[test]
fn a_line_of_the_kernels_table_is_read() {
    let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000004 00:00000000 00000000  1000        0 24681 1";
    let expected = Socket {
        local: "127.0.0.1:8080".parse().unwrap(),
        remote: "0.0.0.0:0".parse().unwrap(),
        state: State::Listen,
        receive_queue: Some(4),
        uid: Some(1000),
    };
    assert_eq!(parse(line), Some(expected));
    let v6 = parse_address("00000000000000000000000001000000:0016");
    assert_eq!(v6, Some("[::1]:22".parse().unwrap()));
    assert_eq!(parse("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"), None);
}

#[test]
fn a_line_of_macos_is_read() {
    let line = "tcp4       3      0  127.0.0.1.8080         127.0.0.1.52682        CLOSE_WAIT ";
    let expected = Socket {
        local: "127.0.0.1:8080".parse().unwrap(),
        remote: "127.0.0.1:52682".parse().unwrap(),
        state: State::CloseWait,
        receive_queue: Some(3),
        uid: None,
    };
    assert_eq!(netstat::read(line, ""), [expected]);
    let queues = "Current listen queue sizes (qlen/incqlen/maxqlen)\nListen Local Address\n2/0/128        *.80\n";
    let read = |line: &str| {
        let found = netstat::read(line, queues);
        found.first().map(|socket| (socket.local.to_string(), socket.state, socket.receive_queue))
    };
    let told = |local: &str, state, queue| Some((local.to_string(), state, queue));
    assert_eq!(read("tcp46 0 0 *.8080 *.* LISTEN"), told("[::]:8080", State::Listen, None));
    assert_eq!(read("tcp4 0 0 *.8080 *.* LISTEN"), told("0.0.0.0:8080", State::Listen, None));
    assert_eq!(read("tcp4 0 0 *.80 *.* LISTEN"), told("0.0.0.0:80", State::Listen, Some(2)));
    assert_eq!(read("tcp6 0 0 ::1.80 ::1.49285 FIN_WAIT_2"), told("[::1]:80", State::FinWait2, Some(0)));
    assert_eq!(read("tcp6 0 0 fe80::1%lo0.80 fe80::1%lo0.4 SYN_RCVD"), told("[fe80::1]:80", State::SynRecv, Some(0)));
    assert_eq!(read("tcp4 0 0 127.0.0.1.80 127.0.0.1.5 TIME_WAIT"), told("127.0.0.1:80", State::TimeWait, Some(0)));
    for heading in [
        "Active Internet connections (including servers)",
        "Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)",
        "udp4       0      0  *.5353                 *.*",
        "tcp6       0      0  fe80::aa20:66ff:.3689  fe80::1480:41b5:.51303 CLOSE_WAIT",
    ] {
        assert_eq!(netstat::read(heading, queues), [], "{heading}");
    }
}

#[test]
fn every_state_has_the_kernels_number() {
    assert_eq!(State::of_number(0x06), Some(State::TimeWait));
    assert_eq!(State::of_number(0x0a), Some(State::Listen));
    assert_eq!((State::of_number(0), State::of_number(13)), (None, None));
    for (index, (state, _)) in State::ALL.iter().enumerate() {
        assert_eq!(*state as usize, index + 1);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn this_process_is_found_as_the_holder_of_its_listener() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    assert!(holders_of(Transport::Tcp, address.port(), Some(address.ip())).iter().any(|h| h.pid == std::process::id()));
    assert!(tcp_sockets(address.port()).unwrap().iter().any(|s| s.state == State::Listen));
    assert!(who_uses(Transport::Tcp, address).contains(&format!("kill {}", std::process::id())));
}

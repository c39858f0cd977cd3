use super::*;

#[cfg(target_endian = "little")]
#[test]
fn a_line_of_the_kernels_table_is_read() {
    let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000004 00:00000000 00000000  1000        0 24681 1";
    let expected = Socket {
        local: "127.0.0.1:8080".parse().unwrap(),
        remote: "0.0.0.0:0".parse().unwrap(),
        state: State::Listen,
        receive_queue: 4,
        uid: 1000,
        inode: 24681,
    };
    assert_eq!(parse(line), Some(expected));
    let v6 = parse_address("00000000000000000000000001000000:0016");
    assert_eq!(v6, Some("[::1]:22".parse().unwrap()));
    assert_eq!(parse("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"), None);
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
fn a_peer_of_this_user_is_told_from_nobody() {
    use std::net::{TcpListener, TcpStream, UdpSocket};
    for address in ["127.0.0.1:0", "[::1]:0", "[::ffff:127.0.0.1]:0"] {
        let listener = match TcpListener::bind(address) {
            Ok(listener) => listener,
            Err(error) if address.starts_with('[') => {
                let said = format!("NOT RUN: a peer of this user over {address}: {error}\n");
                io::Write::write_all(&mut io::stderr(), said.as_bytes()).unwrap();
                continue;
            }
            Err(error) => panic!("{address}: {error}"),
        };
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, peer) = listener.accept().unwrap();
        let own = server.local_addr().unwrap();
        let is_own = |own| {
            let found = sockets_of(Transport::Tcp, peer, own).unwrap();
            !found.is_empty() && found.iter().all(Socket::is_of_this_user)
        };
        assert!(is_own(own), "{address}");
        assert!(!is_own(SocketAddr::new(own.ip(), own.port() ^ 1)), "{address}");
        // Once both ends have closed, the client's socket is nobody's (TIME_WAIT).
        drop(client);
        drop(server);
        assert!(!is_own(own), "{address}");
    }
    let [server, bound, unbound] =
        ["127.0.0.1:0", "127.0.0.1:0", "0.0.0.0:0"].map(|address| UdpSocket::bind(address).unwrap());
    let own = server.local_addr().unwrap();
    for client in [&bound, &unbound] {
        let port = client.local_addr().unwrap().port();
        let peer = SocketAddr::from(([127, 0, 0, 1], port));
        let found = || sockets_of(Transport::Udp, peer, own).unwrap();
        let for_all = client.local_addr().unwrap().ip() == own.ip();
        assert!(matches!(&found()[..], [socket] if socket.is_of_this_user() && socket.is_bound_for_all() == for_all));
        client.connect(own).unwrap();
        assert!(matches!(&found()[..], [socket] if socket.is_of_this_user() && !socket.is_bound_for_all()));
    }
    let nobody = SocketAddr::from(([127, 0, 0, 2], bound.local_addr().unwrap().port()));
    assert_eq!(sockets_of(Transport::Udp, nobody, own), Some(Vec::new()));
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

//! What languages, browsers and curl print instead of an error's name or sentence.

use socket_demos::errors::SocketError as E;

/// What a word or sentence leads to, and how surely: a class such as `OSError` has many causes, `BrokenPipeError` one.
pub(super) type Sign = (&'static [&'static str], Leads, bool);

/// Where a sign leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leads {
    To(E),
    ToTopic(&'static str),
}

const SURE: bool = true;
const PERHAPS: bool = false;

/// Words that are names, in small letters: Python's and Java's classes, .NET's and Rust's kinds, Node's and the browsers'
/// codes.
pub(super) const NAMES: &[Sign] = &[
    (
        &["connectionreseterror", "connectionreset", "err_connection_reset", "ns_error_net_reset"],
        Leads::To(E::ConnectionReset),
        SURE,
    ),
    (&["pr_connect_reset_error"], Leads::To(E::ConnectionReset), SURE),
    (&["connectionrefusederror", "connectionrefused", "err_connection_refused"], Leads::To(E::ConnectionRefused), SURE),
    (&["ns_error_connection_refused", "portunreachableexception"], Leads::To(E::ConnectionRefused), SURE),
    (&["connectexception"], Leads::To(E::ConnectionRefused), PERHAPS),
    (&["connectionabortederror", "connectionaborted", "err_connection_aborted"], Leads::To(E::ConnectionAborted), SURE),
    (&["brokenpipeerror", "brokenpipe", "sigpipe"], Leads::To(E::BrokenPipe), SURE),
    (&["wouldblock", "eagain"], Leads::To(E::WouldBlock), SURE),
    (&["blockingioerror"], Leads::To(E::WouldBlock), PERHAPS),
    (&["interruptederror"], Leads::To(E::Interrupted), SURE),
    (
        &["permissionerror", "accessdenied", "permissiondenied", "err_network_access_denied"],
        Leads::To(E::Access),
        PERHAPS,
    ),
    (&["timeouterror", "sockettimeoutexception", "connecttimeouterror"], Leads::To(E::TimedOut), PERHAPS),
    (&["timedout", "err_connection_timed_out", "err_timed_out", "ns_error_net_timeout"], Leads::To(E::TimedOut), SURE),
    (
        &["addressalreadyinuse", "addrinuse", "err_address_in_use", "bindexception", "jvm_bind"],
        Leads::To(E::AddressInUse),
        PERHAPS,
    ),
    (&["addressnotavailable", "addrnotavailable"], Leads::To(E::AddressNotAvailable), SURE),
    (&["noroutetohostexception", "hostunreachable", "err_address_unreachable"], Leads::To(E::HostUnreachable), SURE),
    (&["networkunreachable", "err_internet_disconnected"], Leads::To(E::NetworkUnreachable), SURE),
    (&["err_network_changed", "networkreset"], Leads::To(E::NetworkReset), SURE),
    (&["networkdown"], Leads::To(E::NetworkDown), SURE),
    (&["hostdown"], Leads::To(E::HostDown), SURE),
    (&["notconnected", "err_socket_not_connected", "notyetconnectedexception"], Leads::To(E::NotConnected), SURE),
    (&["isconnected", "alreadyconnectedexception"], Leads::To(E::AlreadyConnected), SURE),
    (&["connectionpendingexception", "alreadyinprogress"], Leads::To(E::AlreadyInProgress), SURE),
    (&["notsocket"], Leads::To(E::NotASocket), SURE),
    (&["closedchannelexception", "objectdisposedexception"], Leads::To(E::BadDescriptor), SURE),
    (&["messagesize"], Leads::To(E::MessageTooLong), SURE),
    (&["nobufferspaceavailable"], Leads::To(E::NoBuffers), SURE),
    (&["toomanyopensockets"], Leads::To(E::TooManyFiles), SURE),
    (&["addressfamilynotsupported"], Leads::To(E::FamilyNotSupported), SURE),
    (&["enotsup", "operationnotsupported"], Leads::To(E::NotSupported), SURE),
    (&["enotfound", "unknownhostexception", "hostnotfound", "wsahost_not_found"], Leads::To(E::NameNotKnown), SURE),
    (&["gaierror", "herror", "getaddrinfo"], Leads::To(E::NameNotKnown), PERHAPS),
    (
        &["err_name_not_resolved", "dns_probe_finished_nxdomain", "ns_error_unknown_host"],
        Leads::To(E::NameNotKnown),
        SURE,
    ),
    (&["dns_probe_finished_no_internet", "wsatry_again", "tryagain"], Leads::To(E::NameServer), SURE),
    (&["wsano_recovery"], Leads::To(E::NameNeverFails), SURE),
    (&["wsano_data"], Leads::To(E::NameHasNoAddress), SURE),
    (
        &["err_empty_response", "err_connection_closed", "pr_end_of_file_error", "eoferror"],
        Leads::ToTopic("farewell"),
        SURE,
    ),
    (&["incompletereaderror", "unexpectedeof"], Leads::ToTopic("farewell"), PERHAPS),
    (&["remotedisconnected"], Leads::ToTopic("stale"), SURE),
    (&["unicodedecodeerror", "unicodeencodeerror"], Leads::ToTopic("characters"), SURE),
    (&["err_socket_bad_port", "overflowerror"], Leads::ToTopic("byte-order"), PERHAPS),
];

/// Sentences that no system prints.
pub(super) const SENTENCES: &[Sign] = &[
    (
        &["refused to connect", "couldn't connect to server", "拒绝了我们的连接请求"],
        Leads::To(E::ConnectionRefused),
        SURE,
    ),
    (
        &["failed to connect to", "无法连接到远程服务器", "unable to connect to the remote server"],
        Leads::To(E::ConnectionRefused),
        PERHAPS,
    ),
    (&["took too long to respond", "响应时间过长", "i/o timeout", "connect timed out"], Leads::To(E::TimedOut), SURE),
    (&["the connection has timed out", "connection timeout", "连接逾时"], Leads::To(E::TimedOut), SURE),
    (&["read timed out", "the read operation timed out", "deadline exceeded"], Leads::ToTopic("timeout"), SURE),
    (&["socket.timeout: timed out"], Leads::ToTopic("timeout"), SURE),
    (&["连接已重置", "the connection was reset"], Leads::To(E::ConnectionReset), SURE),
    (&["recv failure", "send failure"], Leads::To(E::ConnectionReset), PERHAPS),
    (
        &["could not resolve host", "couldn't resolve host", "无法解析主机", "server ip address could not be found"],
        Leads::To(E::NameNotKnown),
        SURE,
    ),
    (&["no address associated", "failed to lookup address information"], Leads::To(E::NameNotKnown), PERHAPS),
    (
        &["the specified network name is no longer available", "指定的网络名不再可用"],
        Leads::To(E::ConnectionReset),
        SURE,
    ),
    (
        &["the remote computer refused the network connection", "远程计算机拒绝网络连接"],
        Leads::To(E::ConnectionRefused),
        SURE,
    ),
    (&["the semaphore timeout period has expired", "信号灯超时时间已到"], Leads::To(E::TimedOut), SURE),
    (&["getaddrinfo failed"], Leads::To(E::NameNotKnown), SURE),
    (
        &["socket closed", "socket is closed", "use of closed network connection", "stream closed"],
        Leads::To(E::BadDescriptor),
        SURE,
    ),
    (&["port is already allocated", "port already in use", "address already in use"], Leads::To(E::AddressInUse), SURE),
    (
        &["empty reply from server", "connection closed by foreign host", "未发送任何数据"],
        Leads::ToTopic("farewell"),
        SURE,
    ),
    (
        &["connection closed by remote host", "server unexpectedly closed", "unexpected eof"],
        Leads::ToTopic("farewell"),
        SURE,
    ),
    (&["failed to fill whole buffer", "unexpected end of file"], Leads::ToTopic("farewell"), SURE),
    (
        &["socket hang up", "remote end closed connection without response", "server disconnected"],
        Leads::ToTopic("stale"),
        SURE,
    ),
    (&["upstream prematurely closed connection"], Leads::ToTopic("stale"), SURE),
    (&["filedescriptor out of range in select"], Leads::ToTopic("select-limit"), SURE),
    (&["a bytes-like object is required", "string argument without an encoding"], Leads::ToTopic("characters"), SURE),
];

/// Windows' own numbers for what sockets do, which `WinError` names where the program did not ask Windows Sockets (asyncio).
pub(super) const WINDOWS: &[(i32, Leads)] = &[
    (64, Leads::To(E::ConnectionReset)),
    (109, Leads::To(E::BrokenPipe)),
    (121, Leads::To(E::TimedOut)),
    (232, Leads::To(E::BrokenPipe)),
    (995, Leads::ToTopic("wake")),
    (997, Leads::To(E::InProgress)),
    (1225, Leads::To(E::ConnectionRefused)),
    (1231, Leads::To(E::NetworkUnreachable)),
    (1232, Leads::To(E::HostUnreachable)),
    (1236, Leads::To(E::ConnectionAborted)),
];

/// The numbers that `curl: (7)` has.
pub(super) const CURL: &[(i32, Leads)] = &[
    (6, Leads::To(E::NameNotKnown)),
    (7, Leads::To(E::ConnectionRefused)),
    (28, Leads::To(E::TimedOut)),
    (35, Leads::To(E::ConnectionReset)),
    (45, Leads::To(E::AddressNotAvailable)),
    (52, Leads::ToTopic("farewell")),
    (55, Leads::To(E::BrokenPipe)),
    (56, Leads::To(E::ConnectionReset)),
];

//! The few questions that only Windows itself answers. The one place with `unsafe`: no crate offers these safely.
#![expect(unsafe_code, reason = "a few calls of the Windows API, each on values that live on this page")]

pub(crate) mod messages;

use std::ffi::c_int;
use std::io;
use std::net::TcpStream;
use std::os::windows::io::AsRawSocket as _;
use std::time::Duration;

use windows_sys::Win32::Globalization::{GetACP, GetOEMCP};
use windows_sys::Win32::Networking::WinSock::{IPPROTO_TCP, SO_EXCLUSIVEADDRUSE, SOL_SOCKET, TCP_MAXRT, setsockopt};
use windows_sys::Win32::System::Console::{
    ENABLE_LINE_INPUT, GetConsoleCP, GetConsoleMode, GetConsoleOutputCP, GetStdHandle, STD_INPUT_HANDLE, SetConsoleMode,
};

/// The code page of what is piped into a program: the console's, or the system's where there is no console.
pub(crate) fn input_code_page() -> u32 {
    // SAFETY: both take nothing and return a number, 0 for none.
    match unsafe { GetConsoleCP() } {
        0 => unsafe { GetACP() },
        page => page,
    }
}

/// The code page that programs write: the console's, or the one of console programs where there is no console.
pub(crate) fn output_code_page() -> u32 {
    // SAFETY: both take nothing and return a number, 0 for none.
    match unsafe { GetConsoleOutputCP() } {
        0 => unsafe { GetOEMCP() },
        page => page,
    }
}

/// Nobody else may bind this socket's address, whatever options they set.
pub(crate) fn set_exclusive_address_use(socket: &socket2::Socket) -> io::Result<()> {
    let on: c_int = 1;
    let size = c_int::try_from(size_of::<c_int>()).expect("an int's size");
    let handle = usize::try_from(socket.as_raw_socket()).expect("a socket's handle is a usize");
    // SAFETY: the handle is open while `socket` is borrowed; the value is an int of the size given.
    let result = unsafe { setsockopt(handle, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (&raw const on).cast(), size) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// How long what is on its way is sent again before the connection is given up.
pub(crate) fn set_retransmission_limit(socket: &TcpStream, limit: Duration) -> io::Result<()> {
    let seconds = u32::try_from(limit.as_secs()).unwrap_or(u32::MAX);
    let size = c_int::try_from(size_of::<u32>()).expect("a number's size");
    let handle = usize::try_from(socket.as_raw_socket()).expect("a socket's handle is a usize");
    // SAFETY: the handle is open while `socket` is borrowed; the value is a DWORD of the size given.
    let result = unsafe { setsockopt(handle, IPPROTO_TCP, TCP_MAXRT, (&raw const seconds).cast(), size) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The modes of the console's input.
#[derive(Clone)]
pub(crate) struct ConsoleMode(u32);

/// The modes as they are now; `None` without a console.
pub(crate) fn save_console() -> Option<ConsoleMode> {
    let mut mode = 0;
    // SAFETY: the handle is the process's own; the mode is written to a local.
    let found = unsafe { GetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), &raw mut mode) };
    (found != 0).then_some(ConsoleMode(mode))
}

/// Puts the modes back where a line editor has left its own; says whether it did.
pub(crate) fn restore_console(saved: &ConsoleMode) -> bool {
    let raw = save_console().is_some_and(|ConsoleMode(now)| now & ENABLE_LINE_INPUT == 0);
    // SAFETY: the handle is the process's own.
    raw && saved.0 & ENABLE_LINE_INPUT != 0 && unsafe { SetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), saved.0) } != 0
}

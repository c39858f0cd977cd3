//! The shared parts of Socket Demos: what every program of the toolkit would otherwise write again.
//!
//! A program in `src/bin` is a page that shows its socket calls in order. What would hide them lives here: policies
//! (the chat room), wires (lines), and manners (errors, languages, terminals).
//!
//! # Layout
//!
//! From the command line to the socket:
//! - [`cli`]: what every program begins and ends with; [`options`]: its options; [`lang`]: English or Chinese, `t!`
//! - [`completion`]: what a shell offers at Tab
//! - [`address`]: `HOST:PORT` as people type it; [`errors`]: what the system says, with the cure
//! - [`ports`]: who holds a port, and in which TCP states
//! - [`trace`]: the sockets themselves, with every call told; [`accept`]: what `accept` may fail with
//!
//! From the socket to the screen:
//! - [`text`]: bytes and characters, escaping; [`lines`]: a byte stream cut into lines
//! - [`room`]: who is in the chat room, and who hears what
//! - [`farewell`]: closing so that nothing is lost
//!
//! Remote commands:
//! - [`seal`]: what only holders of a key can make; [`key`]: the file it is in; [`handshake`]: both ends prove that
//!   they have it
//! - [`frames`]: a byte stream cut into messages with a tag on each; [`remote`]: what the messages mean
//! - [`door`], [`deadline`], [`guard`]: strangers, and how little they can do
//! - [`shell`]: a command run within limits; [`leash`]: how it is stopped; [`outputs`]: what it writes, at the client
//! - [`reliable`]: the same over datagrams, each command run at most once, each answer whole
//! - [`manners`]: what both clients do around a command; [`log`]: what both servers tell
//!
//! Datagrams:
//! - [`datagrams`]: a UDP socket, over a network that [`faults`] makes bad on purpose
//! - [`letters`]: datagrams as messages, and whom to answer; [`contacts`]: the contact book; [`clock`]: the time as text and as 4 bytes
//! - [`sntp`]: the time with a known error, [`report`]: its arithmetic
//! - [`rarely`]: doing now and then what a flood could make happen a million times; [`lock`]: taking a mutex
//!
//! The person:
//! - [`input`]: the non-empty input loop; [`screen`]: standard output and error; [`ending`]: Ctrl-C and the terminal
//! - [`replace`]: files that are never half written; `xml`: text inside HTML and SVG
//!
//! The lab:
//! - [`lab`]: every claim of the course as an experiment; one file each in `src/lab`, all alike
//! - [`diagram`]: the traces of several programs as one sequence diagram

pub mod accept;
pub mod address;
pub mod cli;
pub mod clock;
pub mod completion;
pub mod contacts;
pub mod datagrams;
pub mod deadline;
pub mod diagram;
pub mod door;
pub mod ending;
pub mod errors;
pub mod farewell;
pub mod faults;
pub mod frames;
pub mod guard;
pub mod handshake;
pub mod input;
pub mod key;
pub mod lab;
pub mod lang;
pub mod leash;
pub mod letters;
pub mod lines;
pub mod lock;
pub mod log;
pub mod manners;
pub mod options;
pub mod outputs;
pub mod ports;
pub mod rarely;
pub mod reliable;
pub mod remote;
pub mod replace;
pub mod report;
pub mod room;
pub mod screen;
pub mod seal;
pub mod shell;
pub mod sntp;
pub mod text;
pub mod trace;
#[cfg(windows)]
mod windows;
mod xml;

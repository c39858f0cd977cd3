//! The time over UDP: what is asked ([`request`]), the protocol that tells how wrong a clock is ([`sntp`]), and what a
//! person or a program reads of it ([`report`]).

pub mod report;
pub mod request;
pub mod sntp;
mod strftime;

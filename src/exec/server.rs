//! What stands behind the pages of the two servers of commands. Most of it both use; [`pending`] and [`places`] are for
//! connections, [`commands`] is for datagrams.
//!
//! Before anything runs: [`policy`] is where they may listen, [`code`] what a textbook's client says first, [`sniff`]
//! tells a browser from one, [`pending`] keeps the connections that have proved nothing few, [`places`] those that have. What runs: [`run`] is one
//! command, [`slot`] what stops it, [`commands`] all that run over UDP, `asked` from where what they say leaves. [`audit`] is the log of it.

mod asked;
pub mod audit;
pub mod code;
pub mod commands;
pub mod pending;
pub mod places;
pub mod policy;
pub mod run;
pub mod slot;
pub mod sniff;

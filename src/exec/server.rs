//! What both servers of commands share: strangers and how little they can do, places, the running command, the log.

pub mod audit;
pub mod pending;
pub mod places;
pub mod policy;
pub mod slot;
pub mod sniff;

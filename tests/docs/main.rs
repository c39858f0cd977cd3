//! What is written beside the code is true: READMEs, limits, the package, the lists of programs, and how the
//! house is built.

#[path = "../common/mod.rs"]
mod common;

/// What cargo tells is the same on every system.
#[cfg(target_os = "linux")]
mod features;
mod limits;
mod lists;
/// What cargo tells of the package is the same on every system, and is asked once.
#[cfg(target_os = "linux")]
mod package;
mod pages;
mod programs;
mod wings;
mod words;

//! What is written beside the code is true: READMEs, limits, manuals, the package, the lists of programs.

#[path = "../common/mod.rs"]
mod common;

mod limits;
mod lists;
/// groff, mandoc and lexgrog read the pages as on Linux.
#[cfg(target_os = "linux")]
mod manuals;
/// What cargo tells of the package is the same on every system, and is asked once.
#[cfg(target_os = "linux")]
mod package;
mod pages;

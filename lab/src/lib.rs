//! The lab of Socket Demos: what TCP and UDP really do, on this system.
//!
//! # Layout
//!
//! - [`experiments`]: every claim of the course as an experiment that runs here and now; one file each, all alike
//! - [`stage`]: what an experiment's sockets are made with; `outcome`: what came of a call; [`figure`]: numbers worth a chart
//! - [`viewer`]: who watches; [`report`]: an experiment as text and JSON; [`page`]: as a page for a browser, with a `chart`
//! - [`diagram`]: the traces of several programs as one sequence diagram
//! - [`strace`]: what `strace(1)` has written about any program, as such a trace
//! - `namespace`: a network of this process's own; `capture`: what really goes over it (Linux)
//! - [`why`]: errors and symptoms as people bring them, answered
//! - [`sysctl`]: the kernel parameters that tutorials tell people to change
//! - [`completion`]: what a shell offers at Tab; `xml`: text inside HTML and SVG

#[cfg(target_os = "linux")]
pub mod capture;
mod chart;
pub mod completion;
pub mod diagram;
pub mod experiments;
pub mod figure;
#[cfg(target_os = "linux")]
pub mod namespace;
mod outcome;
pub mod page;
pub mod report;
pub mod stage;
pub mod strace;
pub mod sysctl;
pub mod viewer;
pub mod why;
mod xml;

//! What is played: every experiment that uses the network, and our programs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use crate::common::{LAB, Running};
use crate::compare::{Recorded, Strictness, Traces, difference};
use crate::{datagrams, streams};

/// How often each is played.
fn times() -> usize {
    if crate::common::matrix::has_time() { 20 } else { 2 }
}

/// Something that happens on the network, told in traces.
pub(crate) struct Scene {
    pub(crate) name: String,
    /// Whose the addresses are that no call tells.
    pub(crate) caller: &'static str,
    pub(crate) strictness: Strictness,
    pub(crate) play: Box<dyn Fn(&Traces)>,
}

/// Plays the scenes whose name has a word of the command line in it, or all. Says whether every picture was right.
pub(crate) fn play_all() -> bool {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |scene: &Scene| wanted.is_empty() || wanted.iter().any(|word| scene.name.contains(word.as_str()));
    let recorded = Recorded::start();
    let scenes = experiments().into_iter().chain(streams::scenes()).chain(datagrams::scenes());
    let failed = scenes.filter(is_wanted).filter(|scene| !play(scene, &recorded)).count();
    failed == 0
}

fn play(scene: &Scene, recorded: &Recorded) -> bool {
    for time in 1..=times() {
        let traces = Traces::new();
        recorded.take();
        if catch_unwind(AssertUnwindSafe(|| (scene.play)(&traces))).is_err() {
            println!("{} ... FAILED the {time}. time: see above", scene.name);
            return false;
        }
        if let Some(difference) = difference(&traces, &recorded.take(), scene.caller, scene.strictness) {
            println!("{} ... FAILED the {time}. time\n{difference}\n", scene.name);
            return false;
        }
    }
    println!("{} ... ok", scene.name);
    true
}

fn experiments() -> Vec<Scene> {
    let experiments = socket_lab::experiments::EXPERIMENTS.iter();
    let scene = |name: &'static str| Scene {
        name: format!("experiment {name}"),
        caller: "client",
        strictness: Strictness::All,
        play: Box::new(move |traces| {
            let file = traces.file("lab");
            let mut lab = Running::start(LAB, &["run", name, "--trace-file", file.to_str().unwrap()]);
            lab.ended_well();
        }),
    };
    let names = experiments.map(|experiment| experiment.name);
    names.filter(|name| !["characters", "pipes"].contains(name)).map(scene).collect()
}

/// The options that make a server and a client write their traces.
pub(crate) fn tracing(traces: &Traces) -> [(PathBuf, [String; 2]); 2] {
    ["server", "client"].map(|name| {
        let file = traces.file(name);
        let options = ["--trace-file".into(), file.to_str().unwrap().into()];
        (file, options)
    })
}

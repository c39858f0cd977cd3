//! What is played: every experiment that uses the network, and our programs, ended in every way.

use std::process::ExitCode;

use crate::common::{LAB, Running};
use crate::compare::{Recorded, Traces, difference};

/// How often each is played.
fn times() -> usize {
    if std::env::var_os("FLOOD").is_some() { 20 } else { 2 }
}

struct Scene {
    name: String,
    /// Whose the addresses are that no call tells.
    caller: &'static str,
    play: Box<dyn Fn(&Traces)>,
}

pub(crate) fn play_all() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let recorded = Recorded::start();
    let mut failed = 0;
    for scene in experiments() {
        if wanted.is_empty() || wanted.iter().any(|word| scene.name.contains(word.as_str())) {
            failed += usize::from(!play(&scene, &recorded));
        }
    }
    ExitCode::from(u8::from(failed > 0))
}

fn play(scene: &Scene, recorded: &Recorded) -> bool {
    for _ in 0..times() {
        let traces = Traces::new();
        recorded.take();
        (scene.play)(&traces);
        if let Some(difference) = difference(&traces, &recorded.take(), scene.caller) {
            println!("{} ... FAILED\n{difference}\n", scene.name);
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
        play: Box::new(move |traces| {
            let file = traces.file("lab");
            let mut lab = Running::start(LAB, &["run", name, "--trace-file", file.to_str().unwrap()]);
            lab.ended_well();
        }),
    };
    experiments.map(|experiment| experiment.name).filter(|name| !["characters", "pipes"].contains(name)).map(scene).collect()
}

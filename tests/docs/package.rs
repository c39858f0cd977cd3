//! What `cargo package` would hand out, and the compiler that the manifest promises to be enough.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::lists;

/// What cargo says about this package.
fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `1.88` and `1.88.0` as numbers that can be compared.
fn version(text: &str) -> Vec<u32> {
    let mut numbers: Vec<u32> = text.split('.').map(|number| number.parse().unwrap()).collect();
    numbers.resize(3, 0);
    numbers
}

/// Clippy's `incompatible_msrv`, which is on, holds our own code to it.
#[test]
fn no_dependency_asks_for_a_newer_compiler_than_we_promise() {
    let metadata: Value = serde_json::from_str(&cargo(&["metadata", "--locked", "--format-version", "1"])).unwrap();
    let promised = version(env!("CARGO_PKG_RUST_VERSION"));
    let packages = metadata["packages"].as_array().unwrap();
    let wants = |package: &Value| Some((package["name"].to_string(), version(package["rust_version"].as_str()?)));
    let known: Vec<_> = packages.iter().filter_map(wants).collect();
    assert!(known.len() > 30, "few of {} packages tell their compiler", packages.len());
    let newer: Vec<_> = known.into_iter().filter(|(_, wanted)| *wanted > promised).collect();
    assert!(newer.is_empty(), "{newer:?}");
}

/// The files of a package.
fn packed(package: &str) -> Vec<String> {
    let listed = cargo(&["package", "--locked", "--allow-dirty", "--list", "--package", package]);
    listed.lines().map(|line| line.replace('\\', "/")).collect()
}

#[test]
fn a_package_has_what_builds_it_and_explains_it_and_nothing_of_this_workshop() {
    let files = packed("socket-demos");
    let mut programs: Vec<&str> = files.iter().filter_map(|file| lists::program_of(file)).collect();
    programs.sort_unstable();
    assert_eq!(programs, lists::programs(), "{files:?}");
    for wanted in ["Cargo.lock", "README.md", "README.zh-CN.md", "LICENSE-MIT", "LICENSE-APACHE", "SECURITY.md"] {
        assert!(files.iter().any(|file| file == wanted), "{wanted} is missing: {files:?}");
    }
    for unwanted in [".ci", ".github", "release", "fuzz", "target", "man", "lab", "benches/quic"] {
        assert!(!files.iter().any(|file| Path::new(file).starts_with(unwanted)), "{unwanted}: {files:?}");
    }
}

#[test]
fn the_labs_package_has_its_library_its_program_and_what_explains_them() {
    let files = packed("socket-lab");
    for wanted in
        ["Cargo.lock", "README.md", "LICENSE-MIT", "LICENSE-APACHE", "src/lib.rs", "src/bin/socket-lab/main.rs"]
    {
        assert!(files.iter().any(|file| file == wanted), "{wanted} is missing: {files:?}");
    }
    let unwanted = files.iter().find(|file| file.starts_with("tests/") || file.starts_with("examples/"));
    assert_eq!(unwanted, None, "it takes the sources of the programs, which are not in it");
}

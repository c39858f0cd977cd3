//! What must hold of every decoder, on bytes that nobody has thought of: the properties of the fuzz targets, on their seeds,
//! on what becomes of them by a few changes, and on bytes at random. The cases are the same each time; other ones:
//! `PROPTEST_RNG_SEED=7 PROPTEST_CASES=10000 cargo test --test lab properties::`.

#[path = "../../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "the crate of the fuzz targets needs them public")]
mod fuzz;

use std::fs;
use std::path::PathBuf;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::common::root;
use fuzz::Property;

/// How many cases of each property, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 200;

/// Bytes at random are no longer than this: most decoders refuse them at once.
const LONGEST: usize = 600;

/// What the sea does to a seed.
#[derive(Clone, Debug)]
enum Change {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |index: &Index| index.index(bytes.len() + 1);
        match self {
            Self::Replace(at, byte) => {
                let at = place(at);
                bytes.splice(at..bytes.len().min(at + 1), [*byte]);
            }
            Self::Insert(at, new) => {
                let at = place(at);
                bytes.splice(at..at, new.iter().copied());
            }
            Self::Remove(at, count) => {
                let at = place(at);
                bytes.drain(at..bytes.len().min(at + count));
            }
            Self::Repeat(at, count) => {
                let at = place(at);
                let again = bytes[at..bytes.len().min(at + count)].to_vec();
                bytes.splice(at..at, again);
            }
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<Index>;
    prop_oneof![
        (index(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        (index(), vec(any::<u8>(), 1..8)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (index(), 1..64_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (index(), 1..64_usize).prop_map(|(at, count)| Change::Repeat(at, count)),
    ]
}

fn changed(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (select(seeds), vec(change(), 1..6)).prop_map(|(mut bytes, changes)| {
        for change in &changes {
            change.apply(&mut bytes);
        }
        bytes
    })
}

/// The seeds of a property, in the order of their names.
fn seeds(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = root().join("fuzz/seeds").join(name);
    let entries = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a seed").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", directory.display());
    files.into_iter().map(|file| (file.clone(), fs::read(file).expect("a seed"))).collect()
}

fn holds(name: &str, property: Property) {
    let seeds = seeds(name);
    for (file, bytes) in &seeds {
        println!("{}", file.display());
        property(bytes);
    }
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(1);
    }
    let seeds: Vec<_> = seeds.into_iter().map(|(_, bytes)| bytes).collect();
    let any_bytes = prop_oneof![3 => changed(seeds), 1 => vec(any::<u8>(), 0..LONGEST)];
    let result = TestRunner::new(config).run(&any_bytes, |bytes| {
        property(&bytes);
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{name}: {failure}"));
}

/// A test for each property.
macro_rules! properties {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                let name = stringify!($name);
                let (_, property) = fuzz::ALL.iter().find(|(other, _)| *other == name).expect("a property");
                holds(name, *property);
            }
        )*

        #[test]
        fn every_property_has_a_test_and_a_fuzz_target() {
            let all = fuzz::ALL.map(|(name, _)| name);
            assert_eq!(all, [$(stringify!($name)),*]);
            let manifest = include_str!("../../../fuzz/Cargo.toml");
            let targets: Vec<_> = manifest.split("[[bin]]\nname = \"").skip(1).collect();
            assert!(all.iter().zip(&targets).all(|(name, target)| target.starts_with(name)), "{targets:?}");
            assert_eq!(all.len(), targets.len());
        }
    };
}

properties!(
    contacts,
    diagram,
    frames,
    handshake,
    messages,
    lines,
    options,
    room,
    reliable_client,
    reliable_server,
    text,
    time
);

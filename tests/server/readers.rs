//! The properties of the fuzz targets, tested on their corpus, on inputs near it, and on random bytes.
//!
//! Catches: a panic, a hang or an allocation by an unchecked length in a parser of the wire or the disk, and
//! regressions of those that fuzzing found.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::LazyLock;

use bookline_server::changes::{self, Change};
use bookline_server::codec::Sequence;
use proptest::prelude::*;
use proptest::sample::Index;

#[path = "../../fuzz/src/lib.rs"]
mod properties;

/// The files of a target's corpus, in the order of their names.
fn corpus(reader: &str) -> Vec<Vec<u8>> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(reader).with_extension("tar");
    let mut archive = tar::Archive::new(File::open(&path).expect("the archive"));
    let files = archive.entries().expect("an archive").map(|entry| {
        let mut bytes = Vec::new();
        entry.and_then(|mut entry| entry.read_to_end(&mut bytes)).expect("a file of the archive");
        bytes
    });
    let files: Vec<_> = files.collect();
    assert!(files.len() > 10, "{} has few files", path.display());
    files
}

/// A file, or the beginning of one and the end of another, with a few bytes changed, inserted and removed.
fn near(corpus: &'static [Vec<u8>]) -> impl Strategy<Value = Vec<u8>> {
    let part = || (prop::sample::select(corpus), any::<Index>());
    let change = (any::<Index>(), any::<u8>(), 0..4_u8);
    let all = (part(), prop::option::of(part()), prop::collection::vec(change, 0..5));
    all.prop_map(|((mut bytes, end), other, changes)| {
        if let Some((other, from)) = other {
            bytes.truncate(end.index(bytes.len() + 1));
            bytes.extend_from_slice(&other[from.index(other.len() + 1)..]);
        }
        for (at, byte, how) in changes {
            let at = at.index(bytes.len() + 1);
            match (how, bytes.get_mut(at)) {
                (0, Some(there)) => *there = byte,
                (1, Some(there)) => *there ^= 1 << (byte % 8),
                (2, Some(_)) => drop(bytes.remove(at)),
                _ => bytes.insert(at, byte),
            }
        }
        bytes
    })
}

/// Random bytes hardly get past the first checks of a parser, so they are only one input in eight.
fn inputs(corpus: &'static [Vec<u8>]) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![7 => near(corpus), 1 => prop::collection::vec(any::<u8>(), 0..300)]
}

/// The default takes a second or two for all targets. A long run sets `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(10_000, |n| n.parse().expect("PROPTEST_CASES is a number"))
}

macro_rules! readers {
    ($($reader:ident),*) => {$(
        mod $reader {
            use super::*;

            static CORPUS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| corpus(stringify!($reader)));

            #[test]
            fn corpus_has_the_properties() {
                CORPUS.iter().for_each(|input| properties::$reader::check(input));
            }

            proptest! {
                #![proptest_config(ProptestConfig::with_cases(cases()))]

                #[test]
                fn inputs_near_the_corpus_have_the_properties(input in inputs(&CORPUS)) {
                    properties::$reader::check(&input);
                }
            }
        }
    )*};
}

readers!(request, framing, reply, commit, segment, snapshot);

/// A new kind needs a seed in `fuzz/src/bin/seeds.rs`, and the archive that has it.
#[test]
fn corpus_of_commits_has_every_kind_of_change() {
    let mut types = BTreeSet::new();
    for payload in corpus("commit") {
        for change in
            changes::commit::decode(&payload, Sequence(1)).map_while(Result::ok).flat_map(|c| c.changes())
        {
            let Ok(change) = change else { continue };
            let mut bytes = Vec::new();
            change.encode(&mut bytes);
            types.insert(bytes[0]);
        }
    }
    assert_eq!(types, BTreeSet::from_iter(Change::TYPES.iter().copied()));
}

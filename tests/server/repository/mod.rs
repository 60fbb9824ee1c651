//! Checks of the repository's text: circular imports, the order of the modules, replaced words, long lines,
//! pictures.
//!
//! Catches: source files that import each other in a circle of any length, a file that uses one above it in
//! docs/architecture.md, a word that the glossary replaced, a comment that is wider than 110 columns.

mod curve;
mod imports;
pub mod text;

use std::collections::BTreeMap;

use imports::Crate;

/// The directories of the crates' sources.
const CRATES: [&str; 7] = [
    "protocol/src",
    "server/src",
    "client/src",
    "loadgen/src",
    "microbench/src",
    "testkit/src",
    "server/examples/figures",
];

#[test]
fn source_files_have_no_circular_imports() {
    for name in CRATES {
        let circles = Crate::read(name).circles();
        assert!(circles.is_empty(), "{name}: these files import one another: {circles:#?}");
    }
}

/// The directories and files of a crate, in the order of docs/architecture.md. Each may use those below it.
fn rooms(of: &str) -> Vec<String> {
    let document = text::read("docs/architecture.md");
    let section = document.split("\n## ").find(|section| section.starts_with(&format!("Rooms of `{of}`")));
    let section = section.unwrap_or_else(|| panic!("docs/architecture.md has no rooms of {of}"));
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| Some(row.split_once('`')?.0.trim_end_matches('/').to_owned())).collect()
}

#[test]
fn modules_use_only_modules_below_them() {
    for name in ["protocol/src", "server/src", "client/src", "loadgen/src", "testkit/src"] {
        let rooms = rooms(name);
        let place = |file: &str| {
            let room = rooms.iter().filter(|room| file == *room || file.starts_with(&format!("{room}/")));
            let room = room.max_by_key(|room| room.len());
            let room = room.unwrap_or_else(|| panic!("docs/architecture.md has no room for {name}/{file}"));
            rooms.iter().position(|other| other == room).unwrap_or_default()
        };
        let mut upwards: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (from, to) in Crate::read(name).uses() {
            if place(from) > place(to) {
                upwards.entry(from.to_owned()).or_default().push(to.to_owned());
            }
        }
        assert!(upwards.is_empty(), "{name}: these files use files above them: {upwards:#?}");
    }
}

/// Words that the glossary replaced, where they are wrong in every meaning that this repository could have
/// for them. `fold` alone is a method of iterators, `spare` a file of the journal, and things are in effect:
/// whether these are wrong is judged by reading.
const PRIVATE_WORDS: [&str; 12] = [
    "fact",
    "facts",
    "effects",
    "folds",
    "folded",
    "folding",
    "spares",
    "story",
    "stories",
    "torn end",
    "set aside",
    "quiet one",
];

/// Beginnings of such words, for all of their forms.
const PRIVATE_BEGINNINGS: [&str; 10] =
    ["keeper", "latch", "mint", "newcomer", "seal", "unseal", "unvouch", "vouch", "weather", "witness"];

#[test]
fn replaced_words_are_not_used() {
    let mut found = Vec::new();
    for file in text::files() {
        // This file lists them.
        if file == "tests/server/repository/mod.rs" {
            continue;
        }
        for (number, line) in text::read(&file).lines().enumerate() {
            let line = line.to_lowercase();
            let words: Vec<&str> = text::words(&line).collect();
            let has = |word: &str| match word.split_once(' ') {
                None => words.contains(&word),
                Some((first, second)) => words.windows(2).any(|pair| pair == [first, second]),
            };
            let word = PRIVATE_WORDS.into_iter().find(|word| has(word));
            let beginning =
                PRIVATE_BEGINNINGS.into_iter().find(|start| words.iter().any(|word| word.starts_with(start)));
            if let Some(word) = word.or(beginning) {
                found.push(format!("{file}:{}: {word}", number + 1));
            }
        }
    }
    assert!(found.is_empty(), "the glossary has other words for these:\n{}", found.join("\n"));
}

#[test]
fn comments_are_at_most_110_columns_wide() {
    let mut long = Vec::new();
    for file in text::files().into_iter().filter(|file| file.ends_with(".rs")) {
        for (number, line) in text::read(&file).lines().enumerate() {
            let columns = line.chars().count();
            // The rows of tables cannot be wrapped.
            if columns > 110 && line.trim_start().starts_with("//") && !line.contains("//! |") {
                long.push(format!("{file}:{}: {columns} columns", number + 1));
            }
        }
    }
    assert!(long.is_empty(), "comments are at most 110 columns wide:\n{}", long.join("\n"));
}

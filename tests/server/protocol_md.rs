//! Executes the examples of protocol.md, and compares its commands and codes with the server's.
//!
//! Catches: an example with an outdated reply, a command that is missing in the document or does not exist, a
//! code that is not documented.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use bookline_protocol::Verb;
use bookline_testkit::reply::CODES;
use bookline_testkit::transcript::play_file;

fn document() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../protocol.md"))
}

#[test]
fn every_example_gets_the_documented_replies() {
    play_file(&document());
}

#[test]
fn headings_equal_the_commands() {
    let text = fs::read_to_string(document()).unwrap();
    let described: BTreeSet<&str> = text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let known: BTreeSet<&str> = Verb::ALL.iter().map(|verb| verb.as_str()).collect();
    assert_eq!(
        described, known,
        "the `### VERB` headings of protocol.md (left) and the list of commands (right)"
    );
}

#[test]
fn every_verb_has_an_example_and_every_code_is_documented() {
    let text = fs::read_to_string(document()).unwrap();
    for verb in Verb::ALL {
        let verb = verb.as_str();
        let shown = text.lines().any(|line| {
            line.strip_prefix("> ").is_some_and(|request| request.split_whitespace().next() == Some(verb))
        });
        assert!(shown, "protocol.md has no example of {verb}");
    }
    for code in CODES {
        assert!(text.contains(&format!("`{code}`")), "protocol.md does not name `{code}`");
    }
}

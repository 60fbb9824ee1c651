//! The payload of a frame: commits of facts, or the bare facts of a snapshot.

use bookline_server::journal::{Sequence, commit};

/// Panics if it breaks.
pub fn check(payload: &[u8]) {
    let mut commits = 0;
    for read in commit::decode(payload, Sequence(1)) {
        let Ok(read) = read else { break };
        commits += 1;
        assert_eq!(read.sequence, Sequence(commits));
        let facts = read.facts().take_while(Result::is_ok).count();
        // A fact has four bytes at least.
        assert!(facts * 4 <= payload.len());
    }
    assert!(commits * 20 <= payload.len() as u64);

    let mut rest = payload;
    while let Ok((fact, behind)) = commit::split_fact(rest) {
        let mut written = Vec::new();
        commit::encode_fact(&mut written, &fact);
        assert_eq!(written, &rest[..rest.len() - behind.len()]);
        rest = behind;
    }
}

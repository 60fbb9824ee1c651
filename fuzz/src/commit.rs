//! The payload of a frame: commits of changes, or the bare changes of a snapshot.

use bookline_protocol::Id;
use bookline_server::changes::{Change, commit};
use bookline_server::codec::Sequence;
use bookline_server::domain::account::Actor;

/// Panics if a property does not hold.
pub fn check(payload: &[u8]) {
    let mut commits = 0;
    for read in commit::decode(payload, Sequence(1)) {
        let Ok(read) = read else { break };
        commits += 1;
        assert_eq!(read.sequence, Sequence(commits));
        let is_valid = |actor: Actor<'_>| actor.account.0 > 0 && Id::new(actor.name).is_ok();
        assert!(read.actor.is_none_or(is_valid), "{:?}", read.actor);
        let changes = read.changes().take_while(Result::is_ok).count();
        // A change has at least four bytes.
        assert!(changes * 4 <= payload.len());
    }
    assert!(commits * 20 <= payload.len() as u64);

    let mut rest = payload;
    while let Ok((change, behind)) = Change::split(rest) {
        let mut written = Vec::new();
        change.encode(&mut written);
        let read = &rest[..rest.len() - behind.len()];
        assert!(!Change::TYPES.contains(&read[0]) || written == read, "{read:?} is written as {written:?}");
        // An earlier type is written as the one of today.
        assert_eq!(Change::split(&written), Ok((change, &[][..])));
        rest = behind;
    }
}

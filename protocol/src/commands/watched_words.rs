//! The arguments of WATCH and UNWATCH: what is watched.

use std::collections::HashSet;

use super::arguments::{Args, validated};
use crate::limits::WATCHED_MAX;
use crate::refusal::Refusal;
use crate::watched::Watched;

/// Takes all arguments. Each of them is returned once, in the order of their first mention.
pub(super) fn parse_watched<'a>(args: &mut Args<'a>) -> Result<Vec<Watched<'a>>, Refusal> {
    let mut watched = Vec::new();
    while args.has_next()? {
        if watched.len() == WATCHED_MAX {
            return Err(Refusal::bad_request(format!(
                "a line names {WATCHED_MAX} things to watch at the most: write events, calendars or all, or \
                 watch the others over another connection"
            )));
        }
        watched.push(validated("what", args.next_word("what")?, Watched::new)?);
    }
    if watched.len() > 1 {
        let mut seen = HashSet::with_capacity(watched.len());
        watched.retain(|one| seen.insert(one.clone()));
    }
    Ok(watched)
}

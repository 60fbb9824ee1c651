//! WATCH.

use bookline_protocol::commands::Watch;
use bookline_protocol::commands::watch::write_watch_reply;
use bookline_protocol::limits::WATCHED_MAX;
use bookline_protocol::{Refusal, Watched};

use super::chunk_status::CHUNK_BYTES_MAX;
use super::command::Command;
use super::execution_status::ExecutionStatus;
use super::service::Service;
use super::turn::Turn;
use crate::codec::Sequence;
use crate::feed::Watcher;
use crate::state::{NoShare, UnusedKey};

impl Command for Watch<'_> {
    fn execute(&self, turn: &mut Turn, service: &Service, _: Option<UnusedKey<'_>>) -> ExecutionStatus {
        let last = service.store.last(&mut turn.context);
        let watching = turn.watcher.as_deref().map_or(&[][..], Watcher::watching);
        if let Err(refusal) = check(self, service, watching, last) {
            return turn.refuse(refusal);
        }
        let bytes: usize = watching.iter().chain(&self.watched).map(word_bytes_max).sum();
        if bytes > CHUNK_BYTES_MAX
            && let Err(NoShare(bytes)) = turn.shares.acquire_large(service)
        {
            return ExecutionStatus::NeedsShare(bytes);
        }
        let after = self.since.map_or(last, Sequence);
        let new = || Watcher::new(&service.feed, after, self.since.is_some()).into();
        let watcher = turn.watcher.get_or_insert_with(new);
        let after = watcher.add(&self.watched, after, self.tickets);
        write_watch_reply(&mut turn.replies, after.0, watcher.watching().iter());
        ExecutionStatus::Complete
    }
}

/// Refuses a request of a connection that watches these already. `last` is the last commit.
fn check(
    request: &Watch<'_>,
    service: &Service,
    watching: &[Watched<'_>],
    last: Sequence,
) -> Result<(), Refusal> {
    if let Some(since) = request.since {
        if !watching.is_empty() {
            return Err(Refusal::bad_request(
                "since= is for a connection that watches nothing yet: leave it out, or UNWATCH first",
            ));
        }
        if since > last.0 {
            return Err(Refusal::beyond_last_commit(since, last.0));
        }
        let oldest = service.feed.oldest();
        if since < oldest.0 {
            return Err(Refusal::gone(since, oldest.0));
        }
    }
    let new = request.watched.iter().filter(|one| !watching.contains(one)).count();
    let requested = watching.len() + new;
    if requested > WATCHED_MAX {
        let message = format!(
            "a connection watches at most {WATCHED_MAX} events and people, and this one would watch \
             {requested}: UNWATCH some, watch events, calendars or all, or open another connection"
        );
        return Err(Refusal::limit(message, WATCHED_MAX as u64, requested as u64));
    }
    Ok(())
}

/// The bytes that something watched takes in a reply, at the most.
fn word_bytes_max(watched: &Watched<'_>) -> usize {
    const PUNCTUATION: usize = r#""","#.len();
    const PREFIX: usize = "calendars".len();
    let id = match watched {
        Watched::Event(id) | Watched::Person(id) => id.as_str().len(),
        Watched::Events | Watched::Calendars | Watched::All => 0,
    };
    PUNCTUATION + PREFIX + id
}

//! Where a watcher goes over from one source of changes to another, or ends.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bookline_protocol::{Slot, Watched};
use bookline_server::changes::BlockTaken;
use bookline_server::codec::Sequence;
use bookline_server::domain::account::{AccountNumber, Actor};
use bookline_server::feed::{self, Feed, Watcher};
use bookline_server::state::StateLimits;
use bookline_server::storage::log::Log;
use bookline_testkit::in_memory::Server;
use bookline_testkit::{ChangeLine, MemoryLog};
use serde_json::Value;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

/// Longer than a watcher may take to keep up.
const LONG: Duration = Duration::from_secs(2);

/// A server in memory whose log is followed. The clock of the test is paused: it goes on when all tasks wait.
struct Followed {
    server: Server,
    feed: Arc<Feed>,
    _following: AbortOnDropHandle<()>,
}

impl Followed {
    fn new() -> Self {
        let server = Server::on(MemoryLog::default(), 1, StateLimits::NONE);
        let feed = Arc::new(Feed::new(server.log.clone(), Sequence(0)));
        let following = AbortOnDropHandle::new(tokio::spawn(feed::run(feed.clone())));
        Self { server, feed, _following: following }
    }

    /// Makes meetings of many people, with 100 KiB of lines for each.
    fn meet(&mut self, count: usize) {
        let group: Vec<String> = (0..190).map(|nth| format!("person-with-a-long-id-{nth:0>38}")).collect();
        for _ in 0..count {
            let date = 1 + self.server.log.appended().0;
            let line = format!(
                "MEET host 01-01-{} 09:00 Plans {} every=day count=3\n",
                2000 + date,
                group.join(",")
            );
            assert!(self.server.execute(line.as_bytes())[0].is_ok());
        }
    }

    fn watcher(&self, since: u64, replays: bool) -> Watcher {
        let mut watcher = Watcher::new(&self.feed, Sequence(since), replays);
        watcher.add(&[Watched::All], Sequence(since), false);
        watcher
    }
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(test);
}

fn written(watcher: &mut Watcher) -> Vec<ChangeLine> {
    let mut out = Vec::new();
    watcher.write(&mut out, 32 << 10);
    let text = String::from_utf8(out).expect("text");
    text.lines().map(|line| ChangeLine::decode(line).expect("a change")).collect()
}

/// Writes lines up to the last line of this commit.
async fn written_through(watcher: &mut Watcher, sequence: u64) -> Vec<ChangeLine> {
    let mut changes: Vec<ChangeLine> = Vec::new();
    while changes.last().is_none_or(|change| change.sequence < sequence || !change.is_end()) {
        watcher.ready().await;
        changes.extend(written(watcher));
        let last = changes.last().map(ChangeLine::kind);
        assert!(last.is_none_or(|kind| kind == "meeting_made"), "{last:?} after {} lines", changes.len());
    }
    changes
}

#[test]
fn a_watcher_of_something_quiet_is_not_behind_after_a_burst() {
    run(async {
        let mut followed = Followed::new();
        let mut watcher = followed.watcher(0, false);
        sleep(LONG).await;
        // More than its queue holds, before it can take any of it.
        followed.meet(10);
        sleep(LONG / 8).await;
        assert_eq!(written_through(&mut watcher, 10).await.len(), 30);
    });
}

#[test]
fn a_watcher_that_takes_nothing_for_long_is_told_of_its_gap() {
    run(async {
        let mut followed = Followed::new();
        let mut watcher = followed.watcher(0, false);
        followed.meet(1);
        assert_eq!(written_through(&mut watcher, 1).await.len(), 3);
        followed.meet(10);
        sleep(LONG).await;
        watcher.sent();
        let gap = written(&mut watcher).remove(0);
        assert_eq!((gap.kind(), gap.sequence, watcher.is_closed()), ("gap", 1, true));
    });
}

/// It would fail if the line of a commit, which watchers share, named the account to all or none of them.
#[test]
fn account_of_a_commit_is_shown_to_who_may_see_it() {
    run(async {
        let followed = Followed::new();
        let (mut organizer, mut seller) = (followed.watcher(0, false), followed.watcher(0, false));
        organizer.set_shows_by(true);
        let anna = Actor { account: AccountNumber(1), name: "anna" };
        let append = |actor| {
            let slot = Slot { date: "2027-01-15".parse().unwrap(), hour: "09:00".parse().unwrap() };
            let block = BlockTaken { slot, who: "F1" }.into();
            followed.server.log.append(0, actor, &[block]).expect("an open log").sequence
        };
        for actor in [None, Some(anna)] {
            let sequence = append(actor);
            followed.feed.matched(sequence).await;
        }
        let by = |changes: Vec<ChangeLine>| -> Vec<Value> {
            changes.iter().map(|change| change.body["by"].clone()).collect()
        };
        assert_eq!(by(written(&mut organizer)), [Value::Null, "anna".into()]);
        assert_eq!(by(written(&mut seller)), [Value::Null, Value::Null]);

        // Another role counts from the next line.
        organizer.set_shows_by(false);
        seller.set_shows_by(true);
        let sequence = append(Some(anna));
        followed.feed.matched(sequence).await;
        assert_eq!(by(written(&mut organizer)), [Value::Null]);
        assert_eq!(by(written(&mut seller)), ["anna"]);

        // From the log.
        for shows_by in [false, true] {
            let mut watcher = followed.watcher(0, true);
            watcher.set_shows_by(shows_by);
            let mut changes = Vec::new();
            while changes.len() < 3 {
                watcher.ready().await;
                changes.extend(written(&mut watcher));
            }
            let expected = if shows_by { Value::from("anna") } else { Value::Null };
            assert_eq!(by(changes), [Value::Null, expected.clone(), expected]);
        }
    });
}

#[test]
fn a_watcher_has_not_shown_what_its_queue_did_not_hold() {
    run(async {
        let mut followed = Followed::new();
        let mut watcher = followed.watcher(0, false);
        followed.meet(10);
        followed.feed.matched(Sequence(10)).await;
        assert!(!watcher.has_shown(Sequence(1)), "nothing was shown");
        assert_eq!(written_through(&mut watcher, 10).await.len(), 30);
        written(&mut watcher);
        assert!(watcher.has_shown(Sequence(10)));
    });
}

#[test]
fn what_was_matched_before_a_queue_is_filled_is_not_promised() {
    run(async {
        let mut followed = Followed::new();
        followed.meet(2);
        let mut watcher = followed.watcher(2, false);
        // Others commit, and are matched, after the connection has looked at the last commit.
        followed.meet(3);
        sleep(LONG / 8).await;
        written_through(&mut watcher, 5).await;
        let mut other = Watcher::new(&followed.feed, Sequence(2), false);
        let after = other.add(&[Watched::Calendars], Sequence(2), false);
        assert_eq!(after, Sequence(5));
        followed.meet(1);
        let changes = written_through(&mut other, 6).await;
        assert!(changes.iter().all(|change| change.sequence == 6), "{changes:?}");
    });
}

//! A change is never shown that a crash takes back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bookline_protocol::Watched;
use bookline_server::codec::Sequence;
use bookline_server::feed::{self, Feed, Watcher};
use bookline_server::state::StateLimits;
use bookline_server::storage::log::Log;
use bookline_testkit::in_memory::Server;
use bookline_testkit::seeds::for_each_seed;
use bookline_testkit::{ChangeLine, HANG_TIMEOUT, MemoryLog, Rng};
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

/// The number of scenarios by default: less than a second.
const SCENARIOS: u64 = 40;

const STEPS: usize = 60;

/// A watcher without a connection, which is shown all.
struct Shown {
    watcher: Watcher,
    lines: Vec<String>,
    /// How many of these lines are those of complete commits.
    complete: usize,
    place: Sequence,
}

impl Shown {
    fn begin(feed: &Arc<Feed>) -> Self {
        Self { watcher: watcher(feed, Sequence(0)), lines: Vec::new(), complete: 0, place: Sequence(0) }
    }

    /// Ends the connection, and goes on with another one.
    fn resume(&mut self, feed: &Arc<Feed>) {
        self.lines.truncate(self.complete);
        self.watcher = watcher(feed, self.place);
    }

    /// Takes what is written until there are so many bytes.
    fn take(&mut self, bytes: usize) {
        let mut out = Vec::new();
        self.watcher.write(&mut out, bytes);
        for line in String::from_utf8(out).expect("text").lines() {
            let change = ChangeLine::decode(line).expect("a change");
            assert_ne!(change.kind(), "gap", "after {:?}", self.place);
            if change.kind() != "progress" {
                self.lines.push(line.to_owned());
            }
            if change.is_end() {
                assert!(change.sequence >= self.place.0, "{line} after {:?}", self.place);
                (self.complete, self.place) = (self.lines.len(), Sequence(change.sequence));
            }
        }
    }

    /// Takes what comes up to this commit, and what else is there then.
    async fn take_through(&mut self, sequence: Sequence) {
        let begun = Instant::now();
        // Progress comes meanwhile, as the clock goes on while others read the log.
        while self.place < sequence {
            assert!(begun.elapsed() < HANG_TIMEOUT, "only {:?} of {sequence:?} was shown", self.place);
            self.watcher.ready().await;
            self.take(usize::MAX);
        }
        // The clock is paused: it goes on when all tasks wait.
        sleep(Duration::from_millis(100)).await;
        self.take(usize::MAX);
        assert_eq!(self.place, sequence);
    }
}

fn watcher(feed: &Arc<Feed>, since: Sequence) -> Watcher {
    let mut watcher = Watcher::new(feed, since, true);
    watcher.add(&[Watched::All], since, true);
    watcher
}

fn follow(feed: &Arc<Feed>) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(feed::run(feed.clone())))
}

fn line(rng: &mut Rng, nth: usize) -> String {
    match rng.below(8) {
        0 => format!("CREATE Event 2026-12-31 100 id=e{nth}"),
        1 => "BOOK jazz 1 rock 2 for=Ada".to_owned(),
        2 => "HOLD jazz 1".to_owned(),
        3 => format!("BLOCK F1 {} 10:00 hours=2", date(nth)),
        4 => format!("MEET F2 {} 09:00 Plans F3,F4 every=day count=2", date(2 * nth)),
        5 => format!("UPDATE rock tickets={}", 1_000 + nth),
        _ => "BOOK jazz 2".to_owned(),
    }
}

fn date(nth: usize) -> String {
    format!("{:02}-{:02}-2027", 1 + nth % 28, 1 + nth / 28 % 12)
}

#[test]
fn a_change_that_is_not_durable_is_not_shown() {
    for_each_seed(SCENARIOS, |seed| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime").block_on(run(Rng::new(seed)));
    });
}

async fn run(mut rng: Rng) {
    let mut server = Server::on(MemoryLog::held(), 1, StateLimits::NONE);
    let mut feed = Arc::new(Feed::new(server.log.clone(), Sequence(0)));
    let mut following = follow(&feed);
    let mut shown = Shown::begin(&feed);
    server.execute(b"CREATE Jazz 2026-12-31 1000 id=jazz\nCREATE Rock 2026-12-31 1000 id=rock\n");
    for nth in 0..STEPS {
        server.execute(format!("{}\n", line(&mut rng, nth)).as_bytes());
        if rng.one_in(4) {
            server.log.limit_recent(rng.below(4) as u64);
        }
        if rng.one_in(3) {
            server.log.sync();
        }
        match rng.below(6) {
            0 => shown.take_through(server.log.durable()).await,
            1 | 2 => {
                let wait = Duration::from_millis(rng.below(30) as u64);
                _ = timeout(wait, shown.watcher.ready()).await;
                shown.take(rng.below(600));
            }
            3 => shown.resume(&feed),
            _ => sleep(Duration::from_millis(rng.below(30) as u64)).await,
        }
        let durable = server.log.durable();
        assert!(shown.place <= durable, "{:?} was shown, and {durable:?} is durable", shown.place);
        if rng.one_in(12) {
            server.execute(format!("CREATE Lost 2026-12-31 1 id=lost{nth}\n").as_bytes());
            shown.take_through(durable).await;
            server.restart();
            feed = Arc::new(Feed::new(server.log.clone(), Sequence(0)));
            following = follow(&feed);
            check_all(&feed, &shown).await;
            shown.resume(&feed);
        }
    }
    server.log.sync();
    shown.take_through(server.log.appended()).await;
    check_all(&feed, &shown).await;
    drop(following);
}

/// Compares what was shown with what another watcher is shown of all commits.
async fn check_all(feed: &Arc<Feed>, shown: &Shown) {
    let mut all = Shown::begin(feed);
    all.take_through(feed.position().max(shown.place)).await;
    assert_eq!(shown.lines[..shown.complete], all.lines);
}

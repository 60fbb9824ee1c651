//! The log of members, over a stream in memory.
//!
//! Catches: a commit that is acknowledged and not in the stream; a deposed leader that acknowledges or shows
//! anything; changes that wait for ever for a stream that does not answer; a standby that applies another
//! order; a reader that misses a commit.

mod member;
mod memory_stream;

use std::time::Duration;

use bookline_server::codec::Sequence;
use bookline_server::storage::log::{AppendError, Log, LogExt};
use bookline_server::storage::replicated::boot_time::BootTime;
use bookline_server::storage::replicated::lease::Lease;
use bookline_server::storage::replicated::log::{End, Role};
use bookline_testkit::HANG_TIMEOUT;
use tokio::time::timeout;

use member::{Member, Told};
use memory_stream::Messages;

/// Appends a commit, which the tests tell by its time.
fn append(member: &Member, micros: i64) -> Result<Sequence, AppendError> {
    member.log.append(micros, None, &[]).map(|appended| appended.sequence)
}

async fn settle(member: &Member, through: Sequence) {
    timeout(HANG_TIMEOUT, member.log.wait_durable(through)).await.expect("the stream answers");
}

/// Waits until a standby has applied this commit.
async fn follow(member: &Member, through: Sequence) {
    let mut published = member.log.published();
    let reached = published.wait_for(|published| *published >= through);
    timeout(HANG_TIMEOUT, reached).await.expect("it follows").expect("its log exists");
}

fn commits(times: impl IntoIterator<Item = i64>) -> Vec<Told> {
    times.into_iter().map(Told::Commit).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_leader_appends_is_applied_by_standbys_in_its_order() {
    let messages = Messages::default();
    let leader = Member::start(&messages);
    leader.leads().await;
    assert_eq!(leader.told(), [Told::Leads(None)]);
    let standby = Member::start(&messages);
    assert_eq!(append(&standby, 1), Err(AppendError::Closed), "a standby appends nothing");
    let mut last = Sequence(0);
    for micros in 1..=500 {
        last = append(&leader, micros).expect("it leads");
        if micros % 100 == 0 {
            settle(&leader, last).await;
        }
    }
    follow(&standby, last).await;
    assert_eq!(standby.told(), commits(1..=500));
    assert_eq!((standby.log.appended(), standby.log.durable()), (last, last));
    assert!(leader.log.leads() && !standby.log.leads());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_commit_is_read_from_the_stream_from_any_place() {
    let messages = Messages::default();
    let leader = Member::start(&messages);
    leader.leads().await;
    for micros in 1..=300 {
        let sequence = append(&leader, micros).expect("it leads");
        settle(&leader, sequence).await;
    }
    let log = leader.log.clone();
    let read = tokio::task::spawn_blocking(move || {
        for after in [0, 1, 7, 150, 299, 300] {
            let mut times = Vec::new();
            let replayed = log.replay(Sequence(after), &mut |commit| {
                times.push(commit.micros);
                Ok(())
            });
            replayed.expect("the stream answers");
            assert_eq!(times, (after as i64 + 1..=300).collect::<Vec<_>>(), "after {after}");
        }
    });
    timeout(HANG_TIMEOUT, read).await.expect("it does not hang").expect("it does not panic");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn member_that_starts_late_applies_everything_in_order_and_once() {
    let messages = Messages::default();
    let leader = Member::start(&messages);
    leader.leads().await;
    let mut last = Sequence(0);
    for micros in 1..=200 {
        last = append(&leader, micros).expect("it leads");
        settle(&leader, last).await;
    }
    assert!(messages.lock().expect("no panic").len() >= 200, "each commit has a message");
    let late = Member::start(&messages);
    timeout(HANG_TIMEOUT, late.log.current()).await.expect("it reads everything");
    follow(&late, last).await;
    assert_eq!(late.told(), commits(1..=200));
    let next = append(&leader, 201).expect("it leads");
    follow(&late, next).await;
    assert_eq!(late.told(), commits(1..=201));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deposed_leader_acknowledges_and_confirms_nothing_more() {
    let messages = Messages::default();
    let old = Member::start(&messages);
    old.leads().await;
    let durable = append(&old, 1).expect("it leads");
    settle(&old, durable).await;
    let new = Member::start(&messages);
    follow(&new, durable).await;

    old.stream.cut(true);
    let lost = append(&old, 2).expect("it does not know yet");
    let log = old.log.clone();
    let acknowledged = tokio::spawn(async move { log.wait_durable(lost).await });
    new.leads().await;
    assert_eq!(new.told(), [Told::Commit(1), Told::Leads(Some(1))]);
    let next = append(&new, 3).expect("it leads");
    settle(&new, next).await;
    assert_eq!(next, lost, "they are two commits of one number");

    let (log, looked) = (old.log.clone(), BootTime::now());
    assert!(!log.is_confirmed(|confirmed| Lease::proves(confirmed, looked)));
    old.stream.cut(false);
    assert!(matches!(old.ended().await, End::Deposed));
    assert_eq!(log.current_role(), Role::Ended);
    assert!(!log.is_confirmed(|_| true), "no lease is left");
    assert_eq!(log.append(4, None, &[]), Err(AppendError::Closed));
    assert!(!acknowledged.is_finished());
    acknowledged.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_refused_while_the_stream_does_not_answer_and_what_was_sent_is_decided_later() {
    let messages = Messages::default();
    let leader = Member::start(&messages);
    leader.leads().await;
    leader.stream.cut(true);
    let sent = append(&leader, 1).expect("it is not known yet that the stream is silent");
    let deadline = tokio::time::Instant::now() + HANG_TIMEOUT;
    let refused = loop {
        assert!(tokio::time::Instant::now() < deadline, "changes are never refused");
        match append(&leader, 2) {
            Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, AppendError::Unavailable { seconds: 0 }, "after {:?}", member::UNDECIDED_MAX);
    timeout(HANG_TIMEOUT, leader.log.capacity()).await.expect("who waits for capacity learns it");
    assert!(leader.log.durable() < sent);

    leader.stream.cut(false);
    settle(&leader, leader.log.appended()).await;
    append(&leader, 3).expect("the stream answers again");
    assert_eq!(leader.told(), [Told::Leads(None)], "it has led all the time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn barrier_is_confirmed_by_an_append_that_was_sent_after_it_was_wanted() {
    let messages = Messages::default();
    let leader = Member::start(&messages);
    leader.leads().await;
    let before = messages.lock().expect("no panic").len();
    let looked = BootTime::now();
    let confirmed = leader.log.confirm(|confirmed| Lease::proves(confirmed, looked));
    timeout(HANG_TIMEOUT, confirmed).await.expect("a heartbeat is appended");
    assert!(messages.lock().expect("no panic").len() > before);

    leader.stream.cut(true);
    let looked = BootTime::now();
    let confirmed = leader.log.confirm(|confirmed| Lease::proves(confirmed, looked));
    assert!(timeout(Duration::from_millis(50), confirmed).await.is_err(), "nothing confirms it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn close_waits_for_what_was_appended() {
    let messages = Messages::default();
    let leader = Member::start(&messages);
    leader.leads().await;
    let mut last = Sequence(0);
    for micros in 1..=100 {
        last = append(&leader, micros).expect("it leads");
    }
    let log = leader.log.clone();
    log.close().expect("it has no failure");
    assert_eq!(append(&leader, 101), Err(AppendError::Closed));
    assert!(matches!(leader.ended().await, End::Closed));
    assert_eq!(log.durable(), last);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn member_ends_at_a_commit_that_does_not_fit_and_at_a_stream_that_has_lost_messages() {
    let messages = Messages::default();
    let leader = Member::start(&messages);
    leader.leads().await;
    for micros in 1..=5 {
        let sequence = append(&leader, micros).expect("it leads");
        settle(&leader, sequence).await;
    }
    let end = Member::that_contradicts(&messages, 4).ended().await.to_string();
    assert_eq!(end, "commit 4 of the log contradicts those before it: it does not fit");

    leader.log.close().expect("it has no failure");
    leader.ended().await;
    let held = messages.lock().expect("no panic").len() as u64;
    let end = Member::that_has_seen(&messages, held + 1).ended().await.to_string();
    let expected =
        format!("the stream ends with message {held}, and this server has seen message {}", held + 1);
    assert!(end.starts_with(&expected), "{end}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leader_that_resigns_appends_what_was_decided_and_a_standby_leads_at_once() {
    let messages = Messages::default();
    let old = Member::start(&messages);
    old.leads().await;
    let new = Member::start(&messages);
    timeout(HANG_TIMEOUT, new.log.current()).await.expect("it reads everything");
    let mut last = Sequence(0);
    for micros in 1..=100 {
        last = append(&old, micros).expect("it leads");
    }
    let (log, looked) = (old.log.clone(), BootTime::now());
    log.resign();
    let confirmed = log.confirm(|confirmed| Lease::proves(confirmed, looked));
    timeout(HANG_TIMEOUT, confirmed).await.expect("the resignation proves what was looked up before it");
    timeout(HANG_TIMEOUT, log.wait_durable(last)).await.expect("what was decided is appended");
    assert!(matches!(old.ended().await, End::Resigned { term: 1 }));
    assert!(!log.has_lease() && !log.is_confirmed(|_| true));
    assert_eq!(log.append(101, None, &[]), Err(AppendError::Closed));
    new.leads().await;
    assert_eq!(new.log.appended(), last);
    append(&new, 102).expect("it leads");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_that_is_closed_while_it_resigns_waits_for_that() {
    let messages = Messages::default();
    let leader = Member::start(&messages);
    leader.leads().await;
    let last = append(&leader, 1).expect("it leads");
    leader.log.resign();
    leader.log.close().expect("it has no failure");
    let log = leader.log.clone();
    assert!(matches!(leader.ended().await, End::Closed));
    assert_eq!((log.durable(), log.position().is_resigned), (last, true));
}

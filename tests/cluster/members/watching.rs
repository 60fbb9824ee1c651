//! Watchers, and a leader that is lost.

use super::{one_nats, pair, wait_until_leads};

#[test]
fn watcher_goes_on_where_it_was_with_the_next_leader() {
    let Some(nats) = one_nats() else { return };
    let (mut leader, standby) = pair(&nats, &[]);
    let mut conn = leader.connect();
    let mut watcher = leader.connect();
    watcher.ask("WATCH events").ok();
    conn.ask("CREATE Jazz 2027-06-12 100 id=jazz").ok();
    let seen = watcher.change();
    for _ in 0..5 {
        conn.ask("BOOK jazz 1").ok();
    }
    let next = watcher.change();
    leader.kill9();

    let mut conn = wait_until_leads(&standby);
    let mut watcher = standby.connect();
    watcher.ask(&format!("WATCH events since={}", seen.sequence)).ok();
    conn.ask("BOOK jazz 10").ok();
    let shown: Vec<_> = (0..6).map(|_| watcher.change()).collect();
    assert_eq!(shown[0], next);
    let sequences: Vec<_> = shown.iter().map(|change| change.sequence).collect();
    assert_eq!(sequences, (seen.sequence + 1..).take(6).collect::<Vec<_>>());
}

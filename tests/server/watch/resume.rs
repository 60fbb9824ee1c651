//! Changes of the past, and going on where another connection has ended.

use bookline_testkit::process::Server;
use bookline_testkit::{ChangeLine, Conn, Rng};

use super::{changes_until, sequence};

fn sequences(changes: &[ChangeLine]) -> Vec<u64> {
    changes.iter().map(|change| change.sequence).collect()
}

#[test]
fn changes_of_the_past_are_followed_by_new_ones_without_a_gap_or_a_repetition() {
    let server = Server::fresh();
    let mut writer = server.connect();
    writer.ask("CREATE Jazz 2026-12-31 1000000 id=jazz").ok();
    let mut rng = Rng::from_environment();
    let book = |writer: &mut Conn, count: usize| {
        writer.send_bytes("BOOK jazz 1\n".repeat(count));
        (0..count).for_each(|_| _ = writer.reply().ok());
    };
    book(&mut writer, 2_000);
    for _ in 0..10 {
        let mut watcher = server.connect();
        let since = rng.below(2_000) as u64;
        // It catches up while others book.
        writer.send_bytes("BOOK jazz 1\n".repeat(500));
        assert_eq!(watcher.ask(&format!("WATCH event:jazz since={since}")).number("sequence"), since);
        (0..500).for_each(|_| _ = writer.reply().ok());
        let last = sequence(&mut writer);
        let expected: Vec<u64> = (since + 1..=last).collect();
        assert_eq!(sequences(&changes_until(&mut watcher, last)), expected);
    }
}

#[test]
fn a_watcher_goes_on_after_a_kill_with_what_it_was_not_shown() {
    let mut server = Server::fresh();
    let mut writer = server.connect();
    writer.ask("CREATE Jazz 2026-12-31 1000 id=jazz").ok();
    let mut watcher = server.connect();
    watcher.ask("WATCH all since=0").ok();
    writer.ask("BOOK jazz 1").ok();
    assert_eq!(sequences(&changes_until(&mut watcher, 2)), [1, 2]);
    writer.ask("BOOK jazz 2").ok();
    server.kill9();
    server.start_again();
    server.connect().ask("BOOK jazz 3").ok();
    let mut watcher = server.connect();
    watcher.ask("WATCH all since=2").ok();
    let changes = changes_until(&mut watcher, 4);
    assert_eq!(sequences(&changes), [3, 4]);
    assert_eq!(changes[1].body["available_tickets"], 994);
}

#[test]
fn what_the_log_has_no_more_is_gone_and_oldest_is_where_it_begins() {
    let mut server = Server::fresh_with(&["--segment-size", "768KiB", "--keep-log", "0"]);
    let mut writer = server.connect();
    writer.ask("CREATE Jazz 2026-12-31 1000000 id=jazz").ok();
    // Several segments, and two snapshots, so that the first segments are given up.
    for _ in 0..3 {
        (0..4).for_each(|_| _ = writer.ask("BOOK jazz 10000").ok());
        writer.ask("SNAPSHOT").ok();
    }
    let oldest = writer.ask("STATS").number("oldest_sequence");
    assert!(oldest > 0, "nothing was trimmed");
    let refused = writer.ask("WATCH event:jazz since=0");
    assert_eq!(refused.err("GONE")["oldest"], oldest);
    writer.ask("WATCH event:other").ok();
    let refused = writer.ask(&format!("WATCH event:jazz since={}", oldest - 1));
    refused.err("BAD_REQUEST");
    let mut watcher = server.connect();
    assert_eq!(watcher.ask(&format!("WATCH event:jazz since={}", oldest - 1)).err("GONE")["oldest"], oldest);
    watcher.ask(&format!("WATCH event:jazz since={oldest}")).ok();
    let last = sequence(&mut writer);
    assert_eq!(sequences(&changes_until(&mut watcher, last)), (oldest + 1..=last).collect::<Vec<_>>());
    server.kill9();
    server.start_again();
    // Segments that are kept for reuse can be read again.
    assert!(server.connect().ask("STATS").number("oldest_sequence") <= oldest);
}

/// A series of many people has more bytes of lines than a queue.
#[test]
fn a_commit_with_long_lines_is_shown_whole_live_and_from_the_past() {
    let server = Server::fresh();
    let mut writer = server.connect();
    let group: Vec<String> = (0..190).map(|n| format!("person-with-a-long-id-{n:0>40}")).collect();
    let mut live = server.connect();
    live.ask("WATCH calendars").ok();
    let meet = format!("MEET host 2026-11-23 10:00 Plans {} every=week count=100", group.join(","));
    writer.ask(&meet).ok();
    writer.ask("BLOCK host 2026-11-24 10:00").ok();
    let mut past = server.connect();
    past.ask("WATCH calendars since=0").ok();
    for conn in [&mut live, &mut past] {
        let changes = changes_until(conn, 2);
        assert_eq!(changes.len(), 101);
        let bytes: usize = changes.iter().map(|change| change.body.to_string().len()).sum();
        assert!(bytes > 2 << 20, "only {bytes} bytes");
        let ends: Vec<usize> = (0..changes.len()).filter(|&n| changes[n].is_end()).collect();
        assert_eq!(ends, [99, 100], "the last line of each commit");
        assert_eq!(changes[99].body["entry"], "1-99");
    }
}

#[test]
fn the_end_of_the_input_is_followed_by_the_changes_so_far_and_the_end() {
    let server = Server::fresh();
    let mut writer = server.connect();
    writer.ask("CREATE Jazz 2026-12-31 1000 id=jazz").ok();
    for _ in 0..200 {
        writer.ask("BOOK jazz 1").ok();
    }
    let mut script = server.connect();
    script.send_bytes("WATCH all since=0\nBOOK jazz 2\n");
    script.half_close();
    script.reply().ok();
    script.reply().ok();
    assert_eq!(sequences(&changes_until(&mut script, 202)), (1..=202).collect::<Vec<_>>());
    script.expect_end();
}

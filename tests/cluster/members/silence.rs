//! A log that does not answer.

use std::time::Instant;

use bookline_testkit::HANG_TIMEOUT;

use super::{ask, one_nats, start, wait_until_leads};

#[test]
fn what_was_sent_ends_without_a_reply_and_what_was_not_begun_is_refused() {
    let Some(mut nats) = one_nats() else { return };
    let leader = start(&nats, "one.example:1", &["--cluster-timeout", "2s"]);
    let mut before = wait_until_leads(&leader);
    before.ask("CREATE Jazz 2027-06-12 10 id=jazz").ok();
    before.ask("CREATE Rock 2027-06-12 10 id=rock").ok();
    let [mut booking, mut reading, mut depending] = std::array::from_fn(|_| leader.connect());
    nats.stop(0);
    booking.send("BOOK jazz 3 key=three-tickets-of-jazz");
    booking.expect_end();
    // The read shows the booking, of which nobody knows whether it will be durable.
    depending.send("GET jazz");
    depending.expect_end();
    let refused = leader.connect().ask_until("BOOK rock 1", |reply| !reply.is_ok());
    assert_eq!(refused.err("UNAVAILABLE")["retry"], true);
    // Also a change of what the undecided one has changed: nothing of it is shown.
    leader.connect().ask("BOOK jazz 1").err("UNAVAILABLE");
    leader.connect().ask("BOOK jazz 1 key=another-key-for-jazz").err("UNAVAILABLE");
    // What shows nothing of the state is answered at once.
    assert_eq!(leader.connect().ask("HELLO").ok()["cluster"]["role"], "leader");
    let mut pipelining = leader.connect();
    pipelining.send_bytes("SNAPSHOT\nGET rock\n");
    // One refusal would be taken for the reply to the first.
    pipelining.expect_end();
    let refused = reading.ask("GET rock");
    assert!(refused.err("UNAVAILABLE")["message"].as_str().is_some_and(|it| it.contains("for 2 s")));

    nats.resume(0);
    let deadline = Instant::now() + HANG_TIMEOUT;
    let booked = loop {
        match ask(&leader, "BOOK jazz 3 key=three-tickets-of-jazz") {
            booked if booked.is_ok() => break booked,
            other => assert!(Instant::now() < deadline, "{}", other.line),
        }
    };
    assert_eq!(booked.number("available_tickets"), 7);
    assert_eq!(leader.connect().ask("GET jazz").number("available_tickets"), 7);
    assert_eq!(reading.ask("GET rock").number("available_tickets"), 10);
}

#[test]
fn member_that_starts_before_nats_waits_for_it() {
    let Some(mut nats) = one_nats() else { return };
    nats.kill(0);
    let url = nats.urls()[0].clone();
    let home = bookline_testkit::process::Home::new();
    let process =
        bookline_testkit::process::Process::spawn(&mut home.command(&super::flags(&url, "a.example:1")));
    assert!(process.wait_for_stderr(|text| text.contains("not found yet")), "{}", process.stderr());
    nats.start_node(0);
    assert!(process.wait_for_stderr(|text| text.contains("this server leads")), "{}", process.stderr());
}

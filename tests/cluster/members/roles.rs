//! What a leader and a standby answer, and how the lead changes hands.

use std::time::Instant;

use bookline_protocol::Verb;
use bookline_testkit::HANG_TIMEOUT;
use serde_json::json;

use super::{ask, cluster_of, one_nats, pair, start, wait_until_leads};

/// What is asked of a server itself.
const ANSWERED_BY_STANDBYS: [Verb; 7] =
    [Verb::Hello, Verb::Help, Verb::Ping, Verb::Stats, Verb::Quit, Verb::Auth, Verb::Whoami];

#[test]
fn standby_answers_what_is_asked_of_a_server_and_names_the_leader_otherwise() {
    let Some(nats) = one_nats() else { return };
    let (leader, standby) = pair(&nats, &[]);
    assert_eq!(
        cluster_of(&leader),
        json!({"name": "sales", "role": "leader", "term": 1, "leader": "one.example:1"})
    );
    let of_standby = json!({"name": "sales", "role": "standby", "term": 1, "leader": "one.example:1"});
    assert_eq!(cluster_of(&standby), of_standby);
    assert_eq!(standby.connect().ask("STATS").ok()["cluster"], of_standby);
    for form in Verb::ALL.iter().flat_map(|verb| verb.forms().iter().map(move |form| (*verb, form))) {
        let (verb, form) = form;
        let reply = standby.connect().ask(form.example);
        if ANSWERED_BY_STANDBYS.contains(&verb) {
            assert_ne!(reply.code.as_deref(), Some("NOT_LEADER"), "{}: {}", form.example, reply.line);
        } else {
            let refusal = reply.err("NOT_LEADER");
            assert_eq!((&refusal["leader"], &refusal["retry"]), (&json!("one.example:1"), &json!(true)));
        }
    }
    // What is no request is refused as such.
    standby.connect().ask("BOOK").err("BAD_REQUEST");
}

#[test]
fn killed_leader_is_followed_by_a_standby_that_has_everything() {
    let Some(nats) = one_nats() else { return };
    let (mut leader, standby) = pair(&nats, &[]);
    let mut conn = leader.connect();
    conn.ask("CREATE Jazz 2027-06-12 10 id=jazz").ok();
    let booked = conn.ask("BOOK jazz 3 key=three-tickets-of-jazz");
    conn.ask("HOLD jazz 2 ttl=600").ok();
    conn.ask("MEET F1 2027-01-04 10:00 review F2").ok();
    leader.kill9();

    let mut conn = wait_until_leads(&standby);
    let leads = json!({"name": "sales", "role": "leader", "term": 2, "leader": "two.example:2"});
    assert_eq!(cluster_of(&standby), leads);
    assert_eq!(conn.ask("BOOK jazz 3 key=three-tickets-of-jazz").line, booked.line);
    let event = conn.ask("GET jazz");
    assert_eq!((event.number("available_tickets"), event.number("held_tickets")), (5, 2));
    conn.ask("BLOCK F2 2027-01-04 10:00").err("CONFLICT");
    conn.ask("BOOK jazz 6").err("SOLD_OUT");
    let stats = conn.ask("STATS");
    assert_eq!((stats.number("tickets"), stats.number("holds"), stats.number("keys")), (3, 1, 1));
    // It is counted since the takeover: a limit that is reached later is one.
    conn.ask("BOOK jazz 5").ok();

    leader.start_again();
    assert_eq!(cluster_of(&leader)["role"], "standby");
}

#[test]
fn stopped_leader_that_wakes_up_shows_nothing_and_begins_anew_as_a_standby() {
    let Some(nats) = one_nats() else { return };
    let (mut leader, standby) = pair(&nats, &[]);
    let mut conn = leader.connect();
    conn.ask("CREATE Jazz 2027-06-12 10 id=jazz").ok();
    let pid = leader.pid();
    // None of its threads runs any more when this returns, so it reads the request after it wakes up.
    leader.process().stop();
    conn.send("GET jazz");
    wait_until_leads(&standby).ask("BOOK jazz 4").ok();
    leader.process().resume();
    // Nothing at all if it has found out after it has read the request, or a reset if before. If it knows
    // when it reads the request, the request is not begun.
    if let Ok(shown) = conn.try_reply() {
        shown.err("NOT_LEADER");
    }

    // It may know for a moment only that it does not lead.
    let deadline = Instant::now() + HANG_TIMEOUT;
    while ask(&leader, "GET jazz").err("NOT_LEADER")["leader"] != "two.example:2" {
        assert!(Instant::now() < deadline, "it hears of no leader: {}", leader.stderr());
    }
    assert_eq!(leader.pid(), pid);
    assert!(leader.stderr().contains("another server leads"), "{}", leader.stderr());
}

#[test]
fn leader_with_a_barrier_for_every_read_serves_the_same() {
    let Some(nats) = one_nats() else { return };
    let leader = start(&nats, "one.example:1", &["--read-barrier", "always"]);
    let mut conn = wait_until_leads(&leader);
    let replies = conn.ask_all(&["CREATE Jazz 2027-06-12 10 id=jazz", "BOOK jazz 3", "GET jazz", "GET"]);
    assert_eq!(replies[2].number("available_tickets"), 7);
    assert_eq!(replies[3].rows.len(), 1);
    conn.ask("BOOK jazz 8").err("SOLD_OUT");
}

#[test]
fn graceful_stop_answers_everything_and_a_standby_follows() {
    let Some(nats) = one_nats() else { return };
    let (mut leader, standby) = pair(&nats, &[]);
    let mut conn = leader.connect();
    conn.ask("CREATE Jazz 2027-06-12 1000 id=jazz").ok();
    let status = {
        conn.send_bytes("BOOK jazz 1\n".repeat(200));
        let status = leader.stop();
        (0..200).for_each(|_| assert!(conn.reply().is_ok()));
        status
    };
    assert_eq!(status.code(), Some(0), "{}", leader.stderr());
    let event = wait_until_leads(&standby).ask("GET jazz");
    assert_eq!(event.number("available_tickets"), 800);
}

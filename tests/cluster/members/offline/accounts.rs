//! Accounts that are added while nobody leads.

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use bookline_testkit::certificates::Authority;
use bookline_testkit::connection::TlsClient;
use bookline_testkit::nats::Nats;
use bookline_testkit::process::{Home, booklined};

use super::{PASSWORD, err, out};
use crate::members::{ask, command, flags, one_nats, pair, start_with_lease, wait_until_leads};

/// Nobody takes over because of this lease within the time of a test.
const LONG_LEASE: &str = "60s";
const WELL_BEFORE_THE_LEASE: Duration = Duration::from_secs(30);

/// Adds an admin.
fn add(nats: &Nats, home: &Home, name: &str, lease: &str) -> Output {
    let secret = home.file("secret", PASSWORD);
    let secret = secret.to_str().expect("a path in UTF-8");
    let add = ["account", "add", name, "--role", "admin", "--secret-file", secret];
    command(nats, &[&add[..], &["--cluster-replicas", "1", "--lease", lease]].concat())
}

#[test]
fn account_is_added_while_nobody_leads_and_every_member_demands_it() {
    let Some(nats) = one_nats() else { return };
    let home = Home::new();
    // The first one, before the cluster has begun.
    let added = add(&nats, &home, "anna", "2s");
    out(&added);
    let begun = "a new cluster has begun, sales: start its members with --time-zone ";
    assert!(
        err(&added).contains(begun) && err(&added).contains(" --hod F10 --lease 2s\n"),
        "{}",
        err(&added)
    );
    let (mut leader, mut standby) = pair(&nats, &[]);
    ask(&leader, "GET").err("UNAUTHENTICATED");
    // A standby says nothing of the state, to whomever.
    ask(&standby, "GET").err("NOT_LEADER");
    let refused = add(&nats, &home, "bert", "2s");
    let stderr = err(&refused);
    assert_eq!(refused.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("account bert is not added: one.example:1 leads the cluster"), "{stderr}");

    // A leader that is deposed begins anew, with the accounts.
    leader.process().stop();
    let mut conn = wait_until_leads(&standby);
    conn.ask("GET").err("UNAUTHENTICATED");
    conn.ask(&format!("AUTH anna {PASSWORD}")).ok();
    conn.ask("CREATE Jazz 2027-06-12 10 id=jazz").ok();
    leader.process().resume();
    let began = leader.process().wait_for_stderr(|text| text.contains("begins anew as a standby"));
    assert!(began, "{}", leader.stderr());
    standby.kill9();
    let mut conn = wait_until_leads(&leader);
    conn.ask("GET").err("UNAUTHENTICATED");
    conn.ask(&format!("AUTH anna {PASSWORD}")).ok();
    assert_eq!(conn.ask("GET").rows.len(), 1);
}

#[test]
fn nobody_waits_for_the_lease_of_a_command_that_has_added_an_account() {
    let Some(nats) = one_nats() else { return };
    let (home, begun) = (Home::new(), Instant::now());
    out(&add(&nats, &home, "anna", LONG_LEASE));
    // The stream says how many replicas it has, and the log which lease.
    let secret = home.file("secret", PASSWORD);
    let secret = secret.to_str().expect("a path in UTF-8");
    let added = command(&nats, &["account", "add", "bert", "--role", "admin", "--secret-file", secret]);
    out(&added);
    assert!(!err(&added).contains("a new cluster"), "{}", err(&added));
    let leader = start_with_lease(&nats, "one.example:1", LONG_LEASE, &[]);
    let mut conn = wait_until_leads(&leader);
    conn.ask(&format!("AUTH bert {PASSWORD}")).ok();
    assert!(begun.elapsed() < WELL_BEFORE_THE_LEASE, "{}", leader.stderr());
}

#[test]
fn member_listens_on_a_network_when_the_cluster_has_an_account() {
    let Some(nats) = one_nats() else { return };
    let authority = Authority::new();
    let certificate = authority.server(&["localhost"]);
    let url = &nats.urls()[0];
    let network =
        [&flags(url, "one.example:1")[..], &certificate.server_flags()[..], &["--listen", "0.0.0.0:0"]]
            .concat();
    let (status, stderr) = Home::new().start_fails(&network);
    assert_eq!(status.code(), Some(1), "{stderr}");
    // The advice, as it stands.
    let advice = stderr.split("`booklined ").nth(1).and_then(|rest| rest.split('`').next());
    let advice = advice.unwrap_or_else(|| panic!("no command: {stderr}")).replace("NAME", "anna");
    let token = out(&Command::new(booklined()).args(advice.split(' ')).output().expect("it runs"));
    let member = Home::new().start(&network);
    let address = SocketAddr::from(([127, 0, 0, 1], member.addr().port()));
    let mut conn = TlsClient::trusting(&authority).open(address, "localhost");
    conn.ask(&format!("AUTH anna {}", token.trim())).ok();
}

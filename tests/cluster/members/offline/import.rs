//! The ways from one machine to a cluster, and back.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bookline_testkit::HANG_TIMEOUT;
use bookline_testkit::nats::Nats;
use bookline_testkit::process::{Home, Server, booklined, listing as files_of};
use tokio::time::Instant;

use super::{PASSWORD, ZONE, err, fill, listing, out, restore};
use crate::members::administrator::Administrator;
use crate::members::{
    ask, cluster_command, cluster_of, command, flags, one_nats, pair, start, status, wait_for_leader,
    wait_until_leads, wait_until_purged,
};

fn import(nats: &Nats, data: &Path) -> Output {
    let data = data.to_str().expect("a path in UTF-8");
    command(nats, &["cluster", "import", "--data-dir", data, "--cluster-replicas", "1", "--lease", "2s"])
}

/// A stopped single server with as many commits as that which the test imports, and other tickets.
fn with_as_many_commits() -> Server {
    let home = Home::new();
    home.add_account("anna", &["--role", "admin"], PASSWORD);
    let mut single = home.start(ZONE);
    let mut conn = single.connect();
    conn.ask(&format!("AUTH anna {PASSWORD}")).ok();
    fill(&mut conn);
    single.stop();
    single
}

/// A single server that was stopped, and with whose data a cluster has begun.
fn imported(nats: &Nats) -> Server {
    let mut single = Home::new().start(ZONE);
    fill(&mut single.connect());
    single.stop();
    out(&import(nats, &single.data()));
    single
}

fn digest(data: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let files = files_of(data).into_iter().map(|path| data.join(path));
    files
        .filter(|path| path.is_file())
        .map(|path| (path.clone(), std::fs::read(path).expect("a file")))
        .collect()
}

#[test]
fn cluster_begins_with_the_data_of_a_single_server_and_leads_back_to_one() {
    let Some(nats) = one_nats() else { return };
    let home = Home::new();
    home.add_account("anna", &["--role", "admin"], PASSWORD);
    let mut single = home.start(ZONE);
    let login = format!("AUTH anna {PASSWORD}");
    let mut conn = single.connect();
    conn.ask(&login).ok();
    let (ticket, booked) = fill(&mut conn);
    let before = listing(&mut conn);
    let refused = import(&nats, &single.data());
    assert!(err(&refused).contains("in use by another booklined"), "{}", err(&refused));
    single.stop();
    let files = digest(&single.data());
    let begun = out(&import(&nats, &single.data()));
    assert!(begun.contains("sequences 1 to 7") && begun.contains("--time-zone Europe/Berlin"), "{begun}");
    assert!(digest(&single.data()) == files, "nothing in the data directory is changed");
    // As if it had been killed before it said so.
    assert_eq!(out(&import(&nats, &single.data())), begun);
    let other = with_as_many_commits();
    let refused = import(&nats, &other.data());
    assert!(err(&refused).contains("the stream BOOKLINE-sales has messages up to 1"), "{}", err(&refused));

    let mut leader = start(&nats, "one.example:1", ZONE);
    let mut conn = wait_until_leads(&leader);
    conn.ask("GET jazz").err("UNAUTHENTICATED");
    conn.ask(&login).ok();
    assert_eq!(listing(&mut conn), before);
    assert_eq!(conn.ask("BOOK jazz 3 key=three-tickets-of-jazz").line, booked);
    assert_eq!(conn.ask(&format!("TICKET {ticket}")).ok()["status"], "booked");
    conn.ask(&format!("CANCEL {ticket}")).ok();
    conn.ask("BOOK jazz 993").err("SOLD_OUT");
    conn.ask("BLOCK F2 2027-01-04 10:00").err("CONFLICT");
    let before = listing(&mut conn);

    let check = |server: &Server| {
        let mut conn = server.connect();
        conn.ask(&login).ok();
        assert_eq!(listing(&mut conn), before);
        assert_eq!(conn.ask(&format!("TICKET {ticket}")).ok()["status"], "cancelled");
    };
    check(&restore(&nats));
    // It does not need what the snapshot holds.
    Administrator::of(&nats).purge_before(2);
    check(&restore(&nats));
    let report = out(&command(&nats, &["check"]));
    assert!(report.contains("messages 2 to ") && report.contains("sequences 1 to 7, "), "{report}");
    leader.stop();
}

#[test]
fn member_that_has_lost_the_imported_data_does_not_begin_empty_and_another_import_brings_it_back() {
    let Some(nats) = one_nats() else { return };
    let single = imported(&nats);
    Administrator::of(&nats).delete_bucket();
    let url = &nats.urls()[0];
    let (status, stderr) = Home::new().start_fails(&[&flags(url, "one.example:1"), ZONE].concat());
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("the log goes on behind commit 6"), "{stderr}");
    let checked = command(&nats, &["check"]);
    assert!(String::from_utf8_lossy(&checked.stdout).contains("no snapshot is there"), "{}", err(&checked));
    out(&import(&nats, &single.data()));
    let leader = start(&nats, "one.example:1", ZONE);
    assert_eq!(wait_until_leads(&leader).ask("GET jazz").number("available_tickets"), 991);
    let again = out(&import(&nats, &single.data()));
    assert!(again.contains("has begun before, and nothing was changed, with sequences 1 to 6"), "{again}");
}

#[test]
fn snapshot_of_an_import_that_has_lost_is_used_by_nobody() {
    let Some(nats) = one_nats() else { return };
    imported(&nats);
    let administrator = Administrator::of(&nats);
    let objects = administrator.objects();
    administrator.delete_bucket();
    administrator.make_again();
    let (leader, mut standby) = pair(&nats, &[]);
    let mut conn = leader.connect();
    conn.ask("CREATE Jazz 2027-06-12 1000 id=jazz").ok();
    // As if the import had been killed before it removed them.
    administrator.put(&objects);
    conn.send("SNAPSHOT");
    let is_made = standby.process().wait_for_stderr(|text| text.contains("snapshot made"));
    assert!(is_made, "{}", standby.stderr());
    let restored = restore(&nats);
    assert_eq!(ask(&restored, "GET jazz").number("available_tickets"), 1000);
    let checked = command(&nats, &["check"]);
    let report = String::from_utf8_lossy(&checked.stdout);
    assert!(report.contains("the snapshot of message 1 is not of this log"), "{report}");
}

#[test]
fn check_finds_a_snapshot_with_other_content() {
    let Some(nats) = one_nats() else { return };
    imported(&nats);
    let administrator = Administrator::of(&nats);
    let mut objects = administrator.objects();
    objects.iter_mut().filter_map(|(_, content)| content.last_mut()).for_each(|byte| *byte ^= 1);
    administrator.put(&objects);
    let checked = command(&nats, &["check"]);
    let report = String::from_utf8_lossy(&checked.stdout);
    assert_eq!(checked.status.code(), Some(1), "{report}");
    assert!(report.contains("the snapshot of message 1 cannot be used: "), "{report}");
    assert!(report.ends_with("corruption was found\n"), "{report}");
}

#[test]
fn interrupted_import_is_begun_again_and_no_member_takes_its_place() {
    let Some(nats) = one_nats() else { return };
    let single = imported(&nats);
    // As if it had been killed before its last step: the stream has no message yet.
    Administrator::of(&nats).make_again();
    let url = &nats.urls()[0];
    let (status, stderr) = Home::new().start_fails(&[&flags(url, "one.example:1"), ZONE].concat());
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("`booklined cluster import` was interrupted"), "{stderr}");
    out(&import(&nats, &single.data()));
    let leader = start(&nats, "one.example:1", ZONE);
    assert_eq!(wait_until_leads(&leader).ask("GET jazz").number("available_tickets"), 991);
}

/// The exit status and the report of `check` of a data directory.
fn check(data: &Path) -> (Option<i32>, String) {
    let checked =
        Command::new(booklined()).args(["check", "--data-dir"]).arg(data).output().expect("it runs");
    (checked.status.code(), String::from_utf8_lossy(&checked.stdout).into_owned())
}

/// From one machine to a cluster of three, which leads its life, and back to one machine.
#[test]
fn imported_data_survives_members_snapshots_and_the_purge_of_the_log_on_its_way_back() {
    let Some(nats) = one_nats() else { return };
    let mut single = Home::new().start(ZONE);
    let (ticket, booked) = fill(&mut single.connect());
    single.stop();
    out(&import(&nats, &single.data()));

    // Snapshots only when they are asked for, and nothing is kept of the log below them.
    let more = [&["--snapshot-every", "1GiB", "--keep-log", "0"], ZONE].concat();
    let one = start(&nats, "one.example:1", &more);
    let mut conn = wait_until_leads(&one);
    assert_eq!(conn.ask("WATCH all since=1").err("GONE")["oldest"], 6);
    let others = ["two.example:2", "three.example:3"].map(|advertise| start(&nats, advertise, &more));
    let (code, all) = status(&nats, &[]);
    assert_eq!((code, all["members"].as_array().map(Vec::len)), (0, Some(3)), "{all}");
    assert_eq!(all["snapshots"][0]["commit"], 6, "{all}");
    for tickets in [5, 7] {
        conn.ask(&format!("BOOK jazz {tickets}")).ok();
        conn.ask("SNAPSHOT").ok();
    }
    wait_until_purged(&nats);

    let four = start(&nats, "four.example:4", &more);
    wait_for_leader(&four, "one.example:1");
    assert_eq!(status(&nats, &[]).0, 0);
    out(&cluster_command(&nats, &["step-down"]));
    let [two, three] = others;
    let mut members = [one, two, three, four];
    let leader = wait_until_one_leads(&members);
    let mut conn = members[leader].connect();
    assert_eq!(conn.ask("BOOK jazz 3 key=three-tickets-of-jazz").line, booked);
    conn.ask(&format!("CANCEL {ticket}")).ok();
    conn.ask("BLOCK F4 2027-01-04 09:00").ok();
    let before = listing(&mut conn);
    let report = out(&command(&nats, &["check"]));
    assert!(report.ends_with("all is well\n"), "{report}");
    for member in &mut members {
        member.stop();
    }

    let mut back = restore(&nats);
    let mut conn = back.connect();
    assert_eq!(listing(&mut conn), before);
    assert_eq!(conn.ask(&format!("TICKET {ticket}")).ok()["status"], "cancelled");
    assert_eq!(conn.ask("BOOK jazz 3 key=three-tickets-of-jazz").line, booked);
    back.stop();
    let (code, report) = check(&back.data());
    assert_eq!(code, Some(0), "{report}");
    assert!(report.ends_with("all is well\n"), "{report}");
}

/// Waits until one of the members leads, and returns which.
fn wait_until_one_leads(members: &[Server]) -> usize {
    let deadline = Instant::now() + HANG_TIMEOUT;
    loop {
        if let Some(leader) = members.iter().position(|member| cluster_of(member)["role"] == "leader") {
            return leader;
        }
        assert!(Instant::now() < deadline, "nobody leads: {}", members[0].stderr());
    }
}

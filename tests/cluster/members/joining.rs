//! Which servers may join a cluster.

use std::process::Command;

use bookline_testkit::certificates::Authority;
use bookline_testkit::nats::{Nats, NatsProgram};
use bookline_testkit::process::{Home, Process, booklined};

use super::{flags, one_nats, start, wait_until_leads};

#[test]
fn server_with_other_settings_than_the_cluster_is_refused() {
    let Some(nats) = one_nats() else { return };
    let _leader = start(&nats, "one.example:1", &["--time-zone", "Europe/Berlin"]);
    let url = &nats.urls()[0];
    for (other, expected) in [
        (&["--time-zone", "UTC"][..], "the cluster has --time-zone Europe/Berlin, and this server UTC"),
        (
            &["--time-zone", "Europe/Berlin", "--hod", "F3"],
            "the cluster has --hod F10, and this server F3: start it with --hod F10",
        ),
    ] {
        let (status, stderr) = Home::new().start_fails(&[&flags(url, "two.example:2"), other].concat());
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(expected), "{stderr}");
    }
}

#[test]
fn data_of_a_single_server_and_of_a_member_are_told_apart() {
    let Some(nats) = one_nats() else { return };
    let url = &nats.urls()[0];
    let mut single = Home::new().start(&[]);
    single.stop();
    let (status, stderr) = single.home().start_fails(&flags(url, "one.example:1"));
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("has the data of a single server"), "{stderr}");

    let mut member = start(&nats, "one.example:1", &[]);
    wait_until_leads(&member);
    member.stop();
    let (status, stderr) = member.home().start_fails(&[]);
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("that of a member of a cluster"), "{stderr}");
    let check = Command::new(booklined()).arg("check").arg("--data-dir").arg(member.data()).output();
    let check = check.expect("it runs");
    assert_eq!(check.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&check.stderr);
    assert!(stderr.contains("its data is in the log of the cluster"), "{stderr}");
}

#[test]
fn log_that_was_made_again_is_refused_by_who_has_seen_the_one_before() {
    let Some(nats) = one_nats() else { return };
    let mut member = start(&nats, "one.example:1", &[]);
    wait_until_leads(&member).ask("CREATE Jazz 2027-06-12 10 id=jazz").ok();
    member.stop();
    let Some(other) = one_nats() else { return };
    let (status, stderr) = member.home().start_fails(&flags(&other.urls()[0], "one.example:1"));
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("does not exist: it was deleted"), "{stderr}");
    wait_until_leads(&start(&other, "two.example:2", &[]));
    let (status, stderr) = member.home().start_fails(&flags(&other.urls()[0], "one.example:1"));
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("and the stream is of the cluster"), "{stderr}");
}

#[test]
fn flags_that_are_for_a_single_server_are_invalid() {
    let member = flags("nats://127.0.0.1:1", "one.example:1");
    for flag in [&["--demo"][..], &["--durability", "never"]] {
        let (status, stderr) = Home::new().start_fails(&[&member, flag].concat());
        assert_eq!(status.code(), Some(2), "{stderr}");
        assert!(stderr.contains("is for a single server"), "{stderr}");
    }
}

#[test]
fn address_that_is_empty_is_invalid() {
    let (status, stderr) = Home::new().start_fails(&flags("nats://127.0.0.1:1,", "one.example:1"));
    assert_eq!(status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("an address is empty"), "{stderr}");
}

#[test]
fn member_speaks_tls_to_nats_and_shows_its_password_to_nobody_else() {
    let Some(program) = NatsProgram::find() else { return };
    let authority = Authority::new();
    let certificate = authority.server(&["127.0.0.1"]);
    let config = format!(
        "tls {{ cert_file: {:?}, key_file: {:?} }}\nauthorization {{ user: bookline, password: pa55word }}",
        certificate.file, certificate.key
    );
    let nats = Nats::start(program, 1, &config);
    let url = nats.urls()[0].replace("nats://", "tls://bookline:pa55word@");
    let flags = flags(&url, "one.example:1");
    let authorities = ["--nats-ca", authority.file.to_str().expect("a path in UTF-8")];
    let member = Home::new().start(&[&flags[..], &authorities].concat());
    wait_until_leads(&member).ask("CREATE Jazz 2027-06-12 10 id=jazz").ok();
    assert!(!member.stderr().contains("pa55word"), "{}", member.stderr());

    let wrong = url.replace("pa55word", "passw0rd");
    let (status, stderr) =
        Home::new().start_fails(&[&self::flags(&wrong, "two.example:2")[..], &authorities].concat());
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("refuses who connects: give the right user and password"), "{stderr}");
    assert!(!stderr.contains("passw0rd"), "{stderr}");

    let home = Home::new();
    let distrusts = Process::spawn(&mut home.command(&flags));
    assert!(distrusts.wait_for_stderr(|text| text.contains("not found yet")), "{}", distrusts.stderr());
    assert!(!distrusts.stderr().contains("pa55word"), "{}", distrusts.stderr());
}

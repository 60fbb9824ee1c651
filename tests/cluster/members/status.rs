//! `booklined cluster status`.

use std::process::Command;

use bookline_testkit::process::booklined;
use serde_json::json;

use super::{cluster_command, one_nats, pair, status};

#[test]
fn status_shows_members_and_stream_and_whether_all_is_as_it_should_be() {
    let Some(nats) = one_nats() else { return };
    let (mut leader, mut standby) = pair(&nats, &[]);
    leader.connect().ask("CREATE Jazz 2027-06-12 10 id=jazz").ok();
    let (code, all) = status(&nats, &[]);
    assert_eq!((code, &all["ok"], &all["problems"]), (0, &json!(true), &json!([])), "{all}");
    let members = all["members"].as_array().expect("a list");
    let said = |field: &str| members.iter().map(|member| member[field].clone()).collect::<Vec<_>>();
    assert_eq!(said("address"), ["one.example:1", "two.example:2"]);
    assert_eq!(said("role"), ["leader", "standby"]);
    assert_eq!(said("term"), [1, 1]);
    assert_eq!(said("commit"), [1, 1]);
    assert_eq!(said("version"), [env!("CARGO_PKG_VERSION"); 2]);
    assert_eq!(said("catching_up"), [false, false]);
    assert_eq!(said("instance")[0], leader.connect().ask("HELLO").ok()["instance"]);
    let stream = &all["stream"];
    assert_eq!((&stream["name"], &stream["leader"]), (&json!("BOOKLINE-sales"), &json!("n0")));
    assert_eq!((&stream["first"], &stream["replicas"][0]["node"]), (&json!(1), &json!("n0")));
    assert!(stream["last"].as_u64() >= Some(3), "{stream}");

    let table = cluster_command(&nats, &["status"]);
    let text = String::from_utf8_lossy(&table.stdout);
    assert_eq!(table.status.code(), Some(0), "{text}");
    for expected in ["one.example:1", "two.example:2", "standby", "BOOKLINE-sales", "sync: unchecked"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(text.ends_with("the cluster sales is as it should be\n"), "{text}");
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");

    standby.kill9();
    leader.kill9();
    let (code, none) = status(&nats, &[]);
    assert_eq!((code, &none["problems"]), (1, &json!(["no member answers"])), "{none}");
    let table = cluster_command(&nats, &["status"]);
    let text = String::from_utf8_lossy(&table.stdout);
    assert!(text.ends_with("NOT AS IT SHOULD BE\n- no member answers\n"), "{text}");
}

#[test]
fn status_of_no_cluster_is_a_wrong_usage_and_of_one_that_does_not_answer_an_error() {
    let status = |flags: &[&str]| {
        let output = Command::new(booklined()).args(["cluster", "status"]).args(flags).output();
        let output = output.expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, stderr) = status(&[]);
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("--cluster-name"), "{stderr}");
    let (code, stderr) = status(&["--cluster", "nats://127.0.0.1:1", "--cluster-name", "sales"]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("connecting to NATS at nats://127.0.0.1:1"), "{stderr}");
}

//! A cluster that is upgraded under load, one member after the other.
//!
//! Catches: a change that a standby of the older version cannot read; one that is refused although all
//! members know it; a change that was granted and is lost; a server of the older version that goes on without
//! a change.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use bookline_testkit::nats::NatsProgram;
use bookline_testkit::process::booklined;
use bookline_testkit::{Reply, Rng};

use super::cluster::{Cluster, SERVERS};
use super::fixture::Fixture;
use super::follower::{Follower, Shared};
use super::load::{CLIENTS, Outcome, under_load};
use super::poll::poll;
use super::progress::Progress;

/// Builds the newer version: it writes the deletion of an event as a kind of change that this one does not
/// know.
fn newer_version() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("newer");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--quiet",
        "--locked",
        "--package",
        "bookline-server",
        "--features",
        "newer-change",
    ]);
    cargo.arg("--target-dir").arg(&target);
    assert!(cargo.status().expect("Cargo runs").success(), "{cargo:?} fails");
    target.join("debug/booklined")
}

/// Creates an event, and asks to delete it.
fn delete_event(organizer: &mut Follower, id: &str) -> Reply {
    organizer.must_ask(&format!("CREATE {id} 2029-12-31 10 id={id} key=key-to-create-{id}")).reply.ok();
    organizer.must_ask(&format!("DELETE {id} key=key-to-delete-{id}")).reply
}

fn organizer(cluster: &Cluster) -> Follower {
    Follower::new(cluster.addresses(), 0, Arc::new(Shared::default()))
}

/// Upgrades the members, the leader last.
fn upgrade(cluster: &mut Cluster, newer: &Path, progress: &Progress) {
    let all_go_on = || progress.change_of_each_after(CLIENTS, Instant::now());
    all_go_on();
    let mut organizer = organizer(cluster);
    delete_event(&mut organizer, "before").ok();
    let last = cluster.settled().leader;
    for member in (0..SERVERS).filter(|&member| member != last) {
        cluster.members[member].upgrade(newer);
        cluster.settled();
        all_go_on();
    }
    delete_event(&mut organizer, "by-the-older").ok();

    println!("    {}", cluster.step_down());
    assert_ne!(cluster.settled().leader, last, "one of the newer version leads");
    all_go_on();
    let refused = delete_event(&mut organizer, "meanwhile");
    let message = refused.err("READ_ONLY")["message"].as_str().expect("a text").to_owned();
    let expected = format!("{} runs version", cluster.members[last].address());
    assert!(message.contains(&expected), "{message}");
    all_go_on();

    cluster.members[last].upgrade(newer);
    cluster.settled();
    let upgraded = Instant::now();
    poll("a change that all know", || {
        let reply = organizer.must_ask("DELETE meanwhile key=key-to-delete-meanwhile").reply;
        reply.is_ok().then_some(())
    });
    println!("    the leader makes the newer change {:.2} s later", upgraded.elapsed().as_secs_f64());
    // Whoever leads now has read it.
    println!("    {}", cluster.step_down());
    cluster.settled();
    all_go_on();
}

#[test]
#[ignore = "builds another version"]
fn cluster_is_upgraded_under_load_one_member_after_the_other() {
    let Some(program) = NatsProgram::find() else { return };
    let newer = newer_version();
    let mut rng = Rng::from_environment();
    let mut cluster = Cluster::start(program);
    let (addresses, fixture) = (cluster.addresses(), Fixture::new(0));
    let Outcome { mut history, .. } = under_load(&addresses, &fixture, &mut rng, |progress| {
        upgrade(&mut cluster, &newer, progress);
    });
    history.check(&mut organizer(&cluster));
    let (known, unknown) = history.counts();
    println!("    {known} replies, {unknown} unknown outcomes");
    for member in &mut cluster.members {
        member.kill();
        member.start();
    }
    cluster.settled();
    history.check(&mut organizer(&cluster));

    // The older version cannot read the log any more, and says so.
    let member = &mut cluster.members[0];
    member.upgrade(Path::new(booklined()));
    let stderr = member.ends();
    assert!(stderr.contains("which this version does not know: start the newer booklined"), "{stderr}");
}

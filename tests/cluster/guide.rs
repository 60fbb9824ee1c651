//! docs/cluster.md starts a cluster with five commands.
//!
//! Catches: a command of the document that does not work as it stands, with nothing but the three programs.
//! Only the ports are others, so that tests can run beside a cluster.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use bookline_testkit::Rng;
use bookline_testkit::guide::{first_commands, program_beside, shell};
use bookline_testkit::nats::NatsProgram;
use bookline_testkit::process::booklined;

/// What the ports of the document begin with: a digit follows, 1 to 3.
const PREFIXES: [&str; 4] = ["422", "822", "622", "266"];

/// Four digits with which three free ports begin.
fn free_prefix(rng: &mut Rng) -> String {
    loop {
        let prefix = rng.within(1_000..3_200);
        let is_free = |port| TcpListener::bind(("127.0.0.1", port)).is_ok();
        let ports = (1..=3).map(|digit| u16::try_from(10 * prefix + digit).expect("a port"));
        if ports.into_iter().all(is_free) {
            return prefix.to_string();
        }
    }
}

/// Kills what the script has started, however the test ends.
struct Group(i32);

impl Drop for Group {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-9", "--", &format!("-{}", self.0)]).output();
    }
}

#[test]
fn five_commands_start_a_cluster_of_three() {
    if NatsProgram::find().is_none() {
        return;
    }
    let commands = first_commands("docs/cluster.md");
    assert_eq!(commands.len(), 5, "five commands: {commands:?}");
    let directory = tempfile::tempdir().expect("a directory");
    let client = program_beside(booklined(), "bookline", "bookline");
    let mut programs = vec![(Path::new(booklined()), "booklined"), (&client, "bookline")];
    let nats = std::env::var_os("BOOKLINE_TEST_NATS_SERVER");
    programs.extend(nats.as_ref().map(|nats| (Path::new(nats), "nats-server")));
    let mut rng = Rng::unseeded();
    // A person would ask again, too, while the last member joins.
    let (status, begin) = commands.split_last().expect("five commands");
    let mut script = format!("set -e\n{}\nuntil {status}; do sleep 0.2; done\n", begin.join("\n"));
    for prefix in PREFIXES {
        script = script.replace(&format!(":{prefix}"), &format!(":{}", free_prefix(&mut rng)));
    }

    let mut shell = shell(&script, directory.path(), &programs);
    shell.process_group(0);
    // What runs in the background keeps a pipe open.
    let out = directory.path().join("out");
    let file = fs::File::create(&out).expect("a file");
    shell.stdout(file.try_clone().expect("a file")).stderr(file);
    let mut shell = shell.spawn().expect("sh runs");
    let _group = Group(i32::try_from(shell.id()).expect("a process"));
    let status = shell.wait().expect("sh ends");
    let shown = fs::read_to_string(&out).expect("its output");
    assert!(status.success(), "{script}\n{shown}");
    for expected in ["open-air", "leader", "replicas  3 of 3", "sync: always", "is as it should be"] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
}

//! docs/cluster.md starts a cluster with five commands.
//!
//! Catches: a command of the document that does not work as it stands, with nothing but the three programs.
//! Only the ports are others, so that tests can run beside a cluster.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use bookline_testkit::Rng;
use bookline_testkit::nats::NatsProgram;
use bookline_testkit::process::booklined;

/// What the ports of the document begin with: a digit follows, 1 to 3.
const PREFIXES: [&str; 4] = ["422", "822", "622", "266"];

/// The lines of the document's first `sh` block.
fn commands() -> Vec<String> {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cluster.md");
    let text = fs::read_to_string(document).expect("docs/cluster.md");
    let block = text.split("```sh\n").nth(1).expect("a block of commands");
    block.split("```").next().expect("its end").lines().map(str::to_owned).collect()
}

/// The client's program, which Cargo builds for the tests of the workspace.
fn bookline() -> PathBuf {
    let path = Path::new(booklined()).with_file_name("bookline");
    if !path.exists() {
        let built = Command::new(env!("CARGO")).args(["build", "-p", "bookline"]).status();
        assert!(built.expect("cargo runs").success(), "bookline is not built");
    }
    path
}

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
    let commands = commands();
    assert_eq!(commands.len(), 5, "five commands: {commands:?}");
    let directory = tempfile::tempdir().expect("a directory");
    let programs = directory.path().join("programs");
    fs::create_dir(&programs).expect("a directory");
    let link = |program: &Path, name| symlink(program, programs.join(name)).expect("a link");
    link(Path::new(booklined()), "booklined");
    link(&bookline(), "bookline");
    if let Some(nats) = std::env::var_os("BOOKLINE_TEST_NATS_SERVER") {
        link(Path::new(&nats), "nats-server");
    }
    let mut rng = Rng::unseeded();
    // A person would ask again, too, while the last member joins.
    let (status, begin) = commands.split_last().expect("five commands");
    let mut script = format!("set -e\n{}\nuntil {status}; do sleep 0.2; done\n", begin.join("\n"));
    for prefix in PREFIXES {
        script = script.replace(&format!(":{prefix}"), &format!(":{}", free_prefix(&mut rng)));
    }

    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(&directory).env("HOME", directory.path()).process_group(0);
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{}:{path}", programs.display()));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BOOKLINE_")) {
        shell.env_remove(name);
    }
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

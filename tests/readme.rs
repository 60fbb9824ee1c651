//! The README, read by a program.
//!
//! Catches: a first session that does not print what the README shows, a flag that the README does not know or that is
//! gone, a link to a file that is not there, a continuous integration that runs another test command.
//!
//! `$` lines of the README's `console` blocks are executed by `sh`; ticket numbers may differ. The server is this same
//! test binary, started as a child, so that it can be killed for real. `jq` and an `nc` that knows `-N` may be missing:
//! the client stands in for `nc`, and what wants `jq` is passed over.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bookline_protocol::reply::Reply;
use bookline_server::{Server, Settings};
use clap::{CommandFactory, Parser};
use tempfile::TempDir;

/// Tells this binary to be the server. Its value does not matter.
const BE_THE_SERVER: &str = "BOOKLINE_README_SERVER";

/// Where the README says that the server listens.
const LISTENING: &str = "127.0.0.1:2665";

const PROMPT: &str = "bookline> ";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("README.md")
}

/// Something that is typed, and what is shown then.
#[derive(Debug)]
struct Step {
    line: usize,
    typed: String,
    shown: String,
}

/// What is typed in the `console` blocks, in order.
fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (line, text) in (1..).zip(text.lines()) {
        if text.starts_with("```") {
            inside = text == "```console";
        } else if inside && (text.starts_with("$ ") || text.starts_with(PROMPT)) {
            let typed = text.strip_prefix("$ ").unwrap_or(text).to_owned();
            steps.push(Step { line, typed, shown: String::new() });
        } else if inside {
            let step = steps.last_mut().unwrap_or_else(|| panic!("line {line}: output of nothing"));
            step.shown.push_str(text);
            step.shown.push('\n');
        }
    }
    steps
}

/// The terminals of the reader: a directory with a server's data in it, and the server.
struct Terminals {
    directory: TempDir,
    server: Option<(Child, SocketAddr)>,
    has_nc: bool,
    has_jq: bool,
}

impl Terminals {
    fn open() -> Self {
        let has_nc = said("nc", "-h").is_some_and(|help| help.contains("-N"));
        let has_jq = said("jq", "--version").is_some();
        Self { directory: tempfile::tempdir().unwrap(), server: None, has_nc, has_jq }
    }

    /// Does what is typed and returns what is shown, or nothing where this cannot be tried here.
    fn run(&mut self, typed: &str) -> Option<String> {
        if let Some(line) = typed.strip_prefix(PROMPT) {
            // The prompt sends a line as it was typed, as a script does, and lays out the answer.
            return Some(self.shell("bookline --format pretty", &format!("{line}\n")));
        }
        match typed {
            "cargo run --release" => Some(self.start()),
            "bookline" => Some(self.greeting()),
            _ if typed.starts_with("cargo build ") || typed.starts_with("export PATH=") => {
                Some(String::new())
            }
            _ if typed.starts_with("kill -9 ") => Some(self.kill(typed)),
            _ if typed.contains("jq ") && !self.has_jq => None,
            _ => Some(self.shell(&self.adapt(typed), "")),
        }
    }

    /// A command for a reader's terminal, as it runs without one and on a port of its own.
    fn adapt(&self, typed: &str) -> String {
        if typed.starts_with("bookline ") && !typed.contains('|') {
            return typed.replacen("bookline", "bookline --format pretty", 1);
        }
        let nc = if self.has_nc {
            format!("nc -N 127.0.0.1 {}", self.address().port())
        } else {
            "bookline --format raw".to_owned()
        };
        typed.replace("nc -N 127.0.0.1 2665", &nc)
    }

    fn start(&mut self) -> String {
        assert!(self.server.is_none(), "the server runs already");
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "the_server_itself", "--nocapture"]);
        command.current_dir(&self.directory).stdin(Stdio::null()).stdout(Stdio::piped());
        // What the caller's environment says of a server of theirs is not meant for this one.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BOOKLINE_") {
                command.env_remove(name);
            }
        }
        let mut child = command.env(BE_THE_SERVER, "yes").spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.into_iter().find(|line| line.starts_with("booklined ")).expect("the server listens");
        let address = line.rsplit(' ').next().unwrap();
        let shown = line.replace(address, LISTENING);
        self.server = Some((child, address.parse().expect("an address")));
        shown + "\n"
    }

    /// The README's own `kill`, which finds the server by the file that it left.
    fn kill(&mut self, typed: &str) -> String {
        let shown = self.shell(typed, "");
        let (mut child, _) = self.server.take().expect("a server to kill");
        let status = child.wait().unwrap();
        assert!(!status.success(), "the server ended by itself: {status}");
        shown
    }

    fn greeting(&self) -> String {
        let line = self.shell("bookline --format raw HELLO", "");
        let Ok(Reply::Ok(body)) = Reply::parse(line.trim_end()) else { panic!("HELLO was answered {line}") };
        bookline::render::sentence::greeting(body, &LISTENING) + "\n"
    }

    fn address(&self) -> SocketAddr {
        self.server.as_ref().expect("the server runs").1
    }

    fn shell(&self, command: &str, input: &str) -> String {
        let client = Path::new(env!("CARGO_BIN_EXE_bookline"));
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(&self.directory);
        shell.env("PATH", format!("{}:{path}", client.parent().unwrap().display()));
        shell
            .env("BOOKLINE_ADDR", self.address().to_string())
            .env_remove("BOOKLINE_TIMEOUT")
            .env_remove("COLUMNS");
        shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        // A command that does not read may be gone.
        _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        String::from_utf8(child.wait_with_output().unwrap().stdout).expect("UTF-8")
    }
}

impl Drop for Terminals {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.server.take() {
            _ = child.kill();
            _ = child.wait();
        }
    }
}

/// What a program says to an argument, if it is there at all.
fn said(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).stdin(Stdio::null()).output().ok()?;
    Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// The text with every UUID in it replaced.
fn without_uuids(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '-';
    let mut result = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\0']) {
        if is_part(c) {
            word.push(c);
            continue;
        }
        let groups: Vec<usize> = word.split('-').map(str::len).collect();
        result.push_str(if groups == [8, 4, 4, 4, 12] { "<uuid>" } else { &word });
        word.clear();
        result.push(c);
    }
    result
}

#[test]
fn the_first_session_reads_as_it_prints() {
    let mut terminals = Terminals::open();
    let steps = steps(&readme());
    let mut tried = 0;
    for Step { line, typed, shown } in &steps {
        let Some(printed) = terminals.run(typed) else {
            eprintln!("README.md, line {line}: passed over, there is no jq here");
            continue;
        };
        assert_eq!(without_uuids(&printed), without_uuids(shown), "README.md, line {line}: {typed}");
        tried += 1;
    }
    let is_pipe = |step: &&Step| step.typed.starts_with("bookline ") && step.typed.contains('|');
    assert!(
        !steps.iter().any(|step| is_pipe(&step)),
        "a pipe ends as its last command does: a refusal is lost"
    );
    let session = ["cargo run --release", "bookline", "nc -N", "jq", "kill -9"];
    for part in session {
        assert!(steps.iter().any(|step| step.typed.contains(part)), "the session shows no {part}");
    }
    assert!(tried >= 15, "only {tried} steps were tried");
}

/// Not a test: the server of the session, when it is told to be. It lives until it is killed.
#[test]
fn the_server_itself() {
    if std::env::var_os(BE_THE_SERVER).is_none() {
        return;
    }
    let flags = ["booklined", "--time-zone", "UTC", "--segment-size", "512KiB"];
    let settings = Settings::try_parse_from(flags).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::open(&settings).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // The test harness may have begun a line of its own.
        println!("\nbooklined {} listening on {address}", env!("CARGO_PKG_VERSION"));
        server.run(listener, std::future::pending()).await.unwrap();
    });
}

#[test]
fn the_table_of_flags_has_every_flag_and_no_other() {
    let readme = readme();
    let rows: Vec<Vec<&str>> = readme
        .lines()
        .filter(|line| line.starts_with("| `--"))
        .map(|line| line.split('|').map(|cell| cell.trim()).collect())
        .collect();
    let flag = |row: &Vec<&str>| row[1].trim_matches('`').split(' ').next().unwrap().to_owned();
    let mut missing: Vec<String> = rows.iter().map(flag).collect();
    let command = Settings::command();
    for argument in command.get_arguments() {
        let Some(long) = argument.get_long() else { continue };
        let name = format!("--{long}");
        let Some(row) = rows.iter().find(|row| flag(row) == name) else {
            panic!("README.md has no row for {name}");
        };
        missing.retain(|row| *row != name);
        let variable = argument.get_env().unwrap_or_else(|| panic!("{name} has no environment variable"));
        assert_eq!(row[2].trim_matches('`'), variable.to_str().unwrap(), "the variable of {name}");
        if !argument.is_hide_default_value_set() && argument.get_action().takes_values() {
            let defaults: Vec<_> = argument.get_default_values().iter().filter_map(|v| v.to_str()).collect();
            if !defaults.is_empty() {
                assert_eq!(row[3].trim_matches('`'), defaults.join(" "), "the default of {name}");
            }
        }
    }
    assert!(missing.is_empty(), "README.md tells of flags that booklined does not have: {missing:?}");
}

#[test]
fn links_lead_somewhere() {
    for document in ["README.md", "CHANGELOG.md", "docs/reliability.md"] {
        let path = root().join(document);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{document}: {error}"));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let outside = link.is_empty() || link.contains("://");
            assert!(outside || path.parent().unwrap().join(link).exists(), "{document}: {link} is not there");
        }
    }
}

#[test]
fn continuous_integration_runs_the_readmes_test_command() {
    let test = "cargo test --workspace";
    assert!(readme().lines().any(|line| line.trim_start().starts_with(test)), "README.md has no `{test}`");
    let script = fs::read_to_string(root().join(".ci/run")).expect(".ci/run");
    assert!(script.lines().any(|line| line.trim().ends_with(test)), ".ci/run has no `{test}`");
}

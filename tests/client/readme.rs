//! The README says what the programs do.
//!
//! Catches: a first session that prints something else than the README shows, a flag that only one of README
//! and server has, a link to a missing file, a continuous integration that runs another test command.
//!
//! `sh` executes the `$` lines of the README's `console` blocks; ticket ids may differ. The server is this
//! test binary, started as a child process, so that it can be killed with `kill -9`. Where there is no `nc`
//! with `-N`, the client replaces it; where there is no `jq`, the lines that use it are skipped.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bookline_protocol::reply::ReplyLine;
use bookline_server::Config;
use bookline_server::cli::Cli;
use bookline_testkit::in_process::{Listening, config};
use clap::CommandFactory;
use tempfile::TempDir;

use crate::support::real_server::block_on;
use crate::support::session::PROMPT;

/// The environment variable that makes [`serve_the_session`] run the server. Its value does not matter.
const SERVE_VARIABLE: &str = "BOOKLINE_README_SERVER";

/// The address of the server in the README.
const LISTENING: &str = "127.0.0.1:2665";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("README.md")
}

/// A line that the reader types, and its output.
#[derive(Debug)]
struct Step {
    line: usize,
    typed: String,
    shown: String,
}

/// The lines of the `console` blocks, in order.
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
            let step = steps.last_mut().unwrap_or_else(|| panic!("line {line}: output without a command"));
            step.shown.push_str(text);
            step.shown.push('\n');
        }
    }
    steps
}

/// The reader's terminals: a working directory with the server's data, and the server.
struct Terminals {
    directory: TempDir,
    server: Option<(Child, SocketAddr)>,
    has_nc: bool,
    has_jq: bool,
}

impl Terminals {
    fn open() -> Self {
        let has_nc = output_of("nc", "-h").is_some_and(|help| help.contains("-N"));
        let has_jq = output_of("jq", "--version").is_some();
        Self { directory: tempfile::tempdir().unwrap(), server: None, has_nc, has_jq }
    }

    /// Executes a line and returns its output, or `None` if this machine lacks a tool for it.
    fn run(&mut self, typed: &str) -> Option<String> {
        if let Some(line) = typed.strip_prefix(PROMPT) {
            // The prompt sends a line unchanged, as a script does, and prints the reply for people.
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

    /// The command as it runs without a terminal, and with the port of this server.
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
        assert!(self.server.is_none(), "the server is running");
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "readme::serve_the_session", "--nocapture"]);
        command.current_dir(&self.directory).stdin(Stdio::null()).stdout(Stdio::piped());
        // The environment of the user who runs the tests may configure another server.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BOOKLINE_") {
                command.env_remove(name);
            }
        }
        let mut child = command.env(SERVE_VARIABLE, "yes").spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line =
            lines.into_iter().find(|line| line.starts_with("booklined ")).expect("the server did not listen");
        let address = line.rsplit(' ').next().unwrap();
        let shown = line.replace(address, LISTENING);
        self.server = Some((child, address.parse().expect("an address")));
        shown + "\n"
    }

    /// Runs the README's `kill`, which reads the pid from the lock file.
    fn kill(&mut self, typed: &str) -> String {
        let shown = self.shell(typed, "");
        let (mut child, _) = self.server.take().expect("a server to kill");
        let status = child.wait().unwrap();
        assert!(!status.success(), "the server was not killed: {status}");
        shown
    }

    fn greeting(&self) -> String {
        let line = self.shell("bookline --format raw HELLO", "");
        let Ok(ReplyLine::Ok(body)) = ReplyLine::parse(line.trim_end()) else {
            panic!("HELLO was answered {line}")
        };
        bookline::render::sentence::greeting(body, &LISTENING) + "\n"
    }

    fn address(&self) -> SocketAddr {
        self.server.as_ref().expect("no server is running").1
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
        // The write fails if the command ends without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        String::from_utf8(child.wait_with_output().unwrap().stdout).expect("UTF-8")
    }
}

impl Drop for Terminals {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.server.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The output of a program for an argument, if the program is installed.
fn output_of(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).stdin(Stdio::null()).output().ok()?;
    Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// The text with `<uuid>` in place of every UUID.
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
fn first_session_prints_what_the_readme_shows() {
    let mut terminals = Terminals::open();
    let steps = steps(&readme());
    let mut tried = 0;
    for Step { line, typed, shown } in &steps {
        let Some(printed) = terminals.run(typed) else {
            eprintln!("README.md, line {line}: skipped, as jq is not installed");
            continue;
        };
        assert_eq!(without_uuids(&printed), without_uuids(shown), "README.md, line {line}: {typed}");
        tried += 1;
    }
    let is_pipe = |step: &&Step| step.typed.starts_with("bookline ") && step.typed.contains('|');
    assert!(
        !steps.iter().any(|step| is_pipe(&step)),
        "a pipe has the exit status of its last command, so a refusal would be lost"
    );
    let session = ["cargo run --release", "bookline", "nc -N", "jq", "kill -9"];
    for part in session {
        assert!(steps.iter().any(|step| step.typed.contains(part)), "the session shows no {part}");
    }
    assert!(tried >= 15, "only {tried} steps were executed");
}

/// Not a test but the server of the session, if [`SERVE_VARIABLE`] is set. It runs until it is killed.
#[test]
fn serve_the_session() {
    if std::env::var_os(SERVE_VARIABLE).is_none() {
        return;
    }
    block_on(async {
        let config = config(&Config::default().data_dir, |config| config.segment_size = 512 << 10);
        let server = Listening::open(&config).await.unwrap();
        // The test harness may have written the beginning of a line.
        println!("\nbooklined {} listening on {}", env!("CARGO_PKG_VERSION"), server.address);
        server.serve(std::future::pending()).await.unwrap();
    });
}

#[test]
fn table_of_flags_has_exactly_the_flags() {
    let readme = readme();
    let rows: Vec<Vec<&str>> = readme
        .lines()
        .filter(|line| line.starts_with("| `--"))
        .map(|line| line.split('|').map(|cell| cell.trim()).collect())
        .collect();
    let flag = |row: &Vec<&str>| row[1].trim_matches('`').split(' ').next().unwrap().to_owned();
    let mut missing: Vec<String> = rows.iter().map(flag).collect();
    let command = Cli::command();
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
    assert!(missing.is_empty(), "README.md has flags that booklined does not have: {missing:?}");
}

#[test]
fn links_point_to_existing_files() {
    for document in ["README.md", "CHANGELOG.md", "docs/reliability.md"] {
        let path = root().join(document);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{document}: {error}"));
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let outside = link.is_empty() || link.contains("://");
            assert!(
                outside || path.parent().unwrap().join(link).exists(),
                "{document}: {link} does not exist"
            );
        }
    }
}

#[test]
fn continuous_integration_runs_the_test_command_of_the_readme() {
    let test = "cargo test --workspace";
    assert!(readme().lines().any(|line| line.trim_start().starts_with(test)), "README.md has no `{test}`");
    let script = fs::read_to_string(root().join(".ci/run")).expect(".ci/run");
    assert!(script.lines().any(|line| line.trim().ends_with(test)), ".ci/run has no `{test}`");
}

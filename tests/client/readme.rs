//! The README says what the programs do.
//!
//! Catches: a first session that prints something else than the README shows, a flag that only one of README
//! and server has, a link to a missing file, a continuous integration that runs another test command.
//!
//! `sh` executes the `$` lines of the README's `console` blocks; the ids of tickets, holds and series may
//! differ, and so may times. Where there is no `nc` with `-N`, the client replaces it; where there is no
//! `jq`, the lines that use it are skipped.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bookline_protocol::reply::ReplyLine;
use bookline_server::cli::Cli;
use clap::CommandFactory;
use tempfile::TempDir;

use crate::support::child_server::ChildServer;
use crate::support::session::PROMPT;

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
    server: Option<ChildServer>,
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
            // The shell reads the quotes of these lines as the prompt does, and one command prints the same.
            return Some(self.shell(&format!("bookline --format table {line}"), ""));
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
        if typed.starts_with("bookline ") && !typed.contains('|') && !typed.contains("--format") {
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
        let server = ChildServer::start(self.directory.path());
        let shown = server.line.replace(&server.addr.to_string(), LISTENING);
        self.server = Some(server);
        shown + "\n"
    }

    /// Runs the README's `kill`, which reads the pid from the lock file.
    fn kill(&mut self, typed: &str) -> String {
        let shown = self.shell(typed, "");
        self.server.take().expect("a server to kill").wait_for_end();
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
        self.server.as_ref().expect("no server is running").addr
    }

    fn shell(&self, command: &str, input: &str) -> String {
        let client = Path::new(env!("CARGO_BIN_EXE_bookline"));
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(&self.directory);
        shell.env("PATH", format!("{}:{path}", client.parent().unwrap().display()));
        shell
            .env("BOOKLINE_ADDR", self.address().to_string())
            .env("LC_ALL", "C.UTF-8")
            .env_remove("BOOKLINE_TIMEOUT")
            .env_remove("COLUMNS");
        shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        // The write fails if the command ends without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        String::from_utf8(child.wait_with_output().unwrap().stdout).expect("UTF-8")
    }
}

/// The output of a program for an argument, if the program is installed.
fn output_of(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).stdin(Stdio::null()).output().ok()?;
    Some(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// Ids of tickets, holds and series in the README, and those that the server made up in their place. What is
/// typed has the ids of earlier outputs.
#[derive(Default)]
struct Ids(Vec<Pair>);

struct Pair {
    in_readme: String,
    of_server: String,
}

impl Ids {
    /// Takes the ids of two outputs of one command.
    fn learn(&mut self, shown: &str, printed: &str) {
        for (in_readme, of_server) in ids(shown).zip(ids(printed)) {
            if self.0.iter().all(|pair| pair.in_readme != in_readme) {
                self.0.push(Pair { in_readme: in_readme.to_owned(), of_server: of_server.to_owned() });
            }
        }
    }

    /// The line as it is typed for this server.
    fn typed(&self, line: &str) -> String {
        self.0.iter().fold(line.to_owned(), |line, pair| line.replace(&pair.in_readme, &pair.of_server))
    }

    /// The output with the ids of the README, and with the ends of ids that TICKETS shows.
    fn printed(&self, output: &str) -> String {
        let end = |id: &str| id[id.len() - 6..].to_owned();
        let whole = self
            .0
            .iter()
            .fold(output.to_owned(), |text, pair| text.replace(&pair.of_server, &pair.in_readme));
        self.0.iter().fold(whole, |text, pair| text.replace(&end(&pair.of_server), &end(&pair.in_readme)))
    }
}

/// The ids in a text: UUIDs, and 16 hexadecimal digits.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    let is_id = |word: &&str| {
        let lengths = word.split('-').map(str::len);
        lengths.clone().eq([8, 4, 4, 4, 12]) || lengths.eq([16])
    };
    text.split(|c: char| !c.is_ascii_hexdigit() && c != '-').filter(is_id)
}

/// The text with `<time>` in place of every time of a day.
fn without_times(text: &str) -> String {
    const FORM: &str = "0000-00-00 00:00";
    let is_part = |(byte, form): (u8, u8)| match form {
        b'0' => byte.is_ascii_digit(),
        b' ' => byte == b' ' || byte == b'T',
        _ => byte == form,
    };
    let mut result = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let start = rest.as_bytes().get(..FORM.len());
        if start.is_some_and(|start| start.iter().copied().zip(FORM.bytes()).all(is_part)) {
            result.push_str("<time>");
            rest = rest[FORM.len()..].trim_start_matches(|c: char| c.is_ascii_digit() || ":.Z".contains(c));
        } else {
            result.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    result
}

#[test]
fn first_session_prints_what_the_readme_shows() {
    let mut terminals = Terminals::open();
    let steps = steps(&readme());
    let mut ids = Ids::default();
    let mut tried = 0;
    for Step { line, typed, shown } in &steps {
        let Some(printed) = terminals.run(&ids.typed(typed)) else {
            eprintln!("README.md, line {line}: skipped, as jq is not installed");
            continue;
        };
        // Lines of CSV end with CR LF.
        let printed = printed.replace("\r\n", "\n");
        ids.learn(shown, &printed);
        let printed = ids.printed(&printed);
        assert_eq!(without_times(&printed), without_times(shown), "README.md, line {line}: {typed}");
        tried += 1;
    }
    let is_pipe = |step: &&Step| step.typed.starts_with("bookline ") && step.typed.contains('|');
    assert!(
        !steps.iter().any(|step| is_pipe(&step)),
        "a pipe has the exit status of its last command, so a refusal would be lost"
    );
    let session =
        ["cargo run --release", "bookline", "nc -N", "jq", "kill -9", "HOLD", "CANCEL", "every=", "first"];
    for part in session {
        assert!(steps.iter().any(|step| step.typed.contains(part)), "the session shows no {part}");
    }
    assert!(tried >= 15, "only {tried} steps were executed");
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

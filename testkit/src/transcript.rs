//! `> request` / `< reply` blocks, run against a connection.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::connection::Conn;
use crate::pattern::Bindings;
use crate::process::{Home, PASSWORD};

/// One line of a transcript.
struct Step {
    line: usize,
    sent: bool,
    text: String,
}

/// A fenced block with the info string `transcript`, or `transcript accounts` if its server has accounts.
struct Block {
    has_accounts: bool,
    heading: String,
    line: usize,
    steps: Vec<Step>,
}

impl Step {
    /// Parses numbered lines, each of them a request, a line of a reply, or empty.
    fn lines<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> Vec<Self> {
        let step = |(line, text): (usize, &str)| {
            let (sent, rest) = match text.as_bytes().first()? {
                b'>' => (true, &text[1..]),
                b'<' => (false, &text[1..]),
                _ => panic!("line {} of a transcript is neither `> …` nor `< …`: {text}", line + 1),
            };
            Some(Self { line: line + 1, sent, text: rest.strip_prefix(' ').unwrap_or(rest).to_owned() })
        };
        lines.filter_map(step).collect()
    }
}

impl Conn {
    /// Plays a transcript on this connection.
    #[track_caller]
    pub fn transcript(&mut self, text: &str) {
        let steps = Step::lines(text.lines().map(str::trim_start).enumerate());
        if let Err(failure) = play(self, &steps, &mut Bindings::default()) {
            panic!("{failure}");
        }
    }
}

/// Plays the steps in order: sends a request, or reads a line and compares it.
fn play(conn: &mut Conn, steps: &[Step], known: &mut Bindings) -> Result<(), String> {
    let mut so_far = String::new();
    for step in steps {
        if step.sent {
            let request = known.fill(&step.text);
            writeln!(so_far, "    > {request}").unwrap();
            conn.try_send_bytes(format!("{request}\n").as_bytes())
                .map_err(|error| format!("line {}: cannot send {request:?}: {error}\n{so_far}", step.line))?;
            continue;
        }
        let got = match conn.try_line() {
            Ok(Some(line)) => line,
            Ok(None) => "(the server closed the connection)".to_owned(),
            Err(error) => format!("(no reply: {error})"),
        };
        if let Err(reached) = known.check(&step.text, &got) {
            let column = got[..reached].chars().count();
            return Err(format!(
                "line {}: not the expected reply\n{so_far}    expected < {}\n    received < {got}\n{:width$}^",
                step.line,
                step.text,
                "",
                width = column + 15,
            ));
        }
        writeln!(so_far, "    < {got}").unwrap();
    }
    Ok(())
}

/// All transcript blocks of a Markdown file.
fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut heading = String::new();
    let mut lines = markdown.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if line.starts_with('#') {
            heading = line.trim_start_matches('#').trim().to_owned();
        } else if let Some(info) = line.strip_prefix("```") {
            let inside: Vec<_> = lines.by_ref().take_while(|(_, line)| !line.starts_with("```")).collect();
            let has_accounts = match info.trim() {
                "transcript" => false,
                "transcript accounts" => true,
                _ => continue,
            };
            let steps = Step::lines(inside.into_iter());
            blocks.push(Block { has_accounts, heading: heading.clone(), line: at + 1, steps });
        }
    }
    blocks
}

/// Plays every block of a file against its own new server, and reports all that fail.
pub fn play_file(path: &Path) {
    let markdown =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let blocks = blocks(&markdown);
    assert!(!blocks.is_empty(), "{} has no transcript", path.display());
    let mut failures = String::new();
    let mut failed = 0;
    for block in &blocks {
        // A block that panics must not hide the failures of the others.
        let outcome = catch_unwind(AssertUnwindSafe(|| play_block(block)));
        let failure = match outcome {
            Ok(Ok(())) => continue,
            Ok(Err(failure)) => failure,
            Err(_) => "panicked, see above".to_owned(),
        };
        failed += 1;
        let name = path.file_name().unwrap().to_string_lossy();
        writeln!(failures, "\n{name}:{} ({}): {failure}", block.line, block.heading).unwrap();
    }
    assert!(failed == 0, "{failed} of {} transcripts failed:\n{failures}", blocks.len());
}

fn play_block(block: &Block) -> Result<(), String> {
    let home = Home::new();
    if block.has_accounts {
        home.add_account("anna", &["--role", "seller", "--person", "F1"], PASSWORD);
        home.add_account("root", &["--role", "admin"], PASSWORD);
    }
    let server = home.start(&[]);
    let mut conn = server.connect();
    play(&mut conn, &block.steps, &mut Bindings::default())?;
    // Any further line was not expected. The server may have closed the connection already.
    let _ = conn.stream().shutdown(std::net::Shutdown::Write);
    match conn.try_line() {
        Ok(None) => Ok(()),
        Ok(Some(line)) => Err(format!("one more reply than expected\n    received < {line}")),
        Err(error) => Err(format!("the connection did not end in order: {error}")),
    }
}

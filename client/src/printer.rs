//! Lines of reply, out to standard output.

use std::io::{BufWriter, IsTerminal, Stdout, Write};

use bookline_protocol::reply::Reply;

use crate::error::Error;
use crate::inbox::CHUNK;
use crate::render::{self, plain};

/// Rows that are laid out as one table. A listing may have millions: it is shown in parts, each with columns as wide as
/// that part needs, so that the first is seen at once and memory holds one.
const TABLE_ROWS: usize = 1_000;

/// How lines are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// As the server wrote them.
    Raw,
    /// For people.
    Pretty,
}

/// Shows replies on standard output, in the order of their lines.
#[derive(Debug)]
pub struct Printer {
    out: BufWriter<Stdout>,
    layout: Layout,
    /// Whether standard output is a terminal, which text from a server must not act on.
    terminal: bool,
    /// Objects of rows that wait for their table.
    rows: Vec<String>,
    /// What the rows of this reply are, once some were shown.
    shown: Option<render::Rows>,
}

impl Printer {
    /// A printer to standard output.
    pub fn new(layout: Layout) -> Self {
        let stdout = std::io::stdout();
        let terminal = stdout.is_terminal();
        Self { out: BufWriter::with_capacity(CHUNK, stdout), layout, terminal, rows: Vec::new(), shown: None }
    }

    /// Shows one line of reply, given without its line feed. Rows may be kept until their reply ends.
    pub fn line(&mut self, line: &[u8]) -> Result<(), Error> {
        match self.layout {
            Layout::Raw if self.terminal => self.write(format!("{}\n", plain::bytes(line)).as_bytes()),
            Layout::Raw => {
                self.write(line)?;
                self.write(b"\n")
            }
            Layout::Pretty => self.lay_out(line),
        }
    }

    /// Shows a text of the client's own, and a line feed.
    pub fn say(&mut self, text: &str) -> Result<(), Error> {
        self.write(format!("{text}\n").as_bytes())
    }

    /// Shows what there is of a reply that will not be completed: `rest` is the beginning of a line.
    pub fn end_early(&mut self, rest: &[u8]) -> Result<(), Error> {
        self.lay_out_rows()?;
        self.shown = None;
        match self.layout {
            Layout::Raw if !self.terminal => self.write(rest),
            _ if rest.is_empty() => Ok(()),
            _ => self.say(&plain::bytes(rest)),
        }
    }

    /// Hands everything to the system.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.out.flush().map_err(|source| Error::Output { source })
    }

    fn lay_out(&mut self, line: &[u8]) -> Result<(), Error> {
        let text = String::from_utf8_lossy(line);
        match Reply::parse(&text) {
            Ok(Reply::Row(body)) => {
                self.rows.push(body.to_owned());
                if self.rows.len() == TABLE_ROWS { self.lay_out_rows() } else { Ok(()) }
            }
            Ok(Reply::Ok(body)) => {
                self.lay_out_rows()?;
                let answer = render::answer(body, self.shown.take(), width());
                if answer.is_empty() { Ok(()) } else { self.say(&answer) }
            }
            Ok(Reply::Err { code, body }) => {
                self.lay_out_rows()?;
                let refusal = render::refusal(code, body, self.shown.take().is_some());
                self.say(&refusal)
            }
            Err(_) => self.say(&plain::text(&text)),
        }
    }

    fn lay_out_rows(&mut self) -> Result<(), Error> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let (table, rows) = render::rows(&std::mem::take(&mut self.rows), width());
        self.shown = Some(rows);
        self.say(&table)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes).map_err(|source| Error::Output { source })
    }
}

/// Columns of the terminal, or what the environment says of them where there is no terminal or it does not say; none if
/// that is silent too. Asked anew each time, as windows change.
fn width() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    let columns = || std::env::var("COLUMNS").ok()?.trim().parse().ok();
    size.map(|size| size.ws_col)
        .filter(|&columns| columns > 0)
        .or_else(columns)
        .filter(|&columns| columns > 0)
}

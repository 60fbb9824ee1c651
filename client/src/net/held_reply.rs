//! A reply whose final line has not arrived.

use crate::error::Error;
use crate::printer::Printer;

/// Rows that are not printed yet, so that a reply whose connection is lost can be asked for again.
#[derive(Debug)]
pub struct HeldReply {
    /// Lines with their line feeds.
    held: Vec<u8>,
    /// With more bytes, rows are printed as they arrive.
    bytes_max: usize,
    /// Rows that have arrived.
    rows: u64,
    is_partly_printed: bool,
}

impl HeldReply {
    pub fn new(bytes_max: usize) -> Self {
        Self { held: Vec::new(), bytes_max, rows: 0, is_partly_printed: false }
    }

    /// Takes a row.
    pub fn add(&mut self, row: &[u8], printer: &mut Printer) -> Result<(), Error> {
        self.held.extend_from_slice(row);
        self.held.push(b'\n');
        self.rows += 1;
        if self.is_partly_printed || self.held.len() > self.bytes_max { self.print(printer) } else { Ok(()) }
    }

    /// Prints the rows that are held.
    pub fn print(&mut self, printer: &mut Printer) -> Result<(), Error> {
        self.is_partly_printed |= !self.held.is_empty();
        let held = self.held.strip_suffix(b"\n").unwrap_or_default();
        if !held.is_empty() {
            held.split(|&byte| byte == b'\n').try_for_each(|line| printer.print_line(line))?;
        }
        self.held.clear();
        Ok(())
    }

    /// Forgets the reply: the next one begins.
    pub fn clear(&mut self) {
        *self = Self::new(self.bytes_max);
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether rows are printed: the request must not be sent again.
    pub fn is_partly_printed(&self) -> bool {
        self.is_partly_printed
    }
}

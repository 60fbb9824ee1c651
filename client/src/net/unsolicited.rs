//! What a server sends at the prompt without being asked, and the changes of a connection that watches.

use std::time::{Duration, Instant};

use crate::change_line::ChangeLine;
use crate::error::Error;
use crate::net::connection::{Connection, SocketState};
use crate::printer::Printer;

/// Lines that are printed between two commands: a server that stops sends one. More of them would push what
/// the user reads off the screen.
const LINES_MAX: u32 = 10;

/// How often the user is disturbed between two commands. A peer may send its bytes one by one.
const LOOKS_MAX: u32 = 2 * LINES_MAX;

/// Bytes of the longest line that is printed: a few rows of a screen.
const LINE_BYTES_MAX: usize = 1024;

/// Bytes that are read between two commands. A peer that sends more does not wait for requests, and its
/// replies could not be told from them.
const BYTES_MAX: usize = 1024 * 1024;

/// How long a user types undisturbed at the least while changes arrive.
const CHANGES_PAUSE: Duration = Duration::from_millis(500);

/// Bytes of changes that are read at once. With more of them to come, the user who has typed a line would
/// wait for them.
const CHANGE_BYTES_MAX: usize = 1024 * 1024;

const _: () = assert!(LINE_BYTES_MAX * (LINES_MAX as usize) < BYTES_MAX);

/// What has arrived since the last command.
#[derive(Debug, Default)]
pub struct Unsolicited {
    bytes: usize,
    looks: u32,
    printed: u32,
    /// Lines that were not printed, and that the user was not told of.
    left_out: u32,
    /// When the user may be disturbed again by changes.
    next_look: Option<Instant>,
}

impl Unsolicited {
    /// Whether more is to be printed as soon as it arrives. The rest waits for the next command. Changes that
    /// the user has asked for are always printed.
    pub fn is_watched(&self, connection: &Connection) -> bool {
        !connection.watching.is_empty() || self.has_room() && self.looks < LOOKS_MAX
    }

    /// When more is printed: at once, or after a pause between changes.
    pub fn next_look(&self) -> Option<Instant> {
        self.next_look
    }

    fn has_room(&self) -> bool {
        self.printed < LINES_MAX
    }

    /// Prints what the connection has received, without waiting.
    ///
    /// # Errors
    ///
    /// The server has closed the connection, or sends without end. What arrived before is printed.
    pub fn print(&mut self, connection: &mut Connection, printer: &mut Printer) -> Result<(), Error> {
        self.looks += 1;
        let result = self.read(connection, printer);
        // Rows without a final line.
        printer.abandon_reply(b"")?;
        match std::mem::take(&mut self.left_out) {
            0 => {}
            1 => printer.report("1 more line that the server sent unasked is left out")?,
            many => {
                printer.report(&format!("{many} more lines that the server sent unasked are left out"))?
            }
        }
        printer.report_left_out()?;
        printer.flush()?;
        result
    }

    fn read(&mut self, connection: &mut Connection, printer: &mut Printer) -> Result<(), Error> {
        let mut change_bytes = 0;
        loop {
            let state = connection.poll_socket();
            while let Some(line) = connection.received.next_line() {
                if !connection.watching.is_empty() && ChangeLine::parse(line).is_some() {
                    connection.watching.on_line(line);
                    printer.print_line(line)?;
                    change_bytes += line.len() + 1;
                    self.next_look = Some(Instant::now() + CHANGES_PAUSE);
                } else if self.has_room() && line.len() <= LINE_BYTES_MAX {
                    self.printed += 1;
                    printer.print_line(line)?;
                } else {
                    self.left_out += 1;
                }
            }
            match state {
                SocketState::Received { bytes } => {
                    self.bytes += bytes;
                    if change_bytes > CHANGE_BYTES_MAX {
                        self.bytes = self.bytes.saturating_sub(change_bytes);
                        return Ok(());
                    }
                    if self.bytes.saturating_sub(change_bytes) > BYTES_MAX {
                        let address = connection.target.address.clone();
                        return Err(Error::Unsolicited { address, bytes_max: BYTES_MAX });
                    }
                }
                SocketState::Idle => {
                    self.bytes = self.bytes.saturating_sub(change_bytes);
                    return Ok(());
                }
                SocketState::Closed => {
                    let partial = connection.received.partial_line();
                    if self.has_room() && partial.len() <= LINE_BYTES_MAX {
                        printer.abandon_reply(partial)?;
                    }
                    return Err(connection.lost(0));
                }
            }
        }
    }
}

//! The commands to send, as bytes.

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::error::Error;
use crate::net::request_tracker::Pace;
use crate::net::script_report::ScriptReport;

/// Bytes of input that are read at once, so that a million commands need few system calls.
const READ_BYTES: usize = 64 * 1024;

/// The byte order mark that some editors put at the start of a file. It is not part of the first line.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What ends the input before its last line. The lines after it are not sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    #[default]
    Quit,
    /// The first refusal, with `--stop-on-error`.
    Refusal,
}

/// The commands to send.
#[derive(Debug)]
pub struct Input<R> {
    source: R,
    /// What was read and is not sent yet.
    pub bytes: Vec<u8>,
    /// A byte order mark may follow.
    may_have_mark: bool,
    pub has_ended: bool,
    /// What is refused, if this is a script.
    pub report: Option<ScriptReport>,
}

impl<R: AsyncRead + Unpin> Input<R> {
    /// Commands that come from the client itself.
    pub fn of(source: R) -> Self {
        let bytes = Vec::with_capacity(READ_BYTES);
        Self { source, bytes, may_have_mark: false, has_ended: false, report: None }
    }

    /// Commands of a script, whose byte order mark is removed.
    pub fn of_script(source: R, report: ScriptReport) -> Self {
        Self { may_have_mark: true, report: Some(report), ..Self::of(source) }
    }

    /// Reads more, or finds the end. Canceling this loses nothing.
    pub async fn read(&mut self) -> Result<(), Error> {
        loop {
            self.bytes.reserve(READ_BYTES);
            match self.source.read_buf(&mut self.bytes).await {
                Ok(count) => self.has_ended = count == 0,
                Err(source) => return Err(self.error(source)),
            }
            let begins_mark =
                self.bytes.len() < BYTE_ORDER_MARK.len() && BYTE_ORDER_MARK.starts_with(&self.bytes);
            if self.may_have_mark && begins_mark && !self.has_ended {
                continue;
            }
            if std::mem::take(&mut self.may_have_mark) && self.bytes.starts_with(BYTE_ORDER_MARK) {
                self.bytes.drain(..BYTE_ORDER_MARK.len());
            }
            return Ok(());
        }
    }

    fn error(&self, source: std::io::Error) -> Error {
        match &self.report {
            Some(report) => report.source.error(source),
            None => Error::Input { source },
        }
    }
}

impl<R> Input<R> {
    /// When the next request is sent.
    pub fn pace(&self) -> Pace {
        self.report.as_ref().map_or(Pace::Pipelined, ScriptReport::pace)
    }

    /// What ends the input before its last line: a QUIT that was granted, or a refusal.
    pub fn end(&self, has_quit: bool) -> Option<End> {
        if has_quit {
            return Some(End::Quit);
        }
        let has_stopped = self.report.as_ref().is_some_and(ScriptReport::has_stopped);
        has_stopped.then_some(End::Refusal)
    }
}

//! Where replies are printed.

use std::io::{self, BufWriter, Stdout, Write};

use tokio::io::Interest;
use tokio::net::unix::pipe;

use crate::diagnostics::report;
use crate::held_text::HeldText;
use crate::pager::{Pager, RunningPager};
use crate::screen;

/// Bytes that are buffered for standard output, so that a million replies need few system calls.
const BUFFER_BYTES: usize = 64 * 1024;

/// Bytes of a reply that the client reads itself: the days of a year with meetings of a hundred people in
/// every hour.
pub const MEMORY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Where replies are printed.
#[derive(Debug)]
pub enum Output {
    Stdout(BufWriter<Stdout>),
    /// Standard output, or a pager while a long reply is printed.
    Paged(PagedOutput),
    Memory(Vec<u8>),
}

impl Output {
    pub fn stdout() -> Self {
        Self::Stdout(buffered_stdout())
    }

    pub fn paged(pager: Pager) -> Self {
        Self::Paged(PagedOutput { stdout: buffered_stdout(), pager: Some(pager), reply: PagedReply::None })
    }

    pub fn memory() -> Self {
        Self::Memory(Vec::new())
    }

    /// Takes what was written into memory.
    pub fn take_written(&mut self) -> String {
        match self {
            Self::Stdout(_) | Self::Paged(_) => String::new(),
            Self::Memory(written) => String::from_utf8_lossy(&std::mem::take(written)).into_owned(),
        }
    }

    /// From here on, what is taller than the screen goes to the pager, if there is one.
    pub fn begin_page(&mut self) {
        if let Self::Paged(paged) = self {
            paged.begin();
        }
    }

    /// Waits until the user has left the pager. Returns whether that was before the end of the reply.
    pub fn end_page(&mut self) -> io::Result<bool> {
        match self {
            Self::Paged(paged) => paged.end(),
            Self::Stdout(_) | Self::Memory(_) => Ok(false),
        }
    }

    pub fn is_in_pager(&self) -> bool {
        matches!(self, Self::Paged(PagedOutput { reply: PagedReply::InPager(_), .. }))
    }

    /// Writes what is held back, before something else writes to the terminal.
    pub fn release(&mut self) -> io::Result<()> {
        match self {
            Self::Paged(paged) => paged.release(),
            Self::Stdout(_) | Self::Memory(_) => self.flush(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::Paged(out) => out.write_all(bytes).map(|()| bytes.len()),
            Self::Memory(out) if out.len() + bytes.len() > MEMORY_BYTES_MAX => {
                Err(io::Error::new(io::ErrorKind::StorageFull, "the reply is too long"))
            }
            Self::Memory(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::Paged(out) => out.flush(),
            Self::Memory(out) => out.flush(),
        }
    }
}

fn buffered_stdout() -> BufWriter<Stdout> {
    BufWriter::with_capacity(BUFFER_BYTES, io::stdout())
}

/// Standard output with a pager.
#[derive(Debug)]
pub struct PagedOutput {
    stdout: BufWriter<Stdout>,
    /// `None` once it could not be started.
    pager: Option<Pager>,
    reply: PagedReply,
}

/// Where the current reply is.
#[derive(Debug)]
enum PagedReply {
    /// There is none.
    None,
    /// Held back, until it is taller than the screen or ends.
    Held(HeldText),
    InPager(RunningPager),
}

impl PagedOutput {
    fn begin(&mut self) {
        let rows = screen::height().filter(|_| self.pager.is_some());
        if let Some(rows) = rows {
            self.reply = PagedReply::Held(HeldText::new(rows, screen::width()));
        }
    }

    fn end(&mut self) -> io::Result<bool> {
        match std::mem::replace(&mut self.reply, PagedReply::None) {
            PagedReply::None => {}
            PagedReply::Held(page) => self.print(&page)?,
            PagedReply::InPager(running) => return Ok(self.finish(running)),
        }
        Ok(false)
    }

    fn release(&mut self) -> io::Result<()> {
        if let PagedReply::Held(page) = &mut self.reply {
            let held = page.take();
            self.print(&held)?;
        }
        self.stdout.flush()
    }

    fn print(&mut self, page: &HeldText) -> io::Result<()> {
        self.stdout.write_all(page.bytes())?;
        self.stdout.flush()
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.reply {
            PagedReply::None => self.stdout.write_all(bytes),
            PagedReply::InPager(running) => running.write_all(bytes),
            PagedReply::Held(page) => {
                page.add(bytes);
                if page.is_full() { self.open_pager() } else { Ok(()) }
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.reply {
            PagedReply::None => self.stdout.flush(),
            PagedReply::InPager(running) => running.flush(),
            PagedReply::Held(_) => Ok(()),
        }
    }

    /// Starts the pager with what is held back.
    fn open_pager(&mut self) -> io::Result<()> {
        let PagedReply::Held(page) = std::mem::replace(&mut self.reply, PagedReply::None) else {
            return Ok(());
        };
        self.stdout.flush()?;
        let Some(pager) = &self.pager else { return self.print(&page) };
        match pager.start() {
            Ok(mut running) => {
                let written = running.write_all(page.bytes());
                self.reply = PagedReply::InPager(running);
                written
            }
            Err(error) => {
                self.give_pager_up(&error);
                self.print(&page)
            }
        }
    }

    fn finish(&mut self, running: RunningPager) -> bool {
        let Some(pager) = &self.pager else { return false };
        pager.finish(running).unwrap_or_else(|error| {
            self.give_pager_up(&error);
            false
        })
    }

    /// Prints without the pager from here on.
    fn give_pager_up(&mut self, error: &io::Error) {
        if let Some(pager) = self.pager.take() {
            let command = pager.command();
            report(&format!(
                "cannot page with {command:?}: {error}; set PAGER to another command, or to nothing"
            ));
        }
    }
}

/// Who reads standard output, if it is a pipe. A program that writes seldom would not notice that the reader
/// has gone, and the pipeline would not end.
#[derive(Debug)]
pub struct StdoutReader(Option<pipe::Sender>);

impl StdoutReader {
    /// Within a runtime.
    pub fn of_stdout() -> Self {
        let stdout = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3);
        // A file cannot be waited for. The pipe stays as it is: other programs may write to it as well.
        Self(stdout.ok().and_then(|stdout| pipe::Sender::from_owned_fd_unchecked(stdout).ok()))
    }

    /// Waits until the reader has gone, which is never for what is not a pipe.
    pub async fn has_gone(&self) -> io::Error {
        if let Some(pipe) = &self.0
            && pipe.ready(Interest::ERROR).await.is_ok()
        {
            return io::ErrorKind::BrokenPipe.into();
        }
        std::future::pending().await
    }
}

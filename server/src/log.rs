//! The log: lines for standard error. Nobody who serves ever waits for it.
//!
//! Lines go into a bounded queue, and one thread writes them. When standard error takes no more (a full disk,
//! a pipe that nobody reads), what finds no room in the queue is dropped and counted, and the count is logged
//! as soon as lines are taken again. Nothing here panics over what an output does.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::panic::PanicHookInfo;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock};
use std::thread;
use std::time::Duration;

use serde_json::json;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

/// How to write the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs, an object a line.
    Json,
}

/// Bytes of lines that may wait for the output: about ten thousand lines, far more than an output that works
/// is ever behind.
const QUEUED_BYTES_MAX: usize = 1 << 20;

/// How long an end of the process waits until the output has taken what is queued. An output that works needs
/// microseconds; one that is stuck must not keep the process.
const FLUSH_WITHIN: Duration = Duration::from_millis(500);

static OUTPUT: Output = Output::new();

/// Flushes the log when it is dropped, for a bounded time.
#[derive(Debug)]
#[must_use = "lines that were not written yet are lost without it"]
pub struct Flush(());

impl Drop for Flush {
    fn drop(&mut self) {
        OUTPUT.flush();
    }
}

/// Starts the log of this process. Panics are logged like everything else: the standard hook would wait for
/// standard error.
pub fn start(format: LogFormat) -> io::Result<Flush> {
    // Not the handle of the standard library: whoever else used it would wait for its lock.
    let lines = Lines { out: File::from(io::stderr().as_fd().try_clone_to_owned()?), torn: false, lost: 0 };
    thread::Builder::new().name("log".into()).spawn(move || OUTPUT.run(lines, format))?;
    OUTPUT.format.get_or_init(|| format);
    std::panic::set_hook(Box::new(log_panic));

    let (filter, mistake) = filter(std::env::var("RUST_LOG").unwrap_or_default().trim());
    let silent = filter.max_level_hint() == Some(LevelFilter::OFF);
    let log = tracing_subscriber::fmt().with_env_filter(filter).log_internal_errors(false);
    let log = log.with_writer(|| &OUTPUT);
    match format {
        LogFormat::Text => {
            let plain = std::env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty());
            log.with_ansi(io::stderr().is_terminal() && !plain).with_target(false).init();
        }
        LogFormat::Json => log.json().init(),
    }
    if let Some(mistake) = mistake {
        tracing::warn!("{mistake}");
    } else if !silent && !tracing::enabled!(tracing::Level::ERROR) {
        OUTPUT.push_always(&render(
            format,
            "WARN",
            "RUST_LOG lets nothing of booklined's through: name a level, as in RUST_LOG=warn",
        ));
    }
    Ok(Flush(()))
}

/// What RUST_LOG asks for, or the usual level and what is wrong with it.
fn filter(directives: &str) -> (EnvFilter, Option<String>) {
    let usual = || EnvFilter::new("info");
    if directives.is_empty() {
        return (usual(), None);
    }
    match EnvFilter::try_new(directives) {
        Ok(filter) => (filter, None),
        Err(error) => {
            let mistake = format!(
                "RUST_LOG is {directives:?}, which cannot be read ({error}): the log is at level info. Write a \
                 level, as in RUST_LOG=warn"
            );
            (usual(), Some(mistake))
        }
    }
}

/// Writes a line for people to standard error, whatever RUST_LOG says, and waits for a bounded time until it
/// is there.
pub fn say(text: &str) {
    OUTPUT.last(&format!("{text}\n"));
}

/// Writes an error to the log, whatever RUST_LOG says, and waits for a bounded time until it is there.
pub(crate) fn last_error(text: &str) {
    let format = OUTPUT.format.get().copied().unwrap_or_default();
    OUTPUT.last(&render(format, "ERROR", text));
}

fn log_panic(info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = thread::current();
    let thread = thread.name().unwrap_or("without a name");
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!("thread {thread} panicked at {place}: {message}\n{backtrace}");
    } else {
        tracing::error!("thread {thread} panicked at {place}: {message}");
    }
}

/// A line that does not come by way of `tracing`, in the same form.
fn render(format: LogFormat, level: &str, message: &str) -> String {
    let mut time = String::new();
    // To a string, this does not fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    match format {
        LogFormat::Text => format!("{time} {level:>5} {message}\n"),
        LogFormat::Json => {
            let fields = json!({ "message": message });
            let target = env!("CARGO_CRATE_NAME");
            format!("{}\n", json!({ "fields": fields, "level": level, "target": target, "timestamp": time }))
        }
    }
}

/// The lines on their way to standard error.
#[derive(Debug)]
struct Output {
    queue: Mutex<Queue>,
    /// Tells the thread of lines.
    filled: Condvar,
    /// Tells who flushes that there are none left.
    drained: Condvar,
    /// Known once there is a thread that writes.
    format: OnceLock<LogFormat>,
}

#[derive(Debug)]
struct Queue {
    /// Whole lines.
    lines: Vec<u8>,
    /// Lines that came after these and found no room.
    dropped: u64,
    /// Lines that were taken from the queue are being written.
    writing: bool,
}

impl Output {
    const fn new() -> Self {
        Self {
            queue: Mutex::new(Queue { lines: Vec::new(), dropped: 0, writing: false }),
            filled: Condvar::new(),
            drained: Condvar::new(),
            format: OnceLock::new(),
        }
    }

    /// The queue is whole whatever happened to a thread that had it.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Queues a line, or drops it when there is no room.
    fn push(&self, line: &[u8]) {
        let mut queue = self.lock();
        if queue.lines.len() + line.len() > QUEUED_BYTES_MAX {
            queue.dropped += 1;
            return;
        }
        // The thread sleeps only while there is nothing.
        let sleeps = queue.lines.is_empty();
        queue.lines.extend_from_slice(line);
        drop(queue);
        if sleeps {
            self.filled.notify_one();
        }
    }

    /// Queues one of the few lines that must not be dropped.
    fn push_always(&self, line: &str) {
        self.lock().lines.extend_from_slice(line.as_bytes());
        self.filled.notify_one();
    }

    /// The last line of the process: it is queued, and what is queued gets its time.
    fn last(&self, line: &str) {
        if self.format.get().is_none() {
            // There is no thread: the process has not got far, and nobody is served yet.
            let _ = io::stderr().write_all(line.as_bytes());
            return;
        }
        self.push_always(line);
        self.flush();
    }

    /// Waits until the output has taken everything, for a bounded time.
    fn flush(&self) {
        let left = |queue: &mut Queue| queue.writing || !queue.lines.is_empty();
        let _ = self.drained.wait_timeout_while(self.lock(), FLUSH_WITHIN, left);
    }

    /// The thread that writes.
    fn run(&self, mut lines: Lines<impl Write>, format: LogFormat) {
        let mut batch = Vec::new();
        loop {
            let dropped = self.next_batch(&mut batch);
            batch.split_inclusive(|&byte| byte == b'\n').for_each(|line| lines.write(line));
            lines.lost += dropped;
            lines.report(format);
            batch.clear();
        }
    }

    /// Waits for lines and exchanges them for the empty batch given. Says how many were dropped behind them.
    fn next_batch(&self, batch: &mut Vec<u8>) -> u64 {
        let mut queue = self.lock();
        queue.writing = false;
        if queue.lines.is_empty() {
            self.drained.notify_all();
        }
        let filled = self.filled.wait_while(queue, |queue| queue.lines.is_empty());
        let mut queue = filled.unwrap_or_else(|e| e.into_inner());
        queue.writing = true;
        std::mem::swap(&mut queue.lines, batch);
        std::mem::take(&mut queue.dropped)
    }
}

impl Write for &Output {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes lines, each in one go where the output lets it, and counts those that it does not take.
struct Lines<W> {
    out: W,
    /// The output took the beginning of a line and not the rest.
    torn: bool,
    /// Lines that were lost since the last report.
    lost: u64,
}

impl<W: Write> Lines<W> {
    fn write(&mut self, line: &[u8]) {
        if self.try_write(line).is_err() {
            self.lost += 1;
        }
    }

    fn report(&mut self, format: LogFormat) {
        if self.lost == 0 {
            return;
        }
        let lines = if self.lost == 1 { "line was" } else { "lines were" };
        let message = format!("{} log {lines} lost here: standard error did not take them", self.lost);
        if self.try_write(render(format, "ERROR", &message).as_bytes()).is_ok() {
            self.lost = 0;
        }
    }

    fn try_write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.torn {
            self.out.write_all(b"\n")?;
            self.torn = false;
        }
        let mut left = line;
        while !left.is_empty() {
            match self.out.write(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    left = &left[written..];
                    self.torn = !left.is_empty();
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// An output that takes a write when it is told what to say to it.
    struct Told {
        answers: Receiver<io::Result<usize>>,
        taken: Sender<Vec<u8>>,
    }

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // When nobody tells it any more, it takes everything.
            let takes = self.answers.recv().unwrap_or(Ok(usize::MAX))?.min(bytes.len());
            let _ = self.taken.send(bytes[..takes].to_vec());
            Ok(takes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A log on such an output.
    fn log() -> (Arc<Output>, Sender<io::Result<usize>>, Receiver<Vec<u8>>) {
        let (answer, answers) = channel();
        let (taken, written) = channel();
        let output = Arc::new(Output::new());
        let of_thread = output.clone();
        let lines = Lines { out: Told { answers, taken }, torn: false, lost: 0 };
        thread::spawn(move || of_thread.run(lines, LogFormat::Text));
        (output, answer, written)
    }

    /// Waits until the log has nothing left, however slow the machine is.
    fn drain(output: &Output) {
        let left = |queue: &mut Queue| queue.writing || !queue.lines.is_empty();
        drop(output.drained.wait_while(output.lock(), left).unwrap());
    }

    /// Everything that was written, once the log has nothing left.
    fn all(output: &Output, written: &Receiver<Vec<u8>>) -> String {
        drain(output);
        let pieces: Vec<Vec<u8>> = written.try_iter().collect();
        String::from_utf8(pieces.concat()).expect("lines are text")
    }

    /// The number of lines that a report says were lost.
    fn reported(line: &str) -> Option<usize> {
        let (before, _) = line.split_once(" log line")?;
        before.rsplit(' ').next()?.parse().ok()
    }

    #[test]
    fn an_output_that_is_stuck_keeps_nobody() {
        let (output, answer, written) = log();
        let line = [b"x".repeat(999), b"\n".to_vec()].concat();
        let pushed = 10 * QUEUED_BYTES_MAX / line.len();
        for _ in 0..pushed {
            output.push(&line);
        }
        assert!(output.lock().lines.len() <= QUEUED_BYTES_MAX, "the queue is bounded");
        output.flush(); // returns, though nothing was taken
        drop(answer);
        let said = all(&output, &written);
        let lost: usize = said.lines().filter_map(reported).sum();
        let whole = said.lines().filter(|said| said.len() == 999).count();
        assert!(lost > 0 && whole > 0, "{lost} lost, {whole} written");
        assert_eq!(lost + whole, pushed, "every line is written or counted");
    }

    #[test]
    fn lines_that_an_output_refuses_are_counted_and_a_torn_one_is_ended() {
        let (output, answer, written) = log();
        let no_space = || Err(io::ErrorKind::StorageFull.into());
        // The first line, then its report: both refused. The second is taken in part.
        for answered in [no_space(), no_space(), Ok(3), no_space(), no_space()] {
            answer.send(answered).unwrap();
        }
        output.push(b"first\n");
        drain(&output);
        output.push(b"second\n");
        drain(&output);
        drop(answer);
        output.push(b"third\n");
        let said = all(&output, &written);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[..2], ["sec", "third"], "{said}");
        assert_eq!(reported(lines[2]), Some(2), "{said}");
        assert_eq!(lines.len(), 3, "{said}");
    }

    #[test]
    fn last_lines_are_not_dropped() {
        let (output, answer, written) = log();
        output.format.get_or_init(|| LogFormat::Text);
        output.push(&[b'x'; QUEUED_BYTES_MAX]);
        drop(answer);
        output.last("the end\n");
        assert!(all(&output, &written).contains("the end\n"));
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_said() {
        assert_eq!(filter("").1, None);
        assert_eq!(filter("warn").1, None);
        let (_, mistake) = filter("bookline_server=loud");
        assert!(mistake.is_some_and(|mistake| mistake.contains("bookline_server=loud")));
    }
}

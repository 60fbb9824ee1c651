//! The log: lines on standard error. No thread that serves waits for it.
//!
//! Lines go into a bounded queue, and one thread writes them. When standard error accepts no more (a full
//! disk, a pipe that is not read), lines that exceed the queue are dropped and counted, and the count is
//! logged when standard error accepts lines again. Errors of standard error cause no panic.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::panic::PanicHookInfo;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock};
use std::thread;
use std::time::Duration;

use serde_json::json;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one object per line.
    Json,
}

/// Bytes of queued lines: about ten thousand lines, far more than a working output falls behind.
const QUEUED_BYTES_MAX: usize = 1 << 20;

/// What is logged without RUST_LOG: the words of the NATS library are repeated in those of this server.
const DEFAULT_FILTER: &str = "info,async_nats=warn";

/// How long the end of the process waits until the output has accepted the queued lines. A working output
/// needs microseconds, and a blocked one must not delay the end.
const FLUSH_WAIT_MAX: Duration = Duration::from_millis(500);

static OUTPUT: Output = Output::new();

/// Flushes the log when it is dropped, for a bounded time.
#[derive(Debug)]
#[must_use = "without it, queued lines are lost at the end of the process"]
pub struct Flush(());

impl Drop for Flush {
    fn drop(&mut self) {
        OUTPUT.flush();
    }
}

/// Starts the log of this process. It also logs panics, because the standard hook would wait for standard
/// error.
///
/// # Errors
///
/// If standard error cannot be duplicated or the thread cannot be started.
pub fn start(format: LogFormat) -> io::Result<Flush> {
    // A separate handle: other threads that use the standard library's would wait for its lock.
    let lines =
        LineWriter { out: File::from(io::stderr().as_fd().try_clone_to_owned()?), torn: false, lost: 0 };
    thread::Builder::new().name("log".into()).spawn(move || OUTPUT.run(lines, format))?;
    OUTPUT.format.get_or_init(|| format);
    std::panic::set_hook(Box::new(log_panic));

    let (filter, warning) = filter(std::env::var("RUST_LOG").unwrap_or_default().trim());
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
    if let Some(warning) = warning {
        tracing::warn!("{warning}");
    } else if !silent && !tracing::enabled!(tracing::Level::ERROR) {
        OUTPUT.push_always(&render(
            format,
            "WARN",
            "RUST_LOG lets nothing of booklined's through: name a level, as in RUST_LOG=warn",
        ));
    }
    Ok(Flush(()))
}

/// The filter of RUST_LOG. If it is invalid, the default filter and a warning.
fn filter(directives: &str) -> (EnvFilter, Option<String>) {
    let default = || EnvFilter::new(DEFAULT_FILTER);
    if directives.is_empty() {
        return (default(), None);
    }
    match EnvFilter::try_new(directives) {
        Ok(filter) => (filter, None),
        Err(error) => {
            let warning = format!(
                "RUST_LOG is {directives:?}, which cannot be read ({error}): the log is at level info. Write a \
                 level, as in RUST_LOG=warn"
            );
            (default(), Some(warning))
        }
    }
}

/// Writes a plain line to standard error, regardless of RUST_LOG, and waits for a bounded time until it is
/// written.
pub fn print_line(text: &str) {
    OUTPUT.write_final(&format!("{text}\n"));
}

/// Lines that standard error did not take since the start.
pub fn lost_lines() -> u64 {
    OUTPUT.lost.load(Relaxed)
}

/// Logs an error, regardless of RUST_LOG, and waits for a bounded time until it is written.
pub(crate) fn write_final_error(text: &str) {
    let format = OUTPUT.format.get().copied().unwrap_or_default();
    OUTPUT.write_final(&render(format, "ERROR", text));
}

fn log_panic(info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("no message");
    let location = info.location().map_or_else(|| "an unknown location".to_owned(), ToString::to_string);
    let thread = thread::current();
    let thread = thread.name().unwrap_or("without a name");
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!("thread {thread} panicked at {location}: {message}\n{backtrace}");
    } else {
        tracing::error!("thread {thread} panicked at {location}: {message}");
    }
}

/// A line in the format of those that `tracing` writes.
fn render(format: LogFormat, level: &str, message: &str) -> String {
    let mut time = String::new();
    // Writing to a string does not fail.
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

#[derive(Debug)]
struct Output {
    queue: Mutex<Queue>,
    /// Wakes the thread that writes.
    filled: Condvar,
    /// Wakes threads that flush.
    drained: Condvar,
    /// Set once the thread that writes has started.
    format: OnceLock<LogFormat>,
    /// Lines lost since the start, those included that were reported.
    lost: AtomicU64,
}

#[derive(Debug)]
struct Queue {
    /// Complete lines.
    lines: Vec<u8>,
    /// Lines that were dropped after these.
    dropped: u64,
    /// Whether lines that left the queue are being written.
    writing: bool,
}

impl Output {
    const fn new() -> Self {
        Self {
            queue: Mutex::new(Queue { lines: Vec::new(), dropped: 0, writing: false }),
            filled: Condvar::new(),
            drained: Condvar::new(),
            format: OnceLock::new(),
            lost: AtomicU64::new(0),
        }
    }

    /// A poisoned lock still guards a consistent queue: a panic cannot leave half of an update.
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Queues a line, or drops it if the queue is full.
    fn push(&self, line: &[u8]) {
        let mut queue = self.lock();
        if queue.lines.len() + line.len() > QUEUED_BYTES_MAX {
            queue.dropped += 1;
            self.lost.fetch_add(1, Relaxed);
            return;
        }
        // The thread that writes waits only while the queue is empty.
        let is_waiting = queue.lines.is_empty();
        queue.lines.extend_from_slice(line);
        drop(queue);
        if is_waiting {
            self.filled.notify_one();
        }
    }

    /// Queues one of the few lines that must not be dropped.
    fn push_always(&self, line: &str) {
        self.lock().lines.extend_from_slice(line.as_bytes());
        self.filled.notify_one();
    }

    /// Writes the last line of the process: queues it and flushes.
    fn write_final(&self, line: &str) {
        if self.format.get().is_none() {
            // The thread that writes has not started, and no connection is served yet.
            let _ = io::stderr().write_all(line.as_bytes());
            return;
        }
        self.push_always(line);
        self.flush();
    }

    /// Waits, for a bounded time, until the output has accepted all lines.
    fn flush(&self) {
        let is_pending = |queue: &mut Queue| queue.writing || !queue.lines.is_empty();
        let _ = self.drained.wait_timeout_while(self.lock(), FLUSH_WAIT_MAX, is_pending);
    }

    /// The main function of the thread that writes.
    fn run(&self, mut lines: LineWriter<impl Write>, format: LogFormat) {
        let mut batch = Vec::new();
        loop {
            let dropped = self.next_batch(&mut batch);
            let rejected =
                batch.split_inclusive(|&byte| byte == b'\n').filter(|line| !lines.write(line)).count();
            self.lost.fetch_add(rejected as u64, Relaxed);
            lines.lost += dropped;
            lines.report(format);
            batch.clear();
        }
    }

    /// Waits for lines and swaps them with the empty `batch`. Returns how many were dropped after them.
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

/// Writes lines, each with one write if the output accepts all of it, and counts the lines that it does not
/// accept.
struct LineWriter<W> {
    out: W,
    /// Whether the output accepted only the beginning of a line.
    torn: bool,
    /// Lines lost since the last report.
    lost: u64,
}

impl<W: Write> LineWriter<W> {
    /// Returns whether the output has accepted the line.
    fn write(&mut self, line: &[u8]) -> bool {
        let is_written = self.try_write(line).is_ok();
        self.lost += u64::from(!is_written);
        is_written
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

    /// An output whose results are given by the test, each with the number of bytes to accept.
    struct ScriptedOutput {
        results: Receiver<io::Result<usize>>,
        accepted: Sender<Vec<u8>>,
    }

    impl Write for ScriptedOutput {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // After the last result it accepts everything.
            let length = self.results.recv().unwrap_or(Ok(usize::MAX))?.min(bytes.len());
            let _ = self.accepted.send(bytes[..length].to_vec());
            Ok(length)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A log with a scripted output.
    fn log() -> (Arc<Output>, Sender<io::Result<usize>>, Receiver<Vec<u8>>) {
        let (script, results) = channel();
        let (accepted, written) = channel();
        let output = Arc::new(Output::new());
        let output_of_thread = output.clone();
        let lines = LineWriter { out: ScriptedOutput { results, accepted }, torn: false, lost: 0 };
        thread::spawn(move || output_of_thread.run(lines, LogFormat::Text));
        (output, script, written)
    }

    /// Waits until the log has written everything, however slow the machine is.
    fn drain(output: &Output) {
        let is_pending = |queue: &mut Queue| queue.writing || !queue.lines.is_empty();
        drop(output.drained.wait_while(output.lock(), is_pending).unwrap());
    }

    /// Everything that the log has written.
    fn all_written(output: &Output, written: &Receiver<Vec<u8>>) -> String {
        drain(output);
        let writes: Vec<Vec<u8>> = written.try_iter().collect();
        String::from_utf8(writes.concat()).expect("lines are text")
    }

    /// The number of lost lines in a report.
    fn reported_count(line: &str) -> Option<usize> {
        let (before, _) = line.split_once(" log line")?;
        before.rsplit(' ').next()?.parse().ok()
    }

    #[test]
    fn blocked_output_blocks_neither_push_nor_flush() {
        let (output, script, written) = log();
        let line = [b"x".repeat(999), b"\n".to_vec()].concat();
        let pushed = 10 * QUEUED_BYTES_MAX / line.len();
        for _ in 0..pushed {
            output.push(&line);
        }
        assert!(output.lock().lines.len() <= QUEUED_BYTES_MAX, "the queue is bounded");
        output.flush(); // It returns, although no line was accepted.
        drop(script);
        let text = all_written(&output, &written);
        let lost: usize = text.lines().filter_map(reported_count).sum();
        let complete = text.lines().filter(|line| line.len() == 999).count();
        assert!(lost > 0 && complete > 0, "{lost} lost, {complete} written");
        assert_eq!(lost + complete, pushed, "every line is written or counted");
    }

    #[test]
    fn lines_that_the_output_rejects_are_counted_and_a_torn_one_is_terminated() {
        let (output, script, written) = log();
        let no_space = || Err(io::ErrorKind::StorageFull.into());
        // The first line and its report are rejected. The second line is accepted in part.
        for result in [no_space(), no_space(), Ok(3), no_space(), no_space()] {
            script.send(result).unwrap();
        }
        output.push(b"first\n");
        drain(&output);
        output.push(b"second\n");
        drain(&output);
        drop(script);
        output.push(b"third\n");
        let text = all_written(&output, &written);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["sec", "third"], "{text}");
        assert_eq!(reported_count(lines[2]), Some(2), "{text}");
        assert_eq!(lines.len(), 3, "{text}");
    }

    #[test]
    fn final_line_is_not_dropped_when_the_queue_is_full() {
        let (output, script, written) = log();
        output.format.get_or_init(|| LogFormat::Text);
        output.push(&[b'x'; QUEUED_BYTES_MAX]);
        drop(script);
        output.write_final("the end\n");
        assert!(all_written(&output, &written).contains("the end\n"));
    }

    #[test]
    fn invalid_filter_gives_a_warning() {
        assert_eq!(filter("").1, None);
        assert_eq!(filter("warn").1, None);
        let (_, warning) = filter("bookline_server=loud");
        assert!(warning.is_some_and(|warning| warning.contains("bookline_server=loud")));
    }
}

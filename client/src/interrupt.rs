//! Ctrl-C, as a key or as a signal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::SignalKind;
use tokio::sync::Notify;

use crate::error::Error;
use crate::exit::Exit;
use crate::signal_thread;

/// A flag that says that the user wants the current command to end.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_raised: AtomicBool,
    raised: Notify,
    /// Ctrl-C is for another program on the terminal.
    leaves_keys: AtomicBool,
}

impl Interrupt {
    /// An interrupt that SIGINT and SIGTERM raise from now on. A signal that finds it raised calls
    /// `on_second`.
    pub fn on_signals(on_second: impl Fn() + Send + Sync + 'static) -> Result<Self, Error> {
        let interrupt = Self::default();
        let signaled = interrupt.clone();
        spawn_signal_handler(&[SignalKind::interrupt(), SignalKind::terminate()], move |kind| {
            if !signaled.is_left(kind) && signaled.raise() {
                on_second();
            }
        })?;
        Ok(interrupt)
    }

    /// An interrupt that SIGINT raises from now on.
    pub fn on_sigint() -> Result<Self, Error> {
        let interrupt = Self::default();
        let signaled = interrupt.clone();
        spawn_signal_handler(&[SignalKind::interrupt()], move |kind| {
            if !signaled.is_left(kind) {
                signaled.raise();
            }
        })?;
        Ok(interrupt)
    }

    /// Leaves SIGINT to another program, which has the terminal, or takes it again.
    pub fn leave_keys(&self, is_left: bool) {
        self.0.leaves_keys.store(is_left, Ordering::Relaxed);
    }

    fn is_left(&self, kind: SignalKind) -> bool {
        kind == SignalKind::interrupt() && self.0.leaves_keys.load(Ordering::Relaxed)
    }

    /// Raises it. Returns whether it was raised before.
    pub fn raise(&self) -> bool {
        let was_raised = self.0.is_raised.swap(true, Ordering::Relaxed);
        self.0.raised.notify_one();
        was_raised
    }

    /// Whether it is raised. This is one load, so that a loop over rows can ask for each of them.
    #[inline]
    pub fn is_raised(&self) -> bool {
        self.0.is_raised.load(Ordering::Relaxed)
    }

    /// The flag itself, for the load generator.
    pub fn flag(&self) -> &AtomicBool {
        &self.0.is_raised
    }

    /// Resets it before the next command.
    pub fn clear(&self) {
        self.0.is_raised.store(false, Ordering::Relaxed);
    }

    /// Waits until it is raised.
    pub async fn wait(&self) {
        // A notification may be left from before the last `clear`, so the flag decides.
        while !self.is_raised() {
            self.0.raised.notified().await;
        }
    }
}

/// Calls `handler` for each of these signals from now on.
///
/// # Errors
///
/// There is no thread, or the operating system refuses a handler.
pub fn spawn_signal_handler(
    kinds: &[SignalKind],
    handler: impl Fn(SignalKind) + Send + Sync + 'static,
) -> Result<(), Error> {
    signal_thread::handle(kinds, handler).map_err(|source| Error::Start { source })
}

/// Ends the process with the status of one that was interrupted.
pub fn exit_at_once() {
    std::process::exit(Exit::Interrupted as i32);
}

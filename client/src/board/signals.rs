//! Signals that end the client, or continue it.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::SignalKind;
use tokio::sync::mpsc;

use crate::board::terminal::leave;
use crate::error::Error;
use crate::interrupt::{exit_at_once, spawn_signal_handler};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signaled {
    /// SIGINT, SIGTERM or SIGHUP.
    End,
    /// SIGCONT: the client was stopped, and another program may have had the terminal.
    Continued,
}

/// Sends what signals ask for. The second one that ends the client does so at once, as after a terminal that
/// takes no more output.
///
/// # Errors
///
/// There is no thread, or the operating system refuses a handler.
pub fn listen(signals: mpsc::Sender<Signaled>) -> Result<(), Error> {
    let is_ending = AtomicBool::new(false);
    let continued = SignalKind::from_raw(rustix::process::Signal::CONT.as_raw());
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup(), continued];
    spawn_signal_handler(&kinds, move |kind| {
        if kind == continued {
            // With a full channel the client has been told already.
            let _ = signals.try_send(Signaled::Continued);
        } else if is_ending.swap(true, Ordering::SeqCst) || signals.try_send(Signaled::End).is_err() {
            leave();
            exit_at_once();
        }
    })
}

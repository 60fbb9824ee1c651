//! Waits for a server that is starting.

use std::io::{self, IsTerminal};
use std::time::Duration;

use humantime::format_duration;
use tokio::time::{Instant, sleep};

use crate::diagnostics::report;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::net::connection::{Connection, Target};
use crate::net::link::Link;
use crate::net::retry::{self, SILENT_TRIES};

/// The longest pause between two tries: a script goes on soon after the server has started.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// As [`Connection::open`], but as long as `target.wait` says a server that cannot be reached, or that
/// accepts no connections, is tried again. A peer that is not a Bookline server is not waited for.
///
/// # Errors
///
/// That of the last try.
pub async fn open(target: &Target, interrupt: &Interrupt) -> Result<(Connection, String), Error> {
    let Some(wait) = target.wait else { return Connection::open(target, interrupt).await };
    let deadline = Instant::now() + wait;
    let mut tries = 0;
    loop {
        let remaining = deadline.saturating_duration_since(Instant::now());
        let timeout = target.timeout.min(remaining.max(retry::pause(0)));
        let opened = Connection::open(&Target { timeout, ..target.clone() }, interrupt).await;
        let error = match opened {
            Ok((mut connection, hello)) => {
                connection.target = target.at(connection.target.address);
                return Ok((connection, hello));
            }
            Err(error) => error,
        };
        if !error.is_loss() {
            return Err(error);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let pause = retry::pause(tries).min(PAUSE_MAX).min(left);
        tries += 1;
        if tries == SILENT_TRIES && io::stderr().is_terminal() {
            report(&format!("{error}; waiting up to {}", format_duration(wait)));
        }
        tokio::select! {
            () = sleep(pause) => {}
            () = interrupt.wait() => return Err(Error::Interrupted { rows: 0, changes: 0 }),
        }
        if Instant::now() >= deadline {
            return Err(error);
        }
    }
}

/// Waits for the server, if that is asked for. Otherwise the link has no connection yet.
///
/// # Errors
///
/// As [`open`].
pub async fn open_if_asked(target: &Target, interrupt: &Interrupt) -> Result<Link, Error> {
    match target.wait {
        Some(_) => open(target, interrupt).await.map(|(connection, _)| connection.into()),
        None => Ok(Link::default()),
    }
}

//! A file that is uploaded with pauses.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// A pause takes this many times as long as what was done with the bytes before it: an upload uses a fifth of
/// the time. The log has the same disks, and goes first.
const PAUSE_FACTOR: u32 = 4;

/// The longest pause, so that a NATS server that stalls does not delay an upload much longer.
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// Pauses before each read but the first one, in proportion to the time since the one before.
#[derive(Debug)]
pub(super) struct Throttled<R> {
    of: R,
    /// When bytes were returned last.
    returned: Option<Instant>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<R> Throttled<R> {
    pub fn new(of: R) -> Self {
        Self { of, returned: None, pause: None }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Throttled<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(returned) = self.returned.take() {
            self.pause = Some(Box::pin(sleep((returned.elapsed() * PAUSE_FACTOR).min(PAUSE_MAX))));
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        ready!(Pin::new(&mut self.of).poll_read(context, into))?;
        self.returned = Some(Instant::now());
        Poll::Ready(Ok(()))
    }
}

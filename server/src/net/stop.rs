//! The stop of the server, as the server and its connections share it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The graceful shutdown. When it has begun, connections drain. One that watches is kept until it has shown
/// the last changes, which the drained requests of others have made.
#[derive(Debug, Clone, Default)]
pub struct ServerStop {
    begun: CancellationToken,
    /// The connections that still execute requests.
    requests: TaskTracker,
}

impl ServerStop {
    pub fn begin(&self) {
        self.begun.cancel();
        self.requests.close();
    }

    pub fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Waits, after the begin, until no connection executes requests any more.
    pub async fn drained(&self) {
        self.requests.wait().await;
    }

    /// Counts a connection that executes requests, until it is dropped.
    pub fn executes_requests(&self) -> TaskTrackerToken {
        self.requests.token()
    }

    pub(super) fn canceled(&self) -> WaitForCancellationFuture<'_> {
        self.begun.cancelled()
    }
}

/// Ready when the server stops, and from then on. Every read that finds no bytes polls it, so it registers
/// with the token only once: the waker of a task does not change.
#[derive(Debug)]
pub struct Stop<'a, 'b> {
    server_stop: &'b ServerStop,
    canceled: Pin<&'a mut WaitForCancellationFuture<'b>>,
    is_registered: bool,
}

impl<'a, 'b> Stop<'a, 'b> {
    /// `canceled` is what `server_stop` returns.
    pub fn new(server_stop: &'b ServerStop, canceled: Pin<&'a mut WaitForCancellationFuture<'b>>) -> Self {
        Self { server_stop, canceled, is_registered: false }
    }

    /// Whether the server stops.
    pub fn is_requested(&self) -> bool {
        self.server_stop.has_begun()
    }
}

impl Future for Stop<'_, '_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.is_registered && !self.is_requested() {
            return Poll::Pending;
        }
        self.is_registered = true;
        self.canceled.as_mut().poll(context)
    }
}

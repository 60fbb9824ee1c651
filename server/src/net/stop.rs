//! The stop of the server, as a connection waits for it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// Ready when the server stops, and from then on. Every read that finds no bytes polls it, so it registers
/// with the token only once: the waker of a task does not change.
#[derive(Debug)]
pub struct Stop<'a, 'b> {
    token: &'b CancellationToken,
    canceled: Pin<&'a mut WaitForCancellationFuture<'b>>,
    is_registered: bool,
}

impl<'a, 'b> Stop<'a, 'b> {
    /// `canceled` is what the token returns.
    pub fn new(token: &'b CancellationToken, canceled: Pin<&'a mut WaitForCancellationFuture<'b>>) -> Self {
        Self { token, canceled, is_registered: false }
    }

    /// Whether the server stops.
    pub fn is_requested(&self) -> bool {
        self.token.is_cancelled()
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

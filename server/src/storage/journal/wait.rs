//! Futures that wait for the journal. They hold no lock while they wait.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::state::Shared;
use crate::codec::Sequence;

/// Ready once a sequence number is durable. If the journal fails before, it never becomes ready, so that
/// nothing is acknowledged that may not be on disk.
#[derive(Debug)]
#[must_use = "a reply may only go out after the wait"]
pub struct Wait<'a> {
    pub(super) shared: &'a Shared,
    pub(super) sequence: Sequence,
    /// The waker is registered once, because the task that polls does not change.
    pub(super) registered: bool,
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.shared.durable() >= self.sequence {
            return Poll::Ready(());
        }
        if self.registered {
            return Poll::Pending;
        }
        let shared = self.shared;
        let mut state = shared.lock();
        // It may have become durable before this thread got the lock.
        if shared.durable() >= self.sequence {
            return Poll::Ready(());
        }
        let in_flight = self.sequence <= state.in_flight;
        let waiters = if in_flight { &mut state.in_flight_waiters } else { &mut state.batch.waiters };
        waiters.push(context.waker().clone());
        drop(state);
        self.registered = true;
        Poll::Pending
    }
}

/// Ready when an append that met [`super::AppendError::Backpressure`] may succeed.
#[derive(Debug)]
#[must_use = "a refused append is tried again after the wait"]
pub struct CapacityWait<'a> {
    pub(super) shared: &'a Shared,
}

impl Future for CapacityWait<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.shared.lock();
        if state.may_have_capacity() {
            return Poll::Ready(());
        }
        state.capacity_waiters.push(context.waker().clone());
        Poll::Pending
    }
}

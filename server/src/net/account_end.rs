//! The end of the account that a connection has.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::state::SharedByConnections;

/// Ready when the account of the connection is dropped. Without an account it never is.
#[derive(Debug, Default)]
pub struct AccountEnd(Option<Followed>);

#[derive(Debug)]
struct Followed {
    account: Arc<SharedByConnections>,
    dropped: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Every read that finds no bytes waits, so it registers only once: the waker of a task does not change.
    is_registered: bool,
}

impl AccountEnd {
    /// Follows the account that the connection has now.
    pub fn follow(&mut self, account: Option<&Arc<SharedByConnections>>) {
        let followed = self.0.as_ref().map(|followed| Arc::as_ptr(&followed.account));
        if followed != account.map(Arc::as_ptr) {
            self.0 = account.map(|account| Followed {
                account: account.clone(),
                dropped: Box::pin(account.dropped.clone().cancelled_owned()),
                is_registered: false,
            });
        }
    }

    /// Waits until the account is dropped. It may be canceled.
    pub async fn wait(&mut self) {
        poll_fn(|context| {
            let Some(Followed { account, dropped, is_registered }) = &mut self.0 else {
                return Poll::Pending;
            };
            if *is_registered && !account.dropped.is_cancelled() {
                return Poll::Pending;
            }
            *is_registered = true;
            dropped.as_mut().poll(context)
        })
        .await
    }
}

//! What the commands that the client executes itself need to make requests.

use crate::error::Error;
use crate::interrupt::{Interrupt, exit_at_once};
use crate::net::connection::Target;
use crate::net::requester::Requester;
use crate::net::retry::Retry;
use crate::net::wait;

/// Connects, and executes `then` with the object of the reply to HELLO.
///
/// # Errors
///
/// There is no connection to a Bookline server, or `then` fails.
pub fn connected<T>(
    target: &Target,
    retry: Retry,
    then: impl AsyncFnOnce(Requester<'_>, String) -> Result<T, Error>,
) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Start { source })?;
    let interrupt = Interrupt::on_signals(exit_at_once)?;
    runtime.block_on(async {
        let (connection, hello) = wait::open(target, &interrupt).await?;
        let mut link = connection.into();
        then(Requester::new(&mut link, target, retry, &interrupt), hello).await
    })
}

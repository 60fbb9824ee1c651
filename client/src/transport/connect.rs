//! Connects to the address of a server.

use tokio::net::UnixStream;
use tokio::time::timeout;

use super::connect_error::ConnectError;
use super::socket::Socket;
use super::tcp::connect_tcp;
use super::tls_thread;
use crate::address::Address;
use crate::error::Error;
use crate::target::Target;

/// Connects, trying every address of the host in turn, within the time that the target gives.
///
/// # Errors
///
/// There is no connection, or TLS is not agreed.
pub async fn connect(target: &Target) -> Result<Socket, Error> {
    let waited = target.connect_timeout();
    let connected = timeout(waited, connect_now(target)).await;
    let address = target.address.clone();
    connected.map_err(|_| Error::ConnectTimeout { address: address.clone(), waited })?.map_err(|error| {
        match error {
            ConnectError::Socket(source) => Error::Connect { address, source },
            ConnectError::Tls(problem) => Error::Tls { address, problem, unanswered: 0 },
        }
    })
}

async fn connect_now(target: &Target) -> Result<Socket, ConnectError> {
    match (&target.address, &target.tls) {
        (Address::Unix(path), _) => Ok(UnixStream::connect(path).await?.into()),
        (Address::Tcp(address), None) => Ok(connect_tcp(address).await?.into()),
        (Address::Tcp(address), Some(config)) => {
            let (stream, thread) = tls_thread::open(address, config.clone()).await?;
            Ok(Socket::of_tls(stream, thread))
        }
    }
}

//! Opens connections to a server: over TCP, TLS or a Unix socket, and as an account.
//!
//! Every connection of the client is opened here, and of several servers the leader is found here. What the
//! others get is a socket whose bytes are those of the protocol.

mod authenticate;
mod connect;
mod connect_error;
mod first_line;
mod leader;
pub mod line_buffer;
mod opened;
mod socket;
mod tcp;
mod tls_thread;

use tokio::time::Instant;

use crate::error::Error;
use crate::target::Target;
use authenticate::authenticate;
use connect::connect;
use line_buffer::LineBuffer;

pub use leader::{Greeted, open_leader};
pub use opened::Opened;
pub use socket::Socket;

/// Connects to the address of the target within the time that the target gives, and authenticates within as
/// much.
///
/// # Errors
///
/// There is no connection, the peer is not the server that it should be, or refuses the account.
pub async fn open(target: &Target) -> Result<Opened, Error> {
    let socket = connect(target).await?;
    let mut opened = Opened { socket, received: LineBuffer::default() };
    if let Some(login) = &target.login {
        let deadline = Instant::now() + target.connect_timeout();
        // A program at this address that is not Bookline does not get the secret.
        let hello = opened.greet(target, deadline).await?;
        // A standby is left at once, and checks no secret for it.
        if target.cluster.seeks_leader() && leader::is_of_standby(&hello) {
            return Ok(opened);
        }
        authenticate(&mut opened, login, target, deadline).await?;
    }
    Ok(opened)
}

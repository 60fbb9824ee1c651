//! Handshakes: at most so many at a time, and none for longer than a few seconds.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Tls;
use super::account::account_of;
use crate::net::transport::linger;

/// How long a client may take from its connection to the end of the handshake. A connection around the world
/// needs three round trips, less than a second.
pub const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);

/// Handshakes at a time: each may keep 64 KiB that its client has sent, and takes up to a millisecond of a
/// processor. Who comes when there are so many waits within its own time.
pub const HANDSHAKES_MAX: usize = 100;

/// The first byte of TLS: a record of a handshake.
const HANDSHAKE_RECORD: u8 = 0x16;

/// A connection whose client has begun.
#[derive(Debug)]
pub enum Opened {
    /// Encrypted, with the account that the client's certificate names.
    Tls(Box<TlsStream<TcpStream>>, Option<String>),
    /// The client speaks something else. Nothing was read.
    Other(TcpStream),
}

impl Tls {
    /// Makes a connection an encrypted one. `turns` bounds how many threads compute handshakes.
    ///
    /// # Errors
    ///
    /// That the client takes too long, has closed the connection, or has failed the handshake.
    pub async fn open(&self, stream: TcpStream, turns: &Semaphore) -> io::Result<Opened> {
        timeout(HANDSHAKE_TIME_MAX, async {
            // A client that says nothing keeps no other from its handshake.
            match first_byte(&stream).await? {
                HANDSHAKE_RECORD => self.shake_hands(stream, turns).await,
                _ => Ok(Opened::Other(stream)),
            }
        })
        .await?
    }

    async fn shake_hands(&self, stream: TcpStream, turns: &Semaphore) -> io::Result<Opened> {
        let permit = self.handshakes.acquire().await;
        let accepting = TlsAcceptor::from(self.config()).accept(stream).into_fallible();
        let accepted = in_turns(pin!(accepting), turns).await;
        drop(permit);
        match accepted {
            Ok(stream) => {
                let certificates = stream.get_ref().1.peer_certificates();
                let account = certificates.and_then(<[_]>::first).and_then(account_of);
                Ok(Opened::Tls(Box::new(stream), account))
            }
            Err((error, mut stream)) => {
                // The client reads why. An error means that it is gone.
                let _ = linger(&mut stream).await;
                Err(error)
            }
        }
    }
}

/// The first byte of the client, which stays unread.
async fn first_byte(stream: &TcpStream) -> io::Result<u8> {
    let mut first = [0];
    match stream.peek(&mut first).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(first[0]),
    }
}

/// Runs a future whose steps compute for long, each with a permit, which is returned while it waits.
async fn in_turns<F: Future>(mut future: Pin<&mut F>, turns: &Semaphore) -> F::Output {
    loop {
        let permit = turns.acquire().await;
        let step = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        drop(permit);
        match step {
            Poll::Ready(output) => return output,
            // The step has registered this task to be woken.
            Poll::Pending => woken().await,
        }
    }
}

/// Waits until the task is woken.
async fn woken() {
    let mut has_waited = false;
    poll_fn(|_| match std::mem::replace(&mut has_waited, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

//! Connections of those who monitor the server. They are few, short and bounded, so that none of them,
//! however slow or hostile, takes anything from those who book.

use std::convert::Infallible;
use std::future::ready;
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::endpoints::respond;
use super::source::Source;

/// Connections at a time. More are refused at once.
pub const CONNECTIONS_MAX: usize = 16;

/// Descriptors: the listener, the connections, and one that is refused.
pub const OPEN_FILES_MAX: u64 = CONNECTIONS_MAX as u64 + 2;

/// How long a connection may take, from the first byte to the last. There is one request on each.
const REQUEST_MAX: Duration = Duration::from_secs(5);

/// The most bytes of a request, the smallest number that hyper takes.
const REQUEST_BYTES_MAX: usize = 8 << 10;

/// The most header lines of a request.
const HEADERS_MAX: usize = 64;

/// The pause after the system had no descriptor or memory for a connection.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Serves the endpoints until it is dropped.
pub async fn serve(listener: TcpListener, source: Source) {
    let (source, places) = (Arc::new(source), Arc::new(Semaphore::new(CONNECTIONS_MAX)));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("a connection for metrics could not be accepted: {error}");
                sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            refuse(stream);
            continue;
        };
        let source = source.clone();
        tokio::spawn(async move {
            // Nobody is to know that a client was too slow, or gone.
            let _ = timeout(REQUEST_MAX, serve_one(stream, source)).await;
            drop(place);
        });
    }
}

async fn serve_one(stream: TcpStream, source: Arc<Source>) -> hyper::Result<()> {
    let answer = service_fn(|request| ready(Ok::<_, Infallible>(respond(&request, &source))));
    let mut http = http1::Builder::new();
    // The time of the whole connection is limited instead.
    http.keep_alive(false).header_read_timeout(None).max_buf_size(REQUEST_BYTES_MAX).max_headers(HEADERS_MAX);
    http.serve_connection(TokioIo::new(stream), answer).await
}

/// Refuses a connection without waiting. What it has sent is read, because unread bytes would make the system
/// reset the connection. An error means that the client is gone.
fn refuse(stream: TcpStream) {
    // The runtime does not know yet that it can be written to.
    let Ok(mut stream) = stream.into_std() else { return };
    let _ = stream.read(&mut [0; REQUEST_BYTES_MAX]);
    let told = format!("{CONNECTIONS_MAX} connections are open, and no more are served: close others.\n");
    let response = format!(
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: {}\r\n\r\n{told}",
        told.len()
    );
    let _ = stream.write(response.as_bytes());
}

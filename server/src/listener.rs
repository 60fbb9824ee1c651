//! Who may come in: as many as there is room for, until the server stops. Nobody waits without bound.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bookline_protocol::Refusal;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection;
use crate::execute::Service;

/// How many newcomers are told at a time why they cannot come in. More than these are closed without a word.
const REFUSALS: usize = 256;

/// How long to pause when the system has no more files to give: the one wait that no event ends.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// Accepts connections until it is dropped; from `stop` on, only to say that the server is stopping.
pub async fn accept(
    listener: TcpListener,
    service: Arc<Service>,
    max_connections: usize,
    stop: CancellationToken,
    connections: TaskTracker,
) {
    let refusals = Arc::new(Semaphore::new(REFUSALS));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(e) => {
                tracing::warn!("a connection could not be accepted: {e}");
                tokio::time::sleep(EXHAUSTED).await;
                continue;
            }
        };
        if stop.is_cancelled() {
            refuse(stream, Refusal::shutting_down(), &refusals);
        } else if service.counters.connections.fetch_add(1, Relaxed) >= max_connections {
            service.counters.connections.fetch_sub(1, Relaxed);
            refuse(stream, Refusal::busy(max_connections), &refusals);
        } else {
            connections.spawn(serve(stream, service.clone(), stop.clone()));
        }
    }
}

async fn serve(stream: TcpStream, service: Arc<Service>, stop: CancellationToken) {
    let _open = Open(service.clone());
    if let Err(e) = connection::serve(stream, service, stop).await {
        let expected =
            [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe, io::ErrorKind::NotConnected];
        if !expected.contains(&e.kind()) {
            tracing::debug!("a connection ended: {e}");
        }
    }
}

fn refuse(stream: TcpStream, refusal: Refusal, refusals: &Arc<Semaphore>) {
    let Ok(permit) = refusals.clone().try_acquire_owned() else {
        return;
    };
    tokio::spawn(async move {
        // Whether the newcomer hears it or not, it is gone.
        let _ = connection::refuse(stream, &refusal).await;
        drop(permit);
    });
}

/// Counts a connection as open until it is dropped, however its task ends.
struct Open(Arc<Service>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.counters.connections.fetch_sub(1, Relaxed);
    }
}

//! Work that waits for a disk, on a thread of its own.

use tokio::task::spawn_blocking;

/// Runs what waits for a disk on a thread of its own.
pub async fn blocking<T: Send + 'static, E: Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|_| crate::fatal("a thread that reads or writes files panicked"))
}

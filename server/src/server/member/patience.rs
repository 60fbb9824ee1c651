//! Asks NATS until it answers.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use tokio::time::sleep;

/// The time between two attempts.
pub(super) const RETRY_DELAY: Duration = Duration::from_millis(500);

/// Every so many attempts are logged.
const ATTEMPTS_PER_WARNING: u32 = 20;

/// Asks until there is an answer. A failed attempt is logged now and then, with what is `not_yet` so.
pub(super) async fn until_answered<T, E: Error + Send + Sync + 'static, F>(
    not_yet: &str,
    mut ask: impl FnMut() -> F,
) -> T
where
    F: Future<Output = Result<T, E>>,
{
    let mut attempts = 0;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) if attempts % ATTEMPTS_PER_WARNING == 0 => {
                let error = anyhow::Error::from(error);
                tracing::warn!("{not_yet}, trying on: {error:#}");
            }
            Err(_) => {}
        }
        attempts += 1;
        sleep(RETRY_DELAY).await;
    }
}

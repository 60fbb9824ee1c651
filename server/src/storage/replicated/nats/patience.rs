//! Asks NATS until it answers: a member for ever, a command for some time.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The time between two attempts.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// Every so many attempts of a member are logged.
const ATTEMPTS_PER_WARNING: u32 = 20;

/// How long a command asks again before NATS counts as gone. An election of NATS takes 4 to 8 seconds.
const COMMAND_PATIENCE: Duration = Duration::from_secs(15);

/// Asks until there is an answer. A failed attempt is logged now and then, with what is `not_yet` so.
pub async fn until_answered<T, E: Error + Send + Sync + 'static, F>(
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

/// Asks for a command: until there is an answer, an error that stays, or no more patience. What is asked for
/// may take long: the time counts from the first failure.
///
/// # Errors
///
/// The last error.
pub async fn patiently<T, E>(
    is_temporary: impl Fn(&E) -> bool,
    ask: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    let mut failing_since = None;
    loop {
        match ask().await {
            Err(error) if is_temporary(&error) => {
                let since = *failing_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= COMMAND_PATIENCE {
                    return Err(error);
                }
            }
            answered => return answered,
        }
        sleep(RETRY_DELAY).await;
    }
}

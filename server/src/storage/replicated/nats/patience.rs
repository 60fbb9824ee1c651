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

/// How long NATS may be silent while a command waits for what it cannot ask for itself, and the time between
/// two questions.
const SILENCE_MAX: Duration = Duration::from_secs(30);
const PROBE_AFTER: Duration = Duration::from_secs(2);

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

/// Completes when NATS has not answered this question for some time, with that time and the last error.
pub async fn silence<T, E>(ask: impl AsyncFn() -> Result<T, E>) -> (Duration, E) {
    let mut silent_since = None;
    loop {
        match ask().await {
            Ok(_) => silent_since = None,
            Err(error) => {
                let since = *silent_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= SILENCE_MAX {
                    return (since.elapsed(), error);
                }
            }
        }
        sleep(PROBE_AFTER).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_is_known_after_half_a_minute_without_any_answer() {
        let begun = Instant::now();
        // An answer begins it anew.
        let ask = async || match begun.elapsed().as_secs() {
            20..30 => Ok(()),
            seconds => Err(seconds),
        };
        assert_eq!(silence(ask).await, (SILENCE_MAX, 60));
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_long_and_fails_is_tried_again() {
        for (attempts_that_fail, expected) in [(1, Ok(())), (2, Err(()))] {
            let attempts = std::cell::Cell::new(0);
            let upload = async || {
                attempts.set(attempts.get() + 1);
                sleep(Duration::from_secs(60)).await;
                if attempts.get() > attempts_that_fail { Ok(()) } else { Err(()) }
            };
            assert_eq!(patiently(|()| true, upload).await, expected);
        }
    }
}

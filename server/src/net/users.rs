//! The names of the users of this machine.

use std::sync::Arc;
use std::time::Duration;

use nix::unistd::{Uid, User};
use tokio::sync::Semaphore;
use tokio::task;
use tokio::time::timeout;

/// How long a name is waited for: the system may ask a directory server for it.
const LOOKUP_TIME_MAX: Duration = Duration::from_secs(10);

/// Finds the names of users, one at a time, on a thread of its own: the system may wait for a directory
/// server, and connections do not.
#[derive(Debug)]
pub struct Users {
    lookups: Arc<Semaphore>,
}

impl Default for Users {
    fn default() -> Self {
        Self { lookups: Arc::new(Semaphore::new(1)) }
    }
}

impl Users {
    /// The name of the user with this number. `None` if there is none, or if it is not found in time.
    pub async fn name(&self, user: u32) -> Option<String> {
        match timeout(LOOKUP_TIME_MAX, self.look_up(user)).await {
            Ok(name) => name,
            Err(_) => {
                tracing::warn!("the name of user {user} was not found in {} s", LOOKUP_TIME_MAX.as_secs());
                None
            }
        }
    }

    async fn look_up(&self, user: u32) -> Option<String> {
        // It is never closed. The thread keeps the permit, also if nobody waits for it any more.
        let permit = self.lookups.clone().acquire_owned().await.ok()?;
        let found = task::spawn_blocking(move || {
            let found = User::from_uid(Uid::from_raw(user));
            drop(permit);
            found
        });
        match found.await.ok()? {
            Ok(found) => found.map(|found| found.name),
            Err(error) => {
                tracing::warn!("the name of user {user} was not found: {error}");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn users_are_found_by_their_numbers() {
        let users = Users::default();
        assert_eq!(users.name(0).await.as_deref(), Some("root"));
        assert_eq!(users.name(u32::MAX - 7).await, None, "a number that no system gives");
    }
}

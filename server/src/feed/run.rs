//! The task that follows the log.

use std::sync::Arc;

use tokio::task::yield_now;

use super::handle::Feed;
use crate::storage::log::FollowError;

/// Matches what the log publishes, until the log is closed.
pub async fn run(feed: Arc<Feed>) {
    let mut follower = feed.follow(feed.position());
    loop {
        let why = match follower.next().await {
            Ok(commits) => loop {
                match feed.advance(&commits) {
                    Ok(true) => yield_now().await,
                    Ok(false) => break None,
                    Err(error) => break Some(error.to_string()),
                }
            },
            Err(FollowError::Closed) => return,
            // It was slower than snapshots, which trim the log.
            Err(error) => Some(error.to_string()),
        };
        match why {
            // Lets the watchers that were woken, and everybody else, run.
            None => yield_now().await,
            Some(why) => {
                let published = *feed.log().published().borrow();
                tracing::warn!(
                    "the change feed goes on after commit {}, and its watchers read what is before from the log: {why}",
                    published.0
                );
                feed.skip_to(published);
                follower = feed.follow(published);
            }
        }
    }
}

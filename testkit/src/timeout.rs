//! The limit of every wait.

use std::time::Duration;

/// A wait that takes longer counts as a hang, and fails the test. No step takes as long on a busy machine
/// with two processors.
pub const HANG_TIMEOUT: Duration = Duration::from_secs(60);

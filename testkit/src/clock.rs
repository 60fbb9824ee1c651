//! Clocks.

use std::sync::Arc;

use bookline_server::time::clock::Clock;
use bookline_server::time::source::OsTime;

/// A clock that begins at the system's time.
pub fn system_clock() -> Arc<Clock> {
    Arc::new(Clock::new(Arc::new(OsTime), None))
}

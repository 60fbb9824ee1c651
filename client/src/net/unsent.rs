//! Lines after a QUIT, which are not sent.

use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::time::{Instant, timeout};

use crate::net::input::Input;
use crate::net::request_tracker::RequestTracker;
use crate::render::number::thousands;

/// How long to read the lines after a QUIT, which are only counted.
const COUNT_UNSENT_MAX: Duration = Duration::from_secs(1);

/// How long to wait for the next of them. A user who types them is not waited for.
const COUNT_UNSENT_PAUSE_MAX: Duration = Duration::from_millis(100);

const _: () = assert!(COUNT_UNSENT_PAUSE_MAX.as_nanos() < COUNT_UNSENT_MAX.as_nanos());

/// Lines that were not sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsent {
    /// How many of them would have had a reply.
    pub lines: u64,
    /// Whether there may be more.
    pub is_lower_bound: bool,
}

impl Unsent {
    /// Counts the lines that are left of the input, as far as they come without much waiting.
    pub async fn count(input: &mut Input<impl AsyncRead + Unpin>) -> Self {
        let mut unsent = RequestTracker::default();
        let mut lines = unsent.count(&input.bytes);
        let deadline = Instant::now() + COUNT_UNSENT_MAX;
        while !input.has_ended && Instant::now() < deadline {
            input.bytes.clear();
            match timeout(COUNT_UNSENT_PAUSE_MAX, input.read()).await {
                Ok(Ok(())) => lines = unsent.count(&input.bytes),
                Ok(Err(_)) => input.has_ended = true,
                Err(_) => return Self { lines, is_lower_bound: false },
            }
        }
        if unsent.has_partial_line() {
            lines = unsent.count(b"\n");
        }
        Self { lines, is_lower_bound: !input.has_ended }
    }

    /// What the user has to know about them.
    pub fn note(self) -> Option<String> {
        let lines = match self.lines {
            0 => return None,
            1 => "1 line".to_owned(),
            many => format!("{} lines", thousands(many)),
        };
        let more = if self.is_lower_bound { " or more" } else { "" };
        let were = if self.lines == 1 { "was" } else { "were" };
        Some(format!("{lines}{more} after QUIT {were} not sent"))
    }
}

//! Lines after a QUIT, or after a refusal that ends the script, which are not sent.

use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::time::{Instant, timeout};

use crate::net::input::{End, Input};
use crate::net::line_kind::LineKind;
use crate::net::line_splitter::{LineSplitter, TypedLine};
use crate::render::number::thousands;

/// How long to read the lines that are only counted.
const COUNT_UNSENT_MAX: Duration = Duration::from_secs(1);

/// How long to wait for the next of them. A user who types them is not waited for.
const COUNT_UNSENT_PAUSE_MAX: Duration = Duration::from_millis(100);

const _: () = assert!(COUNT_UNSENT_PAUSE_MAX.as_nanos() < COUNT_UNSENT_MAX.as_nanos());

/// Lines that were not sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsent {
    /// How many of them would have had a reply.
    pub lines: u64,
    /// The number of the first of them, from 1.
    first: u64,
    after: End,
    /// Whether there may be more.
    pub is_lower_bound: bool,
}

impl Unsent {
    /// Counts the lines that are left of the input, as far as they come without much waiting. So many lines
    /// of it were `taken`.
    pub async fn count(input: &mut Input<impl AsyncRead + Unpin>, taken: u64, after: End) -> Self {
        let mut unsent = Self { after, ..Self::default() };
        let mut lines = LineSplitter::after_line(taken);
        unsent.take(&mut lines, &input.bytes);
        let deadline = Instant::now() + COUNT_UNSENT_MAX;
        while !input.has_ended && Instant::now() < deadline {
            input.bytes.clear();
            match timeout(COUNT_UNSENT_PAUSE_MAX, input.read()).await {
                Ok(Ok(())) => unsent.take(&mut lines, &input.bytes),
                Ok(Err(_)) => input.has_ended = true,
                Err(_) => return unsent,
            }
        }
        if lines.has_partial_line() {
            unsent.take(&mut lines, b"\n");
        }
        Self { is_lower_bound: !input.has_ended, ..unsent }
    }

    fn take(&mut self, lines: &mut LineSplitter, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if let Some(line) = lines.take(&mut bytes) {
                self.add(&line);
            }
        }
    }

    fn add(&mut self, line: &TypedLine<'_>) {
        if LineKind::of(line) == LineKind::Silent {
            return;
        }
        if self.lines == 0 {
            self.first = line.number;
        }
        self.lines += 1;
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
        Some(match self.after {
            End::Quit => format!("{lines}{more} after QUIT {were} not sent"),
            End::Refusal => format!("{lines}{more} {were} not sent, from line {} on", self.first),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_a_reply_are_counted_from_the_first_of_them() {
        let (mut unsent, mut lines) = (Unsent::default(), LineSplitter::after_line(3));
        unsent.take(&mut lines, b"\n# PING\nexit\nPI");
        assert_eq!((unsent.lines, unsent.first), (1, 6));
        unsent.take(&mut lines, b"NG\n");
        assert_eq!((unsent.lines, unsent.first), (2, 6));
        assert_eq!(unsent.note().unwrap(), "2 lines after QUIT were not sent");
        let after_refusal = Unsent { after: End::Refusal, is_lower_bound: true, ..unsent };
        assert_eq!(after_refusal.note().unwrap(), "2 lines or more were not sent, from line 6 on");
        assert_eq!(Unsent::default().note(), None);
    }
}

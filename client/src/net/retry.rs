//! When a request is tried again.

use std::time::Duration;

/// The first pause before a request is tried again. Each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// The longest pause: a server that starts is found soon, and one that is down is not asked all the time.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// The most tries that `--retry` takes: 83 minutes with `PAUSE_MAX` between them. Who waits longer writes a
/// loop.
pub const TRIES_MAX: u32 = 1_000;

/// How often the prompt tries again without `--retry`: 6.3 seconds, in which a server is restarted. A user
/// does not wait longer.
pub const PROMPT_TRIES: u32 = 6;

/// Tries before a user at a terminal is told of them: with their pauses of 300 ms they are hardly noticed.
pub const SILENT_TRIES: u32 = 2;

/// Bytes of rows that are kept until their reply is complete, so that a reply whose connection is lost is
/// printed once: the rows of some 50,000 events. Longer replies are printed as they arrive, and not asked for
/// again.
const HELD_ROWS_BYTES_MAX: usize = 16 * 1024 * 1024;

const _: () = assert!(PAUSE_MIN.as_nanos() < PAUSE_MAX.as_nanos());
const _: () = assert!(SILENT_TRIES < PROMPT_TRIES && PROMPT_TRIES < TRIES_MAX);

/// When a request is tried again, and how often after its first try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Never, and changes get no keys.
    Never,
    /// After a lost connection, and after a refusal whose `retry` is true.
    Always { tries_max: u32 },
    /// After a lost connection. The user sees a refusal and decides.
    AfterLoss { tries_max: u32 },
}

impl Retry {
    pub const fn tries_max(self) -> u32 {
        match self {
            Self::Never => 0,
            Self::Always { tries_max } | Self::AfterLoss { tries_max } => tries_max,
        }
    }

    pub fn attaches_keys(self) -> bool {
        self != Self::Never
    }

    pub const fn repeats_refused(self) -> bool {
        matches!(self, Self::Always { .. })
    }

    /// Whether the user reads the replies as they come: rows are printed at once, and a reply to a repeated
    /// request is explained.
    pub const fn is_at_prompt(self) -> bool {
        matches!(self, Self::AfterLoss { .. })
    }

    /// Bytes of rows that are kept until their reply is complete.
    pub const fn held_rows_bytes_max(self) -> usize {
        if self.repeats_refused() { HELD_ROWS_BYTES_MAX } else { 0 }
    }
}

/// The pause before a request is tried again, after this many tries of that kind.
pub fn pause(tries: u32) -> Duration {
    PAUSE_MIN.saturating_mul(1_u32.checked_shl(tries).unwrap_or(u32::MAX)).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<_> = (0..8).map(|tries| pause(tries).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        for tries in [31, 32, TRIES_MAX, u32::MAX] {
            assert_eq!(pause(tries), PAUSE_MAX);
        }
        let all: Duration = (0..PROMPT_TRIES).map(pause).sum();
        assert_eq!(all, Duration::from_millis(6_300));
    }
}

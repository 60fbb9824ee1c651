//! For how long the log was quiet.

use std::time::Duration;

use crate::storage::replicated::boot_time::BootTime;

/// Between two answers of the stream that are further apart nothing is counted: it may have had no leader.
const GAP_COUNTED_MAX: Duration = Duration::from_millis(250);

/// After a longer gap the count begins anew. An election of NATS takes 4 to 8 s, in which a healthy leader
/// cannot append.
const GAP_MAX: Duration = Duration::from_secs(1);

/// Counts for how long a stream that answers had no new frame.
#[derive(Debug, Clone)]
pub(super) struct Quiet {
    counted: Duration,
    /// When the stream has answered last.
    answered: BootTime,
    /// Whether it was asked since, and has not answered.
    is_silent: bool,
}

impl Quiet {
    pub fn since(now: BootTime) -> Self {
        Self { counted: Duration::ZERO, answered: now, is_silent: false }
    }

    /// The stream has not answered: the time until it does is not counted. In an election a server of NATS
    /// that is behind may answer now and then.
    pub fn note_silence(&mut self) {
        self.is_silent = true;
    }

    /// Counts the time since the last answer: the stream has no new frame.
    pub fn count(&mut self, now: BootTime) {
        match now.since(self.answered) {
            gap if gap > GAP_MAX => self.counted = Duration::ZERO,
            gap if gap > GAP_COUNTED_MAX || self.is_silent => {}
            gap => self.counted += gap,
        }
        (self.answered, self.is_silent) = (now, false);
    }

    /// Counts the time since the last answer, whatever its length.
    pub fn count_all(&mut self, now: BootTime) {
        self.counted += now.since(self.answered);
        self.answered = now;
    }

    pub fn counted(&self) -> Duration {
        self.counted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is counted after answers with these gaps in milliseconds.
    fn counted(gaps: &[u64]) -> u128 {
        let mut now = BootTime(Duration::from_secs(100));
        let mut quiet = Quiet::since(now);
        for &gap in gaps {
            now = now + Duration::from_millis(gap);
            quiet.count(now);
        }
        quiet.counted().as_millis()
    }

    #[test]
    fn only_time_in_which_the_stream_answers_counts() {
        assert_eq!(counted(&[20, 20, 250]), 290);
        assert_eq!(counted(&[200, 251, 200, 1_000, 100]), 500);
        assert_eq!(counted(&[200, 1_001, 30]), 30);
    }

    #[test]
    fn time_in_which_it_was_asked_in_vain_does_not_count() {
        let at = |millis| BootTime(Duration::from_millis(millis));
        let mut quiet = Quiet::since(at(0));
        quiet.count(at(100));
        quiet.note_silence();
        quiet.count(at(200));
        assert_eq!(quiet.counted(), Duration::from_millis(100));
        quiet.count(at(300));
        assert_eq!(quiet.counted(), Duration::from_millis(200));
    }
}

//! When a change may be acknowledged.

/// When a change may be acknowledged, relative to its sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Durability {
    /// When it is on disk: nothing that was acknowledged is ever lost.
    #[default]
    Always,
    /// At once; synced every second: a power cut loses at most the last second.
    Interval,
    /// At once; the operating system decides when it is synced.
    Never,
}

impl Durability {
    /// What of the acknowledged changes is on disk when a write or a sync fails.
    pub fn what_is_kept(self) -> &'static str {
        match self {
            Self::Always => "What was acknowledged is on disk",
            Self::Interval => {
                "With --durability interval, what was acknowledged since the last sync may be missing: \
                 about a second's changes"
            }
            Self::Never => {
                "With --durability never, the last of what was acknowledged may be missing: what the system \
                 had not synced yet"
            }
        }
    }
}

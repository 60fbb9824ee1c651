//! `--read-barrier`.

use clap::ValueEnum;

/// What a leader needs before it shows what it has looked up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ReadBarrier {
    /// The lease: an append that was sent less than two thirds of a lease ago. It relies on the clocks of the
    /// members: they drift apart by less than the third that is left.
    #[default]
    Lease,
    /// An append that was sent after it has looked. It relies on no clock.
    Always,
}

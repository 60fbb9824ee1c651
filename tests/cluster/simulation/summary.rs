//! What schedules have shown.

use super::clock::Micros;

/// What the stream has done that a member has to bear.
#[derive(Debug, Default, Clone, Copy)]
pub struct StreamCounts {
    /// Appends that were stored when the server that had sent them did not wait any more.
    pub stored_late: u32,
    /// Appends that were acknowledged by their id.
    pub duplicates: u32,
    /// Appends that were not decided, because one with their id was in process.
    pub in_process: u32,
    /// Appends that were refused because of a proposal that was not stored.
    pub refused_by_proposal: u32,
    /// Proposals that were dropped.
    pub dropped: u32,
}

/// What a schedule has shown, or several.
#[derive(Debug, Default, Clone, Copy)]
pub struct Summary {
    pub acknowledged: usize,
    pub reads: u32,
    pub takeovers: u32,
    pub resignations: u32,
    pub stream: StreamCounts,
    /// The longest time after the faults until a new commit was acknowledged.
    pub recovered_after: Micros,
}

impl Summary {
    pub fn add(&mut self, other: &Self) {
        self.acknowledged += other.acknowledged;
        self.reads += other.reads;
        self.takeovers += other.takeovers;
        self.resignations += other.resignations;
        self.stream.stored_late += other.stream.stored_late;
        self.stream.duplicates += other.stream.duplicates;
        self.stream.in_process += other.stream.in_process;
        self.stream.refused_by_proposal += other.stream.refused_by_proposal;
        self.stream.dropped += other.stream.dropped;
        self.recovered_after = self.recovered_after.max(other.recovered_after);
    }
}

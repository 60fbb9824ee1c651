//! The result of a step of the restart.

use serde::{Deserialize, Serialize};

use crate::booking_clients::LatencySummary;

/// A step sets the fields that it measures, and prints them as JSON.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct StepResult {
    pub seconds: f64,
    pub changes: u64,
    pub tickets: u64,
    /// Bytes of memory.
    pub resident: f64,
    pub bytes: u64,
    pub baseline: LatencySummary,
    pub loaded: LatencySummary,
}

//! What a step of the restart measured.

use serde::{Deserialize, Serialize};

use crate::honest::Summary;

/// What a step says.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Said {
    pub seconds: f64,
    pub changes: u64,
    pub tickets: u64,
    pub resident: f64,
    pub bytes: u64,
    pub quiet: Summary,
    pub busy: Summary,
}

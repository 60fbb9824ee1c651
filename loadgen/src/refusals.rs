//! Refusals by code, and those that the workload does not explain.

use std::collections::BTreeMap;

use bookline_protocol::Code;

use crate::phase::Pending;
use crate::refusal_counts::RefusalCounts;

#[derive(Debug, Default)]
pub struct Refusals {
    /// Refusals within the measurement, by code.
    measured: BTreeMap<String, u64>,
    /// Refusals that the workload does not explain, within the measurement or not.
    pub unexpected: RefusalCounts,
}

impl Refusals {
    /// Records a refusal. Returns whether the workload explains it: only `SOLD_OUT` for BOOK and
    /// HOLD.
    pub fn record(
        &mut self,
        request: Pending,
        code: &str,
        message: impl FnOnce() -> String,
        measuring: bool,
    ) -> bool {
        if measuring {
            match self.measured.get_mut(code) {
                Some(count) => *count += 1,
                None => {
                    self.measured.insert(code.to_owned(), 1);
                }
            }
        }
        let expected =
            matches!(request, Pending::Book(_) | Pending::Hold(_)) && code == Code::SoldOut.as_str();
        if !expected {
            self.unexpected.add(code, 1, message);
        }
        expected
    }

    /// Replies by code, `OK` among them. `replies` is the number of all replies within the measurement.
    pub fn codes(&self, replies: u64) -> BTreeMap<String, u64> {
        let mut codes = self.measured.clone();
        let refused: u64 = codes.values().sum();
        codes.insert("OK".to_owned(), replies.saturating_sub(refused));
        codes
    }
}

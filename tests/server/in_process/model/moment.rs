//! The time of a scenario, which passes only when a step says so.

use std::sync::Arc;

use bookline_server::time::source::{ManualTime, TimeSource};
use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// Begins a few seconds before the end of a year.
pub fn manual_time() -> Arc<ManualTime> {
    let begin = NaiveDate::from_ymd_opt(2026, 12, 31).and_then(|date| date.and_hms_micro_opt(23, 59, 50, 7));
    Arc::new(ManualTime::new(begin.expect("a moment").and_utc().timestamp_micros()))
}

pub fn now(time: &ManualTime) -> NaiveDateTime {
    DateTime::from_timestamp_micros(time.system_micros()).expect("a moment").naive_utc()
}

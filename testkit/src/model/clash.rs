//! The model of clashes: entries that cannot be had, because people are busy.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::check::Refusal;
use super::request::{format_date, format_hour};
use super::slot::Slot;

/// The most clashes that a reply lists, and the most bytes of them.
const CLASHES_MAX: usize = 100;
const CLASHES_BYTES_MAX: usize = 64 << 10;

/// The most people that a clash lists.
const PEOPLE_MAX: usize = 20;

#[derive(Debug)]
pub struct Clash {
    pub start: Slot,
    /// Who is busy, in the order of the people of the entry.
    pub people: Vec<String>,
}

impl Clash {
    /// The refusal of one entry.
    pub fn refuse_entry(&self) -> Refusal {
        Refusal::new("CONFLICT", json!({"busy": busy(std::slice::from_ref(self))}))
    }

    /// The refusal of a series.
    pub fn refuse_series(clashes: &[Self]) -> Refusal {
        let list = Self::list_to_json(clashes);
        let fields = json!({"busy": busy(clashes), "clashes": list, "clash_count": clashes.len()});
        Refusal::new("CONFLICT", fields)
    }

    /// The first of these clashes, as a reply lists them.
    pub fn list_to_json(clashes: &[Self]) -> Value {
        let mut listed: Vec<Value> = Vec::new();
        let mut bytes = 0;
        for clash in clashes.iter().take(CLASHES_MAX).map(Self::to_json) {
            bytes += clash.to_string().len() + usize::from(!listed.is_empty());
            if bytes > CLASHES_BYTES_MAX {
                break;
            }
            listed.push(clash);
        }
        listed.into()
    }

    fn to_json(&self) -> Value {
        let busy = &self.people[..self.people.len().min(PEOPLE_MAX)];
        let (date, time) = (format_date(self.start.date), format_hour(self.start.hour));
        let mut json = json!({"date": date, "time": time, "busy": busy});
        if self.people.len() > PEOPLE_MAX {
            json["busy_count"] = json!(self.people.len());
        }
        json
    }
}

/// Everyone who is busy at any of them.
fn busy(clashes: &[Clash]) -> BTreeSet<&String> {
    clashes.iter().flat_map(|clash| &clash.people).collect()
}

//! Clashes: the occurrences of a series that cannot be had, since people are busy.

use serde::{Deserialize, Serialize};

use super::dates;
use super::entry::write_slot;
use super::members::Members;
use crate::date::Date;
use crate::hour::{Hour, Slot};
use crate::json;
use crate::limits::{CLASH_PEOPLE_MAX, CLASHES_BYTES_MAX, CLASHES_MAX, ID_BYTES_MAX};

/// An occurrence of a series that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clash<'a> {
    /// The day of its start, written `dd-mm-yyyy`.
    #[serde(with = "dates::dmy")]
    pub date: Date,
    /// The hour of its start.
    pub time: Hour,
    /// Who is busy in any of its hours, the first [`CLASH_PEOPLE_MAX`] of them.
    pub busy: Members<'a>,
    /// How many are busy, if they are more than are listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy_count: Option<u32>,
}

/// The clashes of a series as a reply lists them: the first by time, at most [`CLASHES_MAX`] and
/// [`CLASHES_BYTES_MAX`] bytes of them, and the number of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clashes {
    /// The objects that are listed, with commas between them.
    json: Vec<u8>,
    listed: usize,
    /// Whether a clash was not listed. None after it is.
    is_full: bool,
    count: u32,
}

impl Clashes {
    /// Adds a clash, which is later than those before it. `busy` is everyone who is busy in any of its hours,
    /// each once and at least one. It is not read if the clash is not listed.
    pub fn push<'a>(&mut self, start: Slot, busy: impl Iterator<Item = &'a str>) {
        self.count += 1;
        if self.is_full || self.listed == CLASHES_MAX {
            return;
        }
        let end = self.json.len();
        if self.listed > 0 {
            self.json.push(b',');
        }
        write_clash(&mut self.json, start, busy);
        if self.json.len() > CLASHES_BYTES_MAX {
            self.json.truncate(end);
            self.is_full = true;
        } else {
            self.listed += 1;
        }
    }

    /// The number of all clashes, listed or not.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Appends the array of those that are listed.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        out.extend_from_slice(&self.json);
        out.push(b']');
    }
}

/// Appends a [`Clash`].
fn write_clash<'a>(out: &mut Vec<u8>, start: Slot, busy: impl Iterator<Item = &'a str>) {
    let mut busy = busy.fuse();
    out.push(b'{');
    write_slot(out, start);
    out.extend_from_slice(b",\"busy\":");
    json::write_ids(out, busy.by_ref().take(CLASH_PEOPLE_MAX));
    let unlisted = busy.count();
    if unlisted > 0 {
        out.extend_from_slice(b",\"busy_count\":");
        json::write_number(out, CLASH_PEOPLE_MAX + unlisted);
    }
    out.push(b'}');
}

// Any clash fits.
const _: () = {
    const FIELDS: usize = r#"{"date":"21-11-2026","time":"10:00","busy":[],"busy_count":1002}"#.len();
    assert!(FIELDS + CLASH_PEOPLE_MAX * (ID_BYTES_MAX + "\"\",".len()) <= CLASHES_BYTES_MAX);
};

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(index: u32) -> Slot {
        Slot::from_index(24 * 740_000 + index).unwrap()
    }

    fn listed(clashes: &Clashes) -> Vec<Clash<'static>> {
        let mut out = Vec::new();
        clashes.write(&mut out);
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn clash_lists_its_first_20_people_and_counts_the_others() {
        for (people, expected) in [(1, None), (20, None), (21, Some(21)), (1_002, Some(1_002))] {
            let ids: Vec<String> = (0..people).map(|id| format!("F{id}")).collect();
            let mut clashes = Clashes::default();
            clashes.push(slot(9), ids.iter().map(String::as_str));
            let [clash] = &listed(&clashes)[..] else { panic!("one clash") };
            assert_eq!((clash.date, clash.time), (slot(9).date, slot(9).hour));
            assert!(clash.busy.iter().eq(ids.iter().take(20)));
            assert_eq!(clash.busy_count, expected);
        }
    }

    #[test]
    fn first_100_clashes_are_listed_and_all_are_counted() {
        let mut clashes = Clashes::default();
        for hour in 0..366 {
            clashes.push(slot(hour), ["F1"].into_iter());
        }
        let listed = listed(&clashes);
        assert_eq!((listed.len(), clashes.count()), (100, 366));
        assert_eq!((listed[99].date, listed[99].time), (slot(99).date, slot(99).hour));
    }

    #[test]
    fn clash_that_does_not_fit_and_those_after_it_are_not_listed() {
        let id = "x".repeat(ID_BYTES_MAX);
        let mut clashes = Clashes::default();
        while !clashes.is_full {
            clashes.push(slot(clashes.count()), vec![id.as_str(); CLASH_PEOPLE_MAX].into_iter());
        }
        let count = clashes.count();
        clashes.push(slot(count), ["F1"].into_iter());
        assert_eq!((listed(&clashes).len() as u32, clashes.count()), (count - 1, count + 1));
        assert!(clashes.json.len() <= CLASHES_BYTES_MAX);
        assert!(clashes.json.len() * count as usize / (count as usize - 1) > CLASHES_BYTES_MAX);
    }
}

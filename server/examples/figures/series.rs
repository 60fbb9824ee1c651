//! The time of the largest changes of calendars, most of which they hold locks.

use std::path::Path;
use std::time::Duration;

use bookline_protocol::recurrence::OnConflict;
use bookline_protocol::series::Scope;
use bookline_protocol::{Date, Hour, Hours, Period, SeriesId, Slot};
use bookline_server::state::{Context, Error, NewEntries, NewEntry, NewSeries, Replacement, Store};

use crate::growth::thread_cpu_time;
use crate::table;
use crate::unsynced_store::UnsyncedStore;

/// A series of so many people. An hour may have other people.
struct Shape {
    people: usize,
    occurrences: u32,
    hours: u8,
    days_between: u32,
}

const SHAPES: [(&str, f64, [Shape; 2]); 2] = [
    (
        "2,000 person-hours",
        1.0,
        [
            Shape { people: 100, occurrences: 20, hours: 1, days_between: 7 },
            Shape { people: 5, occurrences: 200, hours: 2, days_between: 1 },
        ],
    ),
    (
        "20,000 person-hours",
        5.0,
        [
            Shape { people: 1_000, occurrences: 20, hours: 1, days_between: 7 },
            Shape { people: 54, occurrences: 365, hours: 1, days_between: 1 },
        ],
    ),
];

const ROUNDS: usize = 20;

/// Creates, moves, fails to create, and deletes series, in process and without waiting for the disk. It
/// measures the CPU time of the thread, which excludes other threads.
pub fn figures(directory: &Path) -> anyhow::Result<()> {
    let mut store = UnsyncedStore::new(directory, 0)?;
    for (name, bound, shapes) in &SHAPES {
        for shape in shapes {
            let mut times = [const { Vec::new() }; 4];
            for _ in 0..ROUNDS {
                let measured = shape.measure(&mut store)?;
                times.iter_mut().zip(measured).for_each(|(times, time)| times.push(time));
            }
            let Shape { people, occurrences, hours, .. } = shape;
            println!("{name}: {people} people, {occurrences} occurrences of {hours} h");
            for (step, times) in ["create", "clash", "move", "delete"].into_iter().zip(&mut times) {
                times.sort_unstable();
                let milliseconds = times[ROUNDS / 2].as_secs_f64() * 1e3;
                table::at_most(&format!("{step}, {name}"), milliseconds, "ms", *bound);
            }
        }
    }
    store.close()?;
    Ok(())
}

impl Shape {
    /// The times of a creation, of one for which everyone is busy, of a move and of a deletion.
    fn measure(&self, store: &mut UnsyncedStore) -> anyhow::Result<[Duration; 4]> {
        let ids: Vec<String> = (1..self.people).map(|n| format!("member-{n:04}")).collect();
        let (who, group) = ("member-0000", ids.join(","));
        let entry = NewEntry::Meeting { title: "standup", group: &group, host: who };
        let periods = self.periods();
        let series = |id| {
            let id = SeriesId(std::num::NonZeroU64::new(id).expect("a number above zero"));
            Some(NewSeries { id, on_conflict: OnConflict::Refuse })
        };
        let new = NewEntries { who, entry, periods: &periods, series: series(1) };
        let old = periods[0].start();
        let moved = Slot { hour: Hour::new(old.hour.get() + 1).expect("an hour"), ..old };
        let replacement = Replacement { who, old, new: moved, hours: None, entry, scope: Some(Scope::All) };
        let created = time(store, |store, context| store.create_entries(context, &new, None).map(drop))?;
        let clash = time(store, |store, context| {
            match store.create_entries(context, &NewEntries { series: series(2), ..new }, None) {
                Err(Error::Rejected(_)) => Ok(()),
                other => other.map(drop),
            }
        })?;
        let replaced = time(store, |store, context| {
            store.replace_entries(context, &replacement, |_| Ok(()), None).map(drop)
        })?;
        let deleted = time(store, |store, context| {
            store.delete_entries(context, who, moved, Some(Scope::All), None).map(drop)
        })?;
        Ok([created, clash, replaced, deleted])
    }

    fn periods(&self) -> Vec<Period> {
        let first = Date::parse("2026-12-01").expect("a date").day_number();
        let starts = (0..self.occurrences).map(|n| Slot {
            date: Date::from_day_number(first + n * self.days_between).expect("a date"),
            hour: Hour::new(9).expect("an hour"),
        });
        let hours = Hours::new(self.hours).expect("a number of hours");
        starts.map(|start| Period::new(start, hours).expect("a period")).collect()
    }
}

/// The CPU time of a change.
fn time<R: std::fmt::Debug>(
    store: &mut UnsyncedStore,
    change: impl FnMut(&Store, &mut Context) -> Result<(), Error<R>>,
) -> anyhow::Result<Duration> {
    let from = thread_cpu_time();
    store.change(change)?;
    Ok(thread_cpu_time() - from)
}

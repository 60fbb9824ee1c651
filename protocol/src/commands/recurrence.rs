//! The options of a period and of a series, which BLOCK and MEET share: `hours=`, `every=`, `count=`, `last=`
//! and `on_conflict=`.

use super::arguments::Args;
use super::line_writer::LineWriter;
use crate::date::Date;
use crate::hour::Slot;
use crate::limits::SERIES_OCCURRENCES_MAX;
use crate::period::{Hours, Period};
use crate::recurrence::{
    Every, OnConflict, Recurrence, RecurrenceEnd, RecurrenceError, SERIES_OCCURRENCES_MIN,
};
use crate::refusal::Refusal;

/// Parses `[hours=<hours>] [every=… count=<count>|last=<date>] [on_conflict=skip]`. The period, which is that
/// of the first occurrence, begins at `start`.
pub(crate) fn parse_times(args: &mut Args<'_>, start: Slot) -> Result<(Period, Option<Recurrence>), Refusal> {
    if !args.has_options()? {
        return Ok((Period::of_slot(start), None));
    }
    let period = period(start, args.option_value("hours")?.unwrap_or_default())?;
    Ok((period, parse_recurrence(args, period)?))
}

/// So many hours from `start` on.
pub(crate) fn period(start: Slot, hours: Hours) -> Result<Period, Refusal> {
    Period::new(start, hours).map_err(|error| Refusal::bad_request(error.to_string()))
}

/// More occurrences than a series may have are for the server to refuse, after the reasons that come first.
fn parse_recurrence(args: &mut Args<'_>, first: Period) -> Result<Option<Recurrence>, Refusal> {
    let Some(every) = args.option_value::<Every>("every")? else {
        return refuse_series_options(args).map(|()| None);
    };
    let end = parse_end(args)?;
    let on_conflict =
        if args.option_flag("on_conflict", "skip")? { OnConflict::Skip } else { OnConflict::Refuse };
    let recurrence = Recurrence { every, end, on_conflict };
    match recurrence.check(first) {
        Ok(()) | Err(RecurrenceError::TooMany { .. }) => Ok(Some(recurrence)),
        Err(error) => Err(Refusal::bad_request(error.to_string())),
    }
}

fn parse_end(args: &mut Args<'_>) -> Result<RecurrenceEnd, Refusal> {
    let count = args.option_number_within("count", SERIES_OCCURRENCES_MIN..=SERIES_OCCURRENCES_MAX)?;
    let last = args.option_value::<Date>("last")?;
    match (count, last) {
        (Some(count), None) => Ok(RecurrenceEnd::Count(count)),
        (None, Some(last)) => Ok(RecurrenceEnd::Last(last)),
        (None, None) => Err(Refusal::bad_request(
            "every= has neither count= nor last=: write count=<count> for so many occurrences, or last=<date> \
             for the last day on which one may start",
        )),
        (Some(_), Some(_)) => {
            Err(Refusal::bad_request("count= and last= are both given: write one of the two"))
        }
    }
}

/// Refuses the options that only a series has.
fn refuse_series_options(args: &mut Args<'_>) -> Result<(), Refusal> {
    match args.first_given(&["count", "last", "on_conflict"])? {
        None => Ok(()),
        Some(name) => Err(Refusal::bad_request(format!(
            "{name}= belongs to a series: write every=day, every=weekday, every=week or every=2weeks with it"
        ))),
    }
}

/// Refuses a series where one time is searched for.
pub(crate) fn refuse_series(args: &mut Args<'_>) -> Result<(), Refusal> {
    match args.first_given(&["every", "count", "last", "on_conflict"])? {
        None => Ok(()),
        Some(name) => Err(Refusal::bad_request(format!(
            "{name}= belongs to a series, and first finds one time: write a <time> in place of first, or leave \
             {name}= out"
        ))),
    }
}

/// Appends what [`parse_times`] reads.
pub(crate) fn write_times(line: &mut LineWriter<'_>, period: Period, recurrence: Option<&Recurrence>) {
    line.option_unless_default("hours", &period.hours(), &Hours::ONE);
    let Some(Recurrence { every, end, on_conflict }) = recurrence else { return };
    line.option("every", Some(every));
    match end {
        RecurrenceEnd::Count(count) => line.option("count", Some(count)),
        RecurrenceEnd::Last(last) => line.option("last", Some(last)),
    }
    line.option_flag("on_conflict", "skip", *on_conflict == OnConflict::Skip);
}

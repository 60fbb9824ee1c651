//! What is wrong with an iCalendar file.

use thiserror::Error;

/// A problem and the line at which it is, from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: {problem}")]
pub struct ReadError {
    pub line: usize,
    pub problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    #[error("BEGIN:VCALENDAR is missing: this is not an iCalendar file")]
    NoCalendar,
    #[error("END:{name} is missing: the file is not complete")]
    NoEnd { name: String },
    #[error("END:{name} has no BEGIN:{name} before it")]
    NoBegin { name: String },
    #[error("components are nested more than {depth_max} deep")]
    TooDeep { depth_max: usize },
    #[error("there are more than {events_max} events: split the file")]
    TooManyEvents { events_max: usize },
    #[error("an event has no DTSTART")]
    NoStart,
    #[error("\"{value}\" is not a date or a time of iCalendar, as 20261121 or 20261121T220000")]
    Moment { value: String },
    #[error("\"{value}\" is not a duration of iCalendar, as PT1H30M or P1D")]
    Duration { value: String },
    #[error(
        "time zone \"{name}\" is unknown: it is not a name of the IANA database, as Europe/Berlin, and the \
         file does not describe it"
    )]
    Zone { name: String },
    #[error("{name} \"{value}\" is not an offset of iCalendar, as +0100")]
    Offset { name: &'static str, value: String },
    #[error("RDATE with periods is not supported")]
    Periods,
    #[error("RANGE=THISANDFUTURE is not supported: let the program export the series as two")]
    ThisAndFuture,
    #[error("rule \"{rule}\" has more than {bytes_max} characters")]
    LongRule { rule: String, bytes_max: usize },
    #[error("rule \"{rule}\" is not valid: {reason}")]
    Rule { rule: String, reason: String },
    #[error("rule \"{rule}\" repeats an event more often than hourly")]
    Frequent { rule: String },
    #[error("rule \"{rule}\" has no further date, though nothing ends it")]
    Endless { rule: String },
    #[error("the events recur more than {steps_max} times in all: split the file")]
    TooManyOccurrences { steps_max: u64 },
}

impl Problem {
    pub fn at(self, line: usize) -> ReadError {
        ReadError { line, problem: self }
    }
}

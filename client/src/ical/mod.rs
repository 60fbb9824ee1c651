//! iCalendar files (RFC 5545), without I/O.
//!
//! [`calendar`] writes the entries of a person. A file is read in steps: its lines, its components, its
//! events, their occurrences, and the hours that these fill. In reading order:

// Civil time.
pub mod zone;

// Writing.
pub mod calendar;
mod vtimezone;
mod writer;

// Reading.
pub mod busy_hours;
mod component;
mod content_line;
mod described_zone;
pub mod event;
pub mod problem;
mod recurrence;
mod value;
mod windows_zone;
mod zones;

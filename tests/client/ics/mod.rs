//! `bookline ics` and `bookline import-ics`.

mod export;
mod import;
mod programs;
mod python;
mod round_trip;

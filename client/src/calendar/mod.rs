//! Weeks and days of people as grids, which are made of GETs.

mod calendar_date;
pub mod day;
mod days;
pub mod week;

//! Weeks and days of people as grids, which are made of GETs.

pub mod calendar_date;
pub mod day;
pub mod days;
pub mod week;

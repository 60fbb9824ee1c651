//! A simulated disk, and images of its files.

mod faults;
mod file;
mod image;
mod simulated;
mod threads;

pub use faults::{Counts, Faults};
pub use file::SECTOR;
pub use image::Image;
pub use simulated::SimDisk;
pub use threads::{IoSource, Threads};

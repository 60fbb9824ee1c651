//! A simulated disk, and images of its files.

mod image;
mod simulated;

pub use image::Image;
pub use simulated::{Counts, Faults, IoSource, SECTOR, SimDisk, Threads};

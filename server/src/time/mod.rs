//! The server's time, and the civil time of a moment.

pub mod clock;
pub mod source;
pub mod system_zone;
#[cfg(test)]
mod tests;
mod timeline;
pub mod zone;

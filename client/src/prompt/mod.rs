//! The interactive prompt.

pub mod completion;
pub mod history;
pub mod keyboard;
pub mod session;
pub mod type_ahead;

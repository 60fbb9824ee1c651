//! The interactive prompt.

pub mod editor;
pub mod history;
pub mod keyboard;
pub mod own_command;
pub mod session;
pub mod settings;
pub mod type_ahead;
pub mod wake;

//! Lexing: telnet sequences, other protocols, quoting, words and options.

pub(crate) mod foreign_protocol;
pub(crate) mod option;
pub(crate) mod quote;
pub mod telnet;
mod token;
pub(crate) mod words;

//! The client of Bookline: a prompt, a single command, or a script, over one connection.
//!
//! It sends commands and shows replies; the server alone decides what a command means. In reading order:

#![allow(missing_docs, reason = "the library has no users but the client and its tests")]

// The command line, the addresses in it, the servers behind them, and the configuration file.
pub mod address;
pub mod addresses;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod target;
pub mod xdg;

// Who the client is to a server with accounts, and whom it trusts.
pub mod login;
pub mod tls;

// How the client ends, and its messages.
pub mod advice;
pub mod diagnostics;
pub mod error;
pub mod exit;
pub mod interrupt;
pub mod signal_thread;

// Changes that a server tells, as lines between replies.
pub mod change_budget;
pub mod change_line;

// Standard output, and replies on it as the server wrote them or as tables and sentences.
pub mod held_text;
pub mod help;
pub mod output;
pub mod pager;
pub mod printer;
pub mod record_printer;
pub mod render;
pub mod screen;

// iCalendar files.
pub mod ical;

// Sockets to a server, over TLS too, as an account.
pub mod transport;

// What the user who types is offered: what is looked up over a connection of its own, and ids of the session.
pub mod directory;
pub mod session_ids;

// The connection: requests and replies in both directions at once.
pub mod net;

// Weeks and days as grids.
pub mod calendar;

// The ways to give commands: as arguments, on standard input, at the prompt.
pub mod one_shot;
pub mod prompt;
pub mod script;

// Commands that the client executes itself.
pub mod local;

// All events, or a week of people, shown live.
pub mod board;

// Everything put together.
pub mod run;

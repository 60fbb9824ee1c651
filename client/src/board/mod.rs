//! `bookline board`: all events, or a week of some people, shown live.
//!
//! The feed keeps a connection, reads what there is, and follows the changes. The model has what is shown,
//! and knows neither the connection nor the terminal. Drawing shows a model in the cells of a screen. In
//! reading order:

// The server's time, and what was sold in the last minute.
pub mod clock;
pub mod sold;

// What is shown: events or a week, which of its rows, and how the connection is.
pub mod events;
pub mod key;
pub mod model;
pub mod scroll;
pub mod week;

// What comes from the server.
pub mod feed;
pub mod kept_change;
pub mod load;
pub mod watch_link;

// The cells of the screen.
pub mod draw;

// The terminal, its keys, and the signals that end or continue the client.
pub mod keys;
pub mod signals;
pub mod terminal;

// Everything put together.
pub mod show;

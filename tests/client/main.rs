//! The client as its users see it: a child process, against a server in this process or a fake one.

mod support;

// The ways to give commands, and the configuration file.
mod config;
mod one_shot;
mod prompt;
mod retry;
mod script;
mod script_errors;
mod wait;
mod watch;

// Several servers, one of which leads.
mod cluster;

// Accounts, TLS and Unix sockets.
mod access;

// Replies for people, help among them, as they fit on screens, and for spreadsheets, and those of a later
// version of the server.
mod csv;
mod formats;
mod help;
mod later_version;
mod render;
mod screens;

// The board, which is shown live.
mod board;

// Against a real server.
mod bench;
mod box_office;
mod department_month;
mod exactly_once;
mod examples;
mod grid;
mod ics;
mod readme;
mod real_server;
mod restart;
mod security;

//! `bookline`: talks to a Bookline server.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    bookline::run(&bookline::args::Args::parse()).into()
}

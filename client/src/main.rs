//! `bookline`: talks to a Bookline server.

use std::process::ExitCode;

fn main() -> ExitCode {
    bookline::main(std::env::args_os()).into()
}

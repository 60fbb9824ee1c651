//! `bookline`, the client of a Bookline server.

use std::process::ExitCode;

fn main() -> ExitCode {
    bookline::run::main(std::env::args_os()).into()
}

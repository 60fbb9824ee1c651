//! A script: commands from standard input.

use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::net::connection::{Connection, Target};
use crate::net::exchange::{Until, exchange};
use crate::net::outcome::Outcome;
use crate::printer::Printer;

/// Sends standard input as it is, and prints the replies meanwhile.
pub async fn run(target: &Target, printer: &mut Printer, interrupt: &Interrupt) -> Result<Outcome, Error> {
    let (mut connection, _) = Connection::open(target, interrupt, printer).await?;
    exchange(&mut connection, &mut tokio::io::stdin(), Until::Closed, printer, interrupt).await
}

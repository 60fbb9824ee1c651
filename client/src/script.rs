//! A script: commands from standard input.

use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::net::connection::{Connection, Target};
use crate::net::exchange::exchange;
use crate::net::input::Input;
use crate::net::outcome::Outcome;
use crate::net::retry::Retry;
use crate::net::safe_exchange::exchange_safely;
use crate::printer::Printer;

/// Sends standard input, and prints the replies meanwhile. Without tries, what is sent are the bytes as they
/// are.
pub async fn run(
    target: &Target,
    retry: Retry,
    printer: &mut Printer,
    interrupt: &Interrupt,
) -> Result<Outcome, Error> {
    let mut input = Input::of_script(tokio::io::stdin());
    if retry != Retry::Never {
        return exchange_safely(&mut None, &mut input, target, retry, printer, interrupt).await;
    }
    let (mut connection, _) = Connection::open(target, interrupt).await?;
    exchange(&mut connection, &mut input, printer, interrupt).await
}

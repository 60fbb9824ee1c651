//! `bookline week` and `bookline day`.

use crate::cli::Args;
use crate::error::Error;
use crate::exit::Exit;
use crate::local::connected::connected;
use crate::net::requester::Requester;
use crate::printer::{Layout, Printer};
use crate::screen::Screen;
use crate::target::Target;

/// Connects, and executes `then`.
///
/// # Errors
///
/// There is no connection to a Bookline server, or `then` fails.
pub fn run(
    args: &Args,
    target: &Target,
    layout: Layout,
    then: impl AsyncFnOnce(&mut Requester<'_>, &mut Printer) -> Result<(), Error>,
) -> Result<Exit, Error> {
    let mut printer = Printer::new(layout, Screen::of_stdout(args.color));
    connected(target, args.local_retry(), async |mut requester, _| then(&mut requester, &mut printer).await)?;
    Ok(Exit::Ok)
}

//! A script: commands from a file or from standard input.

use tokio::fs::File;
use tokio::io::AsyncRead;

use crate::diagnostics::report;
use crate::error::Error;
use crate::interrupt::Interrupt;
use crate::net::connection::Target;
use crate::net::exchange::exchange;
use crate::net::input::Input;
use crate::net::outcome::Outcome;
use crate::net::retry::Retry;
use crate::net::safe_exchange::exchange_safely;
use crate::net::script_report::{ScriptReport, ScriptSource};
use crate::net::wait;
use crate::printer::Printer;

/// The name of a file that means standard input.
const STDIN: &str = "-";

/// A script, and when it ends.
#[derive(Clone, Debug)]
pub struct Script {
    source: ScriptSource,
    stops_on_error: bool,
}

impl Script {
    /// The script in a file, or on standard input.
    pub fn new(file: Option<&str>, stops_on_error: bool) -> Self {
        let source = match file {
            None | Some(STDIN) => ScriptSource::Stdin,
            Some(file) => ScriptSource::File(file.to_owned()),
        };
        Self { source, stops_on_error }
    }

    /// Sends the script, and prints the replies meanwhile. Without tries, what is sent are the bytes as they
    /// are.
    pub async fn run(
        self,
        target: &Target,
        retry: Retry,
        printer: &mut Printer,
        interrupt: &Interrupt,
    ) -> Result<Outcome, Error> {
        printer.leave_refusals_to_script();
        let file = self.open().await?;
        let mut input = Input::of_script(file, ScriptReport::new(self.source, self.stops_on_error));
        let sent = send(&mut input, target, retry, printer, interrupt).await;
        // After an error there may be some left.
        let written = input.report.iter_mut().try_for_each(|report| report.write(printer));
        if let Some(summary) = input.report.as_ref().and_then(ScriptReport::summary) {
            report(&summary);
        }
        let outcome = sent?;
        written.map(|()| outcome)
    }

    async fn open(&self) -> Result<Box<dyn AsyncRead + Unpin>, Error> {
        Ok(match &self.source {
            ScriptSource::Stdin => Box::new(tokio::io::stdin()),
            ScriptSource::File(file) => {
                let opened = File::open(file).await;
                Box::new(opened.map_err(|source| self.source.error(source))?)
            }
        })
    }
}

async fn send(
    input: &mut Input<impl AsyncRead + Unpin>,
    target: &Target,
    retry: Retry,
    printer: &mut Printer,
    interrupt: &Interrupt,
) -> Result<Outcome, Error> {
    if retry != Retry::Never {
        let mut link = wait::open_if_asked(target, interrupt).await?;
        return exchange_safely(&mut link, input, target, retry, printer, interrupt).await;
    }
    let (mut connection, _) = wait::open(target, interrupt).await?;
    // What a cluster refuses as a whole, as its leader changes, is sent again.
    if connection.is_in_cluster() {
        return exchange_safely(&mut connection.into(), input, target, retry, printer, interrupt).await;
    }
    exchange(&mut connection, input, printer, interrupt).await
}

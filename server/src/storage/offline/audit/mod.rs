//! `booklined audit`: who did what when, as far back as the log reaches.

mod error;
mod kept_commits;
mod output;
mod sentence;
mod since;
mod wanted;

use std::io;

use anyhow::Context;

pub use output::Format;
pub use wanted::Wanted;

use super::{Parts, is_lasting, settled, warn};
use crate::codec::Sequence;
use crate::storage::journal::{self, Base, segment};
use error::AuditError;
use kept_commits::KeptCommits;
use output::Printer;

/// Prints what is wanted of the commits of all segments.
pub(super) fn run(parts: &Parts, wanted: &Wanted, format: Format) -> anyhow::Result<bool> {
    // Everything is read and checked before the first line is printed.
    let done = |result: &anyhow::Result<_>| result.as_ref().map_or_else(is_lasting, |_| true);
    let kept = settled(|| parts.last_change(), done, || checked(parts))?;
    let mut printer = Printer::new(wanted, format);
    let read = kept.read(parts.journal(), &mut warn, &mut |commit| printer.print(commit));
    match read.and_then(|()| printer.finish()) {
        // The reader, such as `head`, has closed the pipe.
        Err(AuditError::Output(e)) if e.kind() == io::ErrorKind::BrokenPipe => Ok(true),
        Err(error) => Err(error.into()),
        Ok(()) => Ok(true),
    }
}

/// Checks the journal from its oldest segment on.
fn checked(parts: &Parts) -> anyhow::Result<KeptCommits> {
    let base = parts.base()?;
    let segments = segment::list(parts.journal()).context("listing the journal")?;
    let first = segments.first().copied().unwrap_or(base.known_durable.next());
    let base = Base { snapshot: Sequence(first.0 - 1), ..base };
    let last = journal::check(parts.journal(), base, &mut |commit| commit.check())?.last;
    Ok(KeptCommits { first, last })
}

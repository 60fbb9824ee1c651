//! `booklined check`: is everything whole?

use std::fmt::Write;

use anyhow::bail;

use super::{Parts, settled};
use crate::journal::{self, Sequence};
use crate::snapshot;
use crate::snapshot::read::{self, Snapshot};

/// Reads every snapshot and every segment, and says what it found.
pub(super) fn run(parts: &Parts) -> anyhow::Result<bool> {
    let mut report = String::new();
    let well = settled(|| {
        report.clear();
        look(parts, &mut report)
    });
    print!("{report}");
    println!("{}", if well.is_ok() { "all is well" } else { "damage was found" });
    Ok(well.is_ok())
}

fn look(parts: &Parts, report: &mut String) -> anyhow::Result<()> {
    let mut damage = 0;
    let mut oldest = None;
    for sequence in read::list(parts.snapshots())? {
        match Snapshot::open(parts.snapshots(), sequence).and_then(|s| Ok((s.verify()?, s.bytes()?))) {
            Ok((facts, bytes)) => {
                let (name, last) = (snapshot::name(sequence), sequence.0);
                writeln!(
                    report,
                    "snapshot {name}: sequences 1 to {last}, {facts} facts, {bytes} bytes, whole"
                )?;
                oldest = Some(sequence);
            }
            Err(bad) => {
                damage += 1;
                writeln!(report, "{bad}")?;
            }
        }
    }
    // From the oldest snapshot on the journal must be whole: that is what a damaged newer one falls back to.
    let base = journal::Base { snapshot: oldest.unwrap_or_default(), ..parts.base()? };
    match journal::check(parts.journal(), base, &mut |_| Ok(())) {
        Ok(found) => tell(&found, base.snapshot, report)?,
        Err(error) => {
            damage += 1;
            writeln!(report, "{error}")?;
        }
    }
    if damage > 0 {
        bail!("{damage} files are damaged");
    }
    Ok(())
}

fn tell(found: &journal::Recovered, from: Sequence, report: &mut String) -> std::fmt::Result {
    let (last, facts, segments) = (found.last.0, found.facts, found.segments);
    match last - from.0 {
        0 => writeln!(report, "journal: nothing behind sequence {last}, {segments} segments")?,
        _ => {
            let first = from.next().0;
            writeln!(
                report,
                "journal: sequences {first} to {last}, {facts} facts, {segments} segments, whole"
            )?;
        }
    }
    if let Some((file, offset)) = &found.cut {
        writeln!(
            report,
            "journal {file}, offset {offset}: a torn end, of a write that was never answered or is in flight; the \
             next start cuts it"
        )?;
    }
    Ok(())
}

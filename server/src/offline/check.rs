//! `booklined check`: is everything whole?

use crate::journal::{self, Sequence};
use crate::snapshot;
use crate::snapshot::read::{self, Snapshot};

use super::Parts;

/// Reads every snapshot and every segment, and says what it found.
pub(super) fn run(parts: &Parts) -> anyhow::Result<bool> {
    let mut well = true;
    let mut oldest = None;
    for sequence in read::list(parts.snapshots())? {
        match Snapshot::open(parts.snapshots(), sequence).and_then(|s| Ok((s.verify()?, s.bytes()?))) {
            Ok((facts, bytes)) => {
                println!(
                    "snapshot {}: sequences 1 to {}, {facts} facts, {bytes} bytes, whole",
                    snapshot::name(sequence),
                    sequence.0
                );
                oldest = Some(sequence);
            }
            Err(bad) => {
                well = false;
                println!("{bad}");
            }
        }
    }
    // From the oldest snapshot on the journal must be whole: that is what a damaged newer one falls back to.
    let from = oldest.unwrap_or(Sequence(0));
    match journal::check(parts.journal(), from, &mut |_| Ok(())) {
        Ok(found) => {
            println!(
                "journal: sequences {} to {} behind {}, {} facts in {} segments",
                from.next().0,
                found.last.0,
                if oldest.is_some() { "the oldest snapshot" } else { "nothing" },
                found.facts,
                found.segments
            );
            if let Some((file, offset)) = found.cut {
                println!(
                    "journal {file}, offset {offset}: a torn end, of a write that was never answered or is in \
                     flight; the next start cuts it"
                );
            }
        }
        Err(error) => {
            well = false;
            println!("{error}");
        }
    }
    println!("{}", if well { "all is well" } else { "damage was found" });
    Ok(well)
}

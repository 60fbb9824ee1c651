//! `booklined check --cluster`: searches the log of a cluster and its snapshots for corruption.

use super::check::{self, Preface};
use super::cluster_copy::ClusterCopy;
use super::print;
use crate::storage::replicated::copy::CopyError;
use crate::storage::replicated::extent::Extent;
use crate::storage::replicated::nats::NatsOptions;

/// Reads the log as far back as it reaches, and the snapshots, and prints a report. Returns whether nothing
/// is corrupt.
pub(super) fn run(options: &NatsOptions) -> anyhow::Result<bool> {
    let ClusterCopy { parts, copied, stream, .. } = &match ClusterCopy::make(options, Extent::Everything) {
        Err(error) if error.downcast_ref().is_some_and(CopyError::is_corruption) => {
            print(&format!("{error:#}\ncorruption was found\n"))?;
            return Ok(false);
        }
        copy => copy?,
    };
    let line = match copied.messages {
        Some((first, last)) => {
            format!("stream {stream}: messages {first} to {last}, each follows the one before it")
        }
        None => format!("stream {stream}: no message since the newest snapshot"),
    };
    let preface = Preface { lines: vec![line], corruptions: copied.unusable.clone() };
    check::run_with(parts, &preface)
}

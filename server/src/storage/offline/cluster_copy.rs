//! A copy of the log of a cluster, on which a command works as on a data directory.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use bookline_protocol::Timestamp;
use tokio::runtime::Builder;

use super::interrupt::make_work_directory;
use super::work_directory::{self, WorkDirectory};
use super::{Parts, warn};
use crate::storage::disks::Disks;
use crate::storage::journal::RealDisk;
use crate::storage::replicated::copy::{Copied, copy};
use crate::storage::replicated::extent::Extent;
use crate::storage::replicated::nats::{NatsError, NatsOptions, NatsStream, patiently};

/// A copy of the log of a cluster.
pub(super) struct ClusterCopy {
    pub parts: Parts,
    pub copied: Copied,
    /// The name of the stream.
    pub stream: String,
    /// Removes it when it is dropped, unless it is in the work directory of the caller.
    _work: Option<WorkDirectory>,
}

impl ClusterCopy {
    /// Copies the log into a work directory of its own, which is removed when this is dropped, or when the
    /// process is interrupted.
    pub fn make(options: &NatsOptions, extent: Extent) -> anyhow::Result<Self> {
        let work = make_work_directory(std::env::temp_dir())?;
        let copy = Self::make_in(work.path(), options, extent)?;
        Ok(Self { _work: Some(work), ..copy })
    }

    /// Copies the log into a directory in the work directory `work`.
    pub fn make_in(work: &Path, options: &NatsOptions, extent: Extent) -> anyhow::Result<Self> {
        let data = work.join(work_directory::DATA);
        let make = |path: &Path| {
            let made = DirBuilder::new().mode(0o700).create(path).and_then(|()| RealDisk::open(path));
            made.map(Arc::new).with_context(|| format!("making {}", path.display()))
        };
        let root = make(&data)?;
        let disks =
            Disks { root, journal: make(&data.join("journal"))?, snapshots: make(&data.join("snapshots"))? };
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.context("starting the runtime")?;
        let copied = runtime.block_on(async {
            let found = patiently(NatsError::is_temporary, async || NatsStream::find(options).await).await?;
            let Some(stream) = found.map(Arc::new) else {
                bail!("NATS has no stream of the cluster {}: no server has led it yet", options.cluster);
            };
            let copied = copy(&stream, &disks, extent).await?;
            Ok((stream.name().to_owned(), copied))
        });
        runtime.shutdown_background();
        let (stream, copied) = copied?;
        for why in &copied.unusable {
            warn(why);
        }
        warn(&told(&options.cluster.to_string(), &copied));
        Ok(Self { parts: Parts::of(&data)?, copied, stream, _work: None })
    }
}

/// Up to where the log was read: it may go on meanwhile.
fn told(cluster: &str, copied: &Copied) -> String {
    let at = copied.last_micros.map(|micros| format!(" of {}", Timestamp(micros))).unwrap_or_default();
    format!("the log of the cluster {cluster} was read up to commit {}{at}", copied.last.0)
}

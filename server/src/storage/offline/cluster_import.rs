//! `booklined cluster import`: begins a cluster with the data of a stopped single server.
//!
//! The data becomes one snapshot, of its last commit. It is put into the bucket, read back and confirmed.
//! Then the stream is made, and its first frame says that the log goes on behind that commit. So a cluster
//! that has begun has all of the data, and what an interrupted import has left is used by nobody.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use anyhow::{Context, bail};
use bookline_protocol::Id;
use chrono_tz::Tz;
use clap::Args;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::runtime::Builder;

use super::interrupt::make_work_directory;
use super::work_directory;
use super::{Parts, backup, print};
use crate::argument::parse_id;
use crate::codec::Sequence;
use crate::storage::data_dir;
use crate::storage::journal::{self, Base, Disk, RealDisk, segment};
use crate::storage::replicated::append::Append;
use crate::storage::replicated::cluster_id::ClusterId;
use crate::storage::replicated::genesis::Genesis;
use crate::storage::replicated::lease::{lease_argument, parse_lease};
use crate::storage::replicated::member::genesis;
use crate::storage::replicated::nats::{
    BucketError, Founding, FoundingError, NatsFlags, NatsOptions, Progress, parse_replicas, patiently,
};
use crate::storage::replicated::snapshot::{LocalSnapshots, ProvideError, SnapshotInfo, provide};
use crate::storage::replicated::stream_sequence::StreamSequence;
use crate::storage::snapshot;
use crate::storage::snapshot::read::Snapshot;

/// Who has made and confirmed the snapshot, in place of the address of a member.
const MAKER: &str = "import";

/// `booklined cluster import`
#[derive(Debug, Clone, Args)]
pub struct ClusterImport {
    /// The data directory of the single server, which must be stopped. Nothing in it is changed
    #[arg(long, env = "BOOKLINE_DATA_DIR", default_value = "./bookline-data", value_name = "DIR")]
    data_dir: PathBuf,
    #[command(flatten)]
    nats: NatsFlags,
    /// The NATS servers that have a copy of the log: 1, 3 or 5
    #[arg(long, env = "BOOKLINE_CLUSTER_REPLICAS", default_value_t = 3, value_name = "N",
          value_parser = parse_replicas)]
    cluster_replicas: usize,
    /// The head of department, for all members
    #[arg(long, env = "BOOKLINE_HOD", default_value = "F10", value_name = "ID", value_parser = parse_id)]
    hod: Id<'static>,
    /// How long a leader is silent before a standby takes over, 1s to 60s, for all members
    #[arg(long, env = "BOOKLINE_LEASE", default_value = "3s", value_name = "TIME", value_parser = parse_lease)]
    lease: Duration,
}

/// What a cluster begins with.
struct Data {
    /// The file of the snapshot.
    path: PathBuf,
    /// Its last commit.
    last: Sequence,
    bytes: u64,
    hash: String,
    last_micros: Option<i64>,
    time_zone: Tz,
}

impl ClusterImport {
    /// How the cluster is reached that is to begin, if it is named.
    pub fn options(&self) -> Option<NatsOptions> {
        self.nats.options(self.cluster_replicas)
    }

    /// Begins the cluster.
    ///
    /// # Errors
    ///
    /// The cluster has not begun, unless the error says otherwise.
    pub fn run(&self, options: &NatsOptions) -> anyhow::Result<()> {
        let parts = Parts::of(&self.data_dir)?;
        let lock = data_dir::lock_unchanged(&self.data_dir)?;
        let work = make_work_directory(std::env::temp_dir())?;
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.context("starting the runtime")?;
        let begun = runtime.block_on(async {
            // First of all, before the data is read.
            let founding = Founding::open(options).await?;
            let data = Data::of(&parts, work.path())?;
            Ok::<_, anyhow::Error>((self.begin(founding, &data, work.path()).await?, data))
        });
        runtime.shutdown_background();
        drop(lock);
        let (progress, data) = begun?;
        self.report(options, progress, &data)
    }

    async fn begin(&self, founding: Founding, data: &Data, work: &Path) -> anyhow::Result<Progress> {
        let id = founding.id();
        let payload = self.genesis(id, data).to_payload();
        let (frame, position) = genesis(&payload, data.last, &id.salt());
        let info = SnapshotInfo {
            message: position.stream.0,
            commit: position.commit.0,
            term: position.term,
            crc: position.crc,
            leader: String::new(),
            last_micros: data.last_micros,
            genesis: String::from_utf8(payload)?,
            hash: data.hash.clone(),
            bytes: data.bytes,
            maker: MAKER.to_owned(),
        };
        let progress = founding.progress(position.crc)?;
        if progress == Progress::Led {
            return Ok(progress);
        }
        put(&founding, &info, data, work).await?;
        let nonce: u64 = rand::random();
        let append = Append {
            expected: StreamSequence(0),
            id: format!("0-0-{nonce:016x}-{:08x}", position.crc),
            frame,
        };
        let bucket = founding.bucket().clone();
        let begun = founding.begin(append).await;
        if matches!(begun, Err(FoundingError::Lost { .. })) {
            let removed = patiently(BucketError::is_temporary, async || bucket.remove(&info).await).await;
            removed.context("removing the snapshot of the data, as the cluster has begun without it")?;
        }
        begun?;
        Ok(progress)
    }

    fn genesis(&self, id: ClusterId, data: &Data) -> Genesis {
        Genesis {
            cluster: id.to_string(),
            time_zone: data.time_zone.name().to_owned(),
            head: self.hod.as_str().to_owned(),
            lease_milliseconds: u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX),
            // So that only an import of the same data has the same first frame.
            snapshot: Some(data.hash.clone()),
        }
    }

    fn report(&self, options: &NatsOptions, progress: Progress, data: &Data) -> anyhow::Result<()> {
        let Data { last, bytes, time_zone, .. } = data;
        let begins = match progress {
            Progress::New | Progress::Begun => "begins with",
            Progress::Led => "has begun before, and nothing was changed, with",
        };
        print(&format!(
            "cluster {}: {begins} sequences 1 to {}, {bytes} bytes, of {}. Start its members with --time-zone {} --hod {} \
             --lease {}, and no server with that data directory any more\n",
            options.cluster,
            last.0,
            self.data_dir.display(),
            time_zone.name(),
            self.hod,
            lease_argument(self.lease)
        ))
        .context("the cluster has begun, and that could not be reported")
    }
}

/// Puts the snapshot of the data into the bucket, reads it back, and confirms it.
async fn put(founding: &Founding, info: &SnapshotInfo, data: &Data, work: &Path) -> anyhow::Result<()> {
    let bucket = founding.bucket();
    // Some time before it is needed: it takes a moment until all NATS servers know it.
    patiently(BucketError::is_temporary, async || bucket.make().await).await?;
    let contents = patiently(BucketError::is_temporary, async || bucket.contents().await).await?;
    if !contents.confirmed().any(|there| there == info) {
        let file = File::open(&data.path)?;
        founding.check().await?;
        let upload = async || bucket.put(info, &mut SnapshotFile { file: &file, offset: 0 }).await;
        patiently(BucketError::is_temporary, upload).await?;
    }
    let read_back = work.join(work_directory::DATA);
    DirBuilder::new().mode(0o700).create(&read_back)?;
    let local = LocalSnapshots::new(Arc::new(RealDisk::open(&read_back)?));
    let read = patiently(ProvideError::is_temporary, async || provide(bucket, &local, info).await).await;
    read.context("reading the snapshot back from the bucket")?;
    patiently(BucketError::is_temporary, async || bucket.confirm(info, MAKER).await).await?;
    Ok(())
}

impl Data {
    /// Makes one snapshot of the data, in the work directory.
    fn of(parts: &Parts, work: &Path) -> anyhow::Result<Self> {
        let time_zone = time_zone(parts)?;
        let (last, bytes) = backup::write(parts, work)?;
        if last == Sequence(0) {
            bail!(
                "{} has no data: start the members of the cluster, and it begins without any",
                parts.data_dir().display()
            );
        }
        let hash = Snapshot::open(&RealDisk::open(work)?, last)?.hash()?;
        let path = work.join(snapshot::name(last));
        Ok(Self { path, last, bytes, hash, last_micros: last_micros(parts)?, time_zone })
    }
}

/// The time of the last commit, as far as the journal has it.
fn last_micros(parts: &Parts) -> anyhow::Result<Option<i64>> {
    let base = parts.base()?;
    let first = segment::list(parts.journal())?.first().copied().unwrap_or(base.known_durable.next());
    let base = Base { snapshot: Sequence(first.0 - 1), ..base };
    Ok(journal::check(parts.journal(), base, &mut |_| Ok(()))?.last_commit_micros)
}

fn time_zone(parts: &Parts) -> anyhow::Result<Tz> {
    let bytes = parts.root.open(data_dir::ZONE).and_then(|file| file.read_all());
    let text = bytes.with_context(|| {
        format!("reading the time zone of {}: start a single server with it once", parts.data_dir().display())
    })?;
    let text = String::from_utf8_lossy(&text);
    text.trim().parse().map_err(|_| anyhow::anyhow!("the file time-zone holds no known time zone"))
}

/// The file of a snapshot. It is read without leaving the thread: this command does nothing else meanwhile.
struct SnapshotFile<'a> {
    file: &'a File,
    offset: u64,
}

impl AsyncRead for SnapshotFile<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.file.read_at(buf.initialize_unfilled(), self.offset);
        Poll::Ready(read.map(|count| {
            self.offset += count as u64;
            buf.advance(count);
        }))
    }
}

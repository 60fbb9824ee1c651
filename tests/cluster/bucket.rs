//! The bucket with the snapshots of a cluster.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bookline_server::storage::replicated::nats::SnapshotBucket;
use bookline_server::storage::replicated::snapshot::SnapshotInfo;
use bookline_testkit::nats::{Nats, NatsProgram};
use tokio::io::{AsyncRead, ReadBuf};

use crate::nats_stream::{administrator, open};

/// A file that cannot be read to its end: it has so many bytes.
struct Broken(usize);

impl AsyncRead for Broken {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let count = self.0.min(buf.remaining()).min(100 << 10);
        if count == 0 {
            return Poll::Ready(Err(io::Error::other("a bad sector")));
        }
        self.0 -= count;
        buf.put_slice(&vec![7; count]);
        Poll::Ready(Ok(()))
    }
}

fn info(message: u64, content: &[u8], hash: &str) -> SnapshotInfo {
    SnapshotInfo {
        message,
        commit: message,
        term: 1,
        crc: 7,
        leader: "a:1".into(),
        last_micros: None,
        genesis: "{}".into(),
        hash: hash.into(),
        bytes: content.len() as u64,
        maker: "a:1".into(),
    }
}

async fn messages(nats: &Nats) -> u64 {
    let context = administrator(nats).await;
    let mut stream = context.get_stream("OBJ_BOOKLINE-sales-snapshots").await.expect("the bucket");
    stream.info().await.expect("an answer").state.messages
}

async fn read(bucket: &SnapshotBucket, info: &SnapshotInfo) -> Vec<u8> {
    let content = std::sync::Mutex::new(Vec::new());
    let each = async |bytes: Vec<u8>| {
        content.lock().expect("no panic").extend(bytes);
        Ok(())
    };
    bucket.get(info, each).await.expect("it is read");
    content.into_inner().expect("no panic")
}

#[tokio::test]
async fn upload_that_ends_halfway_is_not_seen_and_its_chunks_are_removed() {
    let Some(program) = NatsProgram::find() else { return };
    let nats = Nats::start(program, 1, "");
    let stream = open(&nats).await;
    let bucket = stream.bucket();
    assert!(bucket.contents().await.expect("none yet").snapshots.is_empty());

    let content = vec![5; 1 << 20];
    let whole = info(40, &content, "aa");
    bucket.put(&whole, &mut &content[..]).await.expect("it is stored");
    let stored = messages(&nats).await;
    // Cut off within each chunk, and before the first.
    for bytes in (0..=(1 << 20)).step_by(128 << 10) {
        let cut = info(41, &content, "bb");
        bucket.put(&cut, &mut Broken(bytes)).await.expect_err("it cannot be read");
    }
    let contents = bucket.contents().await.expect("one");
    assert_eq!(contents.snapshots.iter().map(|listed| listed.info.message).collect::<Vec<_>>(), [40]);
    assert!(messages(&nats).await > stored);
    assert_eq!(bucket.sweep().await.expect("an answer"), 0, "an upload may be under way for an hour");
    assert!(bucket.sweep_older_than(Duration::ZERO).await.expect("an answer") > 0);
    assert_eq!(messages(&nats).await, stored);
    assert_eq!(read(bucket, &whole).await, content);
}

#[tokio::test]
async fn snapshot_counts_when_somebody_confirms_the_same_hash_and_leaves_nothing_when_it_is_removed() {
    let Some(program) = NatsProgram::find() else { return };
    let nats = Nats::start(program, 1, "");
    let stream = open(&nats).await;
    let bucket = stream.bucket();
    let (first, second) = (info(40, b"one", "aa"), info(50, b"two", "bb"));
    bucket.begin(40, "b:1").await.expect("noted");
    bucket.put(&first, &mut &b"one"[..]).await.expect("stored");
    bucket.put(&second, &mut &b"two"[..]).await.expect("stored");
    bucket.confirm(&first, "b:1").await.expect("noted");
    bucket.confirm(&info(50, b"two", "cc"), "b:1").await.expect("noted");

    let contents = bucket.contents().await.expect("an answer");
    assert_eq!(contents.confirmed().map(|info| info.message).collect::<Vec<_>>(), [40]);
    assert_eq!(contents.newest(), 50);
    assert_eq!(contents.begun.get(&40).map(String::as_str), Some("b:1"));

    assert_eq!(bucket.remove_before(50).await.expect("an answer"), 1);
    let contents = bucket.contents().await.expect("an answer");
    assert_eq!(contents.snapshots.iter().map(|listed| listed.info.message).collect::<Vec<_>>(), [50]);
    // What is left is the second one, its chunk, and what confirms it.
    assert_eq!(messages(&nats).await, 3);
    bucket.get(&first, |_| async { Ok(()) }).await.expect_err("it is gone");
}

#[tokio::test]
async fn snapshot_is_removed_with_its_confirmation_and_no_other_one_in_its_place() {
    let Some(program) = NatsProgram::find() else { return };
    let nats = Nats::start(program, 1, "");
    let stream = open(&nats).await;
    let bucket = stream.bucket();
    bucket.make().await.expect("it is made");
    let nothing = messages(&nats).await;
    let content = [5; 100];
    let (own, other) = (info(1, &content, "aa"), info(1, &content, "bb"));
    bucket.put(&own, &mut &content[..]).await.expect("it is stored");
    bucket.confirm(&own, "import").await.expect("it is stored");
    bucket.remove(&other).await.expect("an answer");
    let contents = bucket.contents().await.expect("one");
    assert_eq!(contents.confirmed().collect::<Vec<_>>(), [&own]);
    bucket.remove(&own).await.expect("an answer");
    assert_eq!(messages(&nats).await, nothing);
}

#[tokio::test]
async fn what_a_member_of_a_deleted_cluster_has_begun_is_not_waited_for() {
    let Some(program) = NatsProgram::find() else { return };
    let nats = Nats::start(program, 1, "");
    let before = open(&nats).await;
    before.bucket().begin(40, "a:1").await.expect("it is stored");
    assert_eq!(before.bucket().contents().await.expect("one").begun.len(), 1);
    administrator(&nats).await.delete_stream("BOOKLINE-sales").await.expect("it exists");
    let now = open(&nats).await;
    assert!(now.bucket().contents().await.expect("none").begun.is_empty());
}

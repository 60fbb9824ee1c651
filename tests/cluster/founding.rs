//! The begin of a cluster with data: who is first, and who has lost.

use bookline_server::codec::Sequence;
use bookline_server::storage::replicated::append::Append;
use bookline_server::storage::replicated::genesis::Genesis;
use bookline_server::storage::replicated::member::genesis;
use bookline_server::storage::replicated::nats::{Founding, FoundingError, Progress};
use bookline_server::storage::replicated::stream::Stream;
use bookline_server::storage::replicated::stream_sequence::StreamSequence;
use bookline_testkit::nats::{Nats, NatsProgram};

use crate::nats_stream::{open, options};

/// The first append of an import of data whose snapshot has this hash, and the CRC of its frame.
fn first_append(founding: &Founding, hash: &str, id: &str) -> (Append, u32) {
    let first = Genesis {
        cluster: founding.id().to_string(),
        time_zone: "UTC".into(),
        head: "F10".into(),
        lease_milliseconds: 3_000,
        snapshot: Some(hash.into()),
    };
    let (frame, position) = genesis(&first.to_payload(), Sequence(7), &founding.id().salt());
    (Append { expected: StreamSequence(0), id: id.into(), frame }, position.crc)
}

#[tokio::test]
async fn of_two_imports_at_once_the_second_has_lost_unless_its_data_is_the_same() {
    let Some(program) = NatsProgram::find() else { return };
    let nats = Nats::start(program, 1, "");
    open(&nats).await;
    let options = options(&nats);
    let open = async || Founding::open(&options).await.expect("nobody has begun it");
    let (one, same, other) = (open().await, open().await, open().await);
    let (of_one, crc) = first_append(&one, "aa", "one");
    let (of_same, _) = first_append(&same, "aa", "same");
    let (of_other, other_crc) = first_append(&other, "bb", "other");
    other.check().await.expect("nobody has begun it yet");
    one.begin(of_one).await.expect("it is the first one");
    let lost = other.check().await.expect_err("another one has begun it");
    assert!(matches!(lost, FoundingError::Lost { .. }), "{lost}");
    let lost = other.begin(of_other).await.expect_err("another one has begun it");
    assert!(matches!(lost, FoundingError::Lost { .. }), "{lost}");
    same.begin(of_same).await.expect("the cluster has the data");

    let again = open().await;
    assert_eq!(again.progress(crc).expect("the same data"), Progress::Begun);
    let begun = again.progress(other_crc).expect_err("other data");
    assert!(matches!(begun, FoundingError::Begun { last: 1, .. }), "{begun}");
}

#[tokio::test]
async fn import_finds_that_a_server_has_begun_the_cluster_meanwhile() {
    let Some(program) = NatsProgram::find() else { return };
    let nats = Nats::start(program, 1, "");
    let options = options(&nats);
    let founding = Founding::open(&options).await.expect("there is no stream");
    founding.check().await.expect("there is none yet");
    let stream = open(&nats).await;
    let lost = founding.check().await.expect_err("a server has made the stream");
    assert!(matches!(lost, FoundingError::Lost { .. }), "{lost}");
    let append = Append { expected: StreamSequence(0), id: "a".into(), frame: "of a server".into() };
    stream.append(&append).await;
    let begun = Founding::open(&options).await.expect_err("it has begun without data");
    assert!(matches!(begun, FoundingError::Begun { .. } | FoundingError::Frame(_)), "{begun}");
}

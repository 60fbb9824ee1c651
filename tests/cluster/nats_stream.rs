//! The stream of a cluster in NATS: what appends and reads mean, and which streams are refused.

use async_nats::jetstream::{self, stream::Config};
use bookline_server::storage::replicated::append::{Append, AppendResult};
use bookline_server::storage::replicated::nats::{NatsError, NatsOptions, NatsStream};
use bookline_server::storage::replicated::stream::Stream;
use bookline_server::storage::replicated::stream_read::StreamRead;
use bookline_server::storage::replicated::stream_sequence::StreamSequence;
use bookline_testkit::HANG_TIMEOUT;
use bookline_testkit::nats::{Nats, NatsProgram};
use bytes::Bytes;
use tokio::time::Instant;

/// With as many replicas as there are servers.
pub fn options(nats: &Nats) -> NatsOptions {
    let urls = nats.urls();
    NatsOptions {
        servers: urls.iter().map(|url| url.parse().expect("a URL")).collect(),
        cluster: "sales".parse().expect("a name"),
        replicas: urls.len(),
        credentials: None,
        authorities: None,
        monitors: Vec::new(),
    }
}

/// Opens the stream, as soon as the servers have elected their leader.
pub async fn open(nats: &Nats) -> NatsStream {
    let deadline = Instant::now() + HANG_TIMEOUT;
    loop {
        match NatsStream::open(&options(nats)).await {
            Ok(stream) => return stream,
            Err(error) => assert!(error.is_temporary() && Instant::now() < deadline, "{error}"),
        }
    }
}

fn append(expected: u64, id: &str, frame: impl Into<Bytes>) -> Append {
    Append { expected: StreamSequence(expected), id: id.to_owned(), frame: frame.into() }
}

fn stored(sequence: u64) -> AppendResult {
    AppendResult::Stored { sequence: StreamSequence(sequence) }
}

/// Another client of the same NATS servers, as an administrator has.
pub async fn administrator(nats: &Nats) -> jetstream::Context {
    jetstream::new(async_nats::connect(nats.urls()[0].as_str()).await.expect("a running server"))
}

#[tokio::test]
async fn an_append_is_stored_once_and_only_where_it_is_expected() {
    let Some(program) = NatsProgram::find() else { return };
    for (servers, repeated) in [(3, stored(2)), (1, AppendResult::WrongLastSequence)] {
        let nats = Nats::start(program.clone(), servers, "");
        assert_stores_once(&open(&nats).await, repeated).await;
    }
}

/// `repeated` is the result of an append that is stored already. NATS recognizes it only in a stream with
/// replicas. Otherwise the appender has to compare the message.
async fn assert_stores_once(stream: &NatsStream, repeated: AppendResult) {
    assert_eq!(stream.append(&append(0, "first", "one")).await, stored(1));
    assert_eq!(stream.append(&append(1, "second", "two")).await, stored(2));
    // The same append again, as if its acknowledgment were lost.
    assert_eq!(stream.append(&append(1, "second", "two")).await, repeated);
    // Of somebody who has not seen the second.
    assert_eq!(stream.append(&append(1, "late", "three")).await, AppendResult::WrongLastSequence);
    assert_eq!(stream.append(&append(7, "early", "three")).await, AppendResult::WrongLastSequence);
    // A refused id is not remembered.
    assert_eq!(stream.append(&append(2, "late", "three")).await, stored(3));

    let read = stream.read(StreamSequence(2)).await;
    assert_eq!(read, StreamRead::Message { id: "second".to_owned(), frame: "two".into() });
    assert_eq!(stream.read(StreamSequence(4)).await, StreamRead::Absent);
}

#[tokio::test]
async fn what_a_server_that_is_gone_does_with_an_append_is_not_known() {
    let Some(program) = NatsProgram::find() else { return };
    let mut nats = Nats::start(program, 1, "");
    let stream = open(&nats).await;
    assert_eq!(stream.append(&append(0, "first", "one")).await, stored(1));
    nats.kill(0);
    assert_eq!(stream.append(&append(1, "second", "two")).await, AppendResult::Unknown);
    assert_eq!(stream.read(StreamSequence(1)).await, StreamRead::NoAnswer);

    // The client connects again, and so the same append is stored, or is found to be stored already.
    nats.start_node(0);
    loop {
        match stream.append(&append(1, "second", "two")).await {
            // Without a connection it says so at once.
            AppendResult::Unknown => tokio::task::yield_now().await,
            result => break assert_eq!(result, stored(2)),
        }
    }
    let read = stream.read(StreamSequence(2)).await;
    assert_eq!(read, StreamRead::Message { id: "second".to_owned(), frame: "two".into() });
    assert_eq!(stream.read(StreamSequence(3)).await, StreamRead::Absent);
}

#[tokio::test]
async fn the_largest_frame_is_stored_and_read() {
    let Some(program) = NatsProgram::find() else { return };
    let nats = Nats::start(program, 1, "");
    let stream = open(&nats).await;
    assert_eq!(stream.frame_bytes_max(), (1 << 20) - (4 << 10));
    let frame: Bytes = (0..stream.frame_bytes_max()).map(|index| index.to_le_bytes()[0]).collect();
    // Ids are 60 bytes at the most.
    let id = "x".repeat(60);
    assert_eq!(stream.append(&append(0, &id, frame.clone())).await, stored(1));
    assert_eq!(stream.read(StreamSequence(1)).await, StreamRead::Message { id, frame });
}

#[tokio::test]
async fn all_members_find_the_same_stream() {
    let Some(program) = NatsProgram::find() else { return };
    let nats = Nats::start(program, 1, "");
    // At the same time, as when a cluster is started.
    let (first, second, third) = tokio::join!(open(&nats), open(&nats), open(&nats));
    assert_eq!((first.id(), first.id()), (second.id(), third.id()));
    assert_eq!(first.append(&append(0, "first", "one")).await, stored(1));
    assert_eq!(second.append(&append(0, "other", "one")).await, AppendResult::WrongLastSequence);
    assert_eq!(third.append(&append(1, "second", "two")).await, stored(2));
    // Nobody can remove a message from the middle.
    let admin = administrator(&nats).await.get_stream("BOOKLINE-sales").await.expect("the stream");
    let denied = admin.delete_message(1).await.expect_err("deny_delete").to_string();
    assert!(denied.contains("not permitted"), "{denied}");
}

#[tokio::test]
async fn a_stream_with_other_settings_is_refused() {
    let Some(program) = NatsProgram::find() else { return };
    let nats = Nats::start(program, 1, "");
    drop(open(&nats).await);
    let admin = administrator(&nats).await;
    let config = admin.get_stream("BOOKLINE-sales").await.expect("the stream").cached_info().config.clone();
    admin.update_stream(Config { max_messages: 10, ..config }).await.expect("an administrator may");
    let refused = NatsStream::open(&options(&nats)).await.expect_err("a limit").to_string();
    assert_eq!(
        refused,
        "the stream BOOKLINE-sales has max-msgs 10, and a cluster needs max-msgs unlimited: correct it with \
         `nats stream edit BOOKLINE-sales --max-msgs=-1`"
    );
}

#[tokio::test]
async fn messages_are_purged_up_to_the_last_and_never_beyond() {
    let Some(program) = NatsProgram::find() else { return };
    let nats = Nats::start(program, 1, "");
    let stream = open(&nats).await;
    for expected in 0..3 {
        let appended = stream.append(&append(expected, &format!("id-{expected}"), "frame")).await;
        assert_eq!(appended, stored(expected + 1));
    }
    assert_eq!(stream.first().await, Some(StreamSequence(1)));
    stream.purge_before(StreamSequence(3)).await.expect("it is allowed");
    assert_eq!(stream.first().await, Some(StreamSequence(3)));
    assert_eq!(stream.read(StreamSequence(2)).await, StreamRead::Absent);
    // NATS would count from there.
    stream.purge_before(StreamSequence(1_000)).await.expect("nothing is purged");
    assert_eq!(stream.append(&append(3, "id-3", "frame")).await, stored(4));
}

#[tokio::test]
async fn a_stream_of_somebody_else_is_refused() {
    let Some(program) = NatsProgram::find() else { return };
    let nats = Nats::start(program, 1, "");
    let theirs = Config {
        name: "BOOKLINE-sales".to_owned(),
        subjects: vec!["bookline.sales.log".to_owned()],
        ..Config::default()
    };
    administrator(&nats).await.create_stream(theirs).await.expect("a new stream");
    let refused = NatsStream::open(&options(&nats)).await.expect_err("no cluster");
    assert!(matches!(refused, NatsError::NoClusterId { .. }), "{refused}");
}

#[tokio::test]
async fn nats_that_takes_only_short_messages_is_refused() {
    let Some(program) = NatsProgram::find() else { return };
    let nats = Nats::start(program, 1, "max_payload: 400000");
    let refused = NatsStream::open(&options(&nats)).await.expect_err("too small").to_string();
    let expected =
        "NATS accepts messages of at most 400000 bytes, and a cluster needs 524288: raise max_payload";
    assert!(refused.starts_with(expected), "{refused}");
}

#[tokio::test]
async fn an_address_without_nats_is_named() {
    let nobody = NatsOptions {
        servers: vec!["nats://127.0.0.1:1".parse().expect("a URL")],
        cluster: "sales".parse().expect("a name"),
        replicas: 3,
        credentials: None,
        authorities: None,
        monitors: Vec::new(),
    };
    let refused = NatsStream::open(&nobody).await.expect_err("nobody listens there").to_string();
    assert!(refused.starts_with("connecting to NATS at nats://127.0.0.1:1: "), "{refused}");
}

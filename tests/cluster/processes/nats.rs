//! The NATS servers of the tests: one of them leads a stream, and another one when it fails.

use bookline_server::storage::replicated::nats::{NatsOptions, NatsStream};
use bookline_testkit::nats::{Nats, NatsProgram};

use super::cluster::{SERVERS, STREAM};
use super::poll::poll;

/// Opens the stream of a cluster, as soon as the servers have elected their leader.
async fn open(nats: &Nats) -> NatsStream {
    let options = NatsOptions {
        servers: nats.urls().iter().map(|url| url.parse().expect("a URL")).collect(),
        cluster: "sales".parse().expect("a name"),
        replicas: SERVERS,
        credentials: None,
        authorities: None,
        monitors: Vec::new(),
    };
    loop {
        match NatsStream::open(&options).await {
            Ok(stream) => return stream,
            Err(error) => assert!(error.is_temporary(), "{error}"),
        }
    }
}

#[test]
fn another_server_leads_the_stream_when_its_leader_is_killed_or_stopped() {
    let Some(program) = NatsProgram::find() else { return };
    let mut nats = Nats::start(program, SERVERS, "");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    drop(runtime.block_on(open(&nats)));
    let replicated = |nats: &Nats| {
        poll("a replicated stream", || nats.stream(STREAM).filter(|stream| stream.is_replicated)).leader
    };
    let another = |nats: &Nats, leader: usize| {
        poll("another leader", || nats.stream(STREAM).filter(|stream| stream.leader != leader)).leader
    };

    let first = replicated(&nats);
    nats.kill(first);
    let second = another(&nats, first);
    nats.start_node(first);
    let second = poll("the killed server", || {
        nats.stream(STREAM).filter(|stream| stream.is_replicated && stream.leader == second)
    })
    .leader;
    nats.stop(second);
    assert!(!nats.is_running(second));
    another(&nats, second);
    nats.resume(second);
    replicated(&nats);
}

//! Connections over a stream in memory, under a paused clock.
//!
//! They would fail if a connection needed a socket, or ended without the last replies.

use std::time::Duration;

use bookline_server::commands::Service;
use bookline_server::net::connection;
use bookline_server::net::stop::ServerStop;
use bookline_testkit::in_process::Server;
use tokio::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, WriteHalf, duplex, split,
};
use tokio::time::Instant;

/// Less than the replies of a turn, so that writes wait.
const STREAM_BYTES: usize = 64;

const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs `client` on a connection in memory until both ends are done.
async fn with_connection(
    service: &Service,
    stop: &ServerStop,
    client: impl AsyncFnOnce(BufReader<DuplexStream>),
) {
    let (client_end, server_end) = duplex(STREAM_BYTES);
    let served = connection::serve(
        server_end,
        connection::Client::default(),
        service,
        Some(IDLE_TIMEOUT),
        stop,
        stop.executes_requests(),
    );
    let (served, ()) = tokio::join!(served, client(BufReader::new(client_end)));
    served.expect("no error");
}

/// The server has a runtime of its own, whose clock is not paused.
async fn stop_server(server: Server) {
    tokio::time::resume();
    server.stop().await;
}

async fn line(conn: &mut BufReader<DuplexStream>) -> String {
    let mut line = String::new();
    conn.read_line(&mut line).await.expect("a reply");
    line
}

async fn rest(conn: &mut BufReader<DuplexStream>) -> String {
    let mut rest = String::new();
    conn.read_to_string(&mut rest).await.expect("an open connection");
    rest
}

#[tokio::test]
async fn requests_are_replied_to_in_order_until_a_half_close() {
    let server = Server::fresh().await;
    with_connection(&server.service, &ServerStop::default(), async |mut conn| {
        conn.write_all(b"CREATE Jazz 2026-12-31 5 id=jazz\n").await.expect("the server reads");
        assert!(line(&mut conn).await.starts_with("OK {\"id\":\"jazz\""));
        let send = async |mut writes: WriteHalf<DuplexStream>| {
            let requests = [&b"BOOK jazz 1\n".repeat(6)[..], b"PING"].concat();
            writes.write_all(&requests).await.expect("the server reads");
            writes.shutdown().await.expect("an open connection");
        };
        let (mut reads, writes) = split(conn.into_inner());
        let mut replies = String::new();
        let (read, ()) = tokio::join!(reads.read_to_string(&mut replies), send(writes));
        read.expect("an open connection");
        let codes: Vec<&str> = replies.lines().map(|line| line.split(" {").next().unwrap_or(line)).collect();
        assert_eq!(codes, ["OK", "OK", "OK", "OK", "OK", "ERR SOLD_OUT", "ERR INCOMPLETE"]);
    })
    .await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn idle_connection_is_closed() {
    let server = Server::fresh().await;
    with_connection(&server.service, &ServerStop::default(), async |mut conn| {
        conn.write_all(b"PING\n").await.expect("the server reads");
        assert_eq!(line(&mut conn).await, "OK {}\n");
        let begun = Instant::now();
        let refusal = rest(&mut conn).await;
        assert!(refusal.starts_with("ERR BUSY ") && refusal.lines().count() == 1, "{refusal}");
        assert!(begun.elapsed() >= IDLE_TIMEOUT, "closed after {:?}", begun.elapsed());
    })
    .await;
    stop_server(server).await;
}

#[tokio::test(start_paused = true)]
async fn stop_drains_a_connection() {
    let (server, stop) = (Server::fresh().await, ServerStop::default());
    with_connection(&server.service, &stop, async |mut conn| {
        conn.write_all(b"PING\n").await.expect("the server reads");
        assert_eq!(line(&mut conn).await, "OK {}\n");
        stop.begin();
        conn.write_all(b"PING\n").await.expect("the server reads");
        assert_eq!(rest(&mut conn).await, "OK {}\n");
    })
    .await;
    stop_server(server).await;
}

#[tokio::test(start_paused = true)]
async fn peer_that_reads_nothing_is_given_up() {
    let server = Server::fresh().await;
    let (mut client_end, server_end) = duplex(STREAM_BYTES);
    client_end.write_all(b"HELP\n").await.expect("the stream has room");
    let stop = ServerStop::default();
    let begun = Instant::now();
    let error = connection::serve(
        server_end,
        connection::Client::default(),
        &server.service,
        None,
        &stop,
        stop.executes_requests(),
    )
    .await
    .expect_err("a stall");
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert!(begun.elapsed() >= Duration::from_secs(60), "given up after {:?}", begun.elapsed());
    stop_server(server).await;
}

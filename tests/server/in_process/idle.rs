//! `--idle-timeout`, under a paused clock.
//!
//! It would fail if a silent connection or one that sends incomplete lines stayed open, if one were closed
//! whose client sends lines or waits for a reply, or if a connection were closed without an error reply.

use std::net::SocketAddr;
use std::time::Duration;

use bookline_server::commands::Service;
use bookline_server::commands::buffers::Share;
use bookline_testkit::in_process::Server;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};

/// The idle timeout of the servers in these tests.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// The clock advances in steps of this size, so that no time passes between an event and its consequences.
const STEP: Duration = Duration::from_millis(1);

/// Runs `client` against a server with `--idle-timeout 10s`, both on this thread with the clock of the test.
async fn with_server(client: impl AsyncFnOnce(SocketAddr, &Service)) {
    let server = Server::on_this_runtime(|config| {
        config.idle_timeout = Some(IDLE_TIMEOUT);
        // The second of two requests for a snapshot waits.
        config.snapshot_interval_min = Duration::from_millis(200);
    })
    .await;
    let clock = tokio::spawn(async {
        loop {
            sleep(STEP).await;
        }
    });
    client(server.address, &server.service).await;
    clock.abort();
    server.stop().await;
}

async fn connect(address: SocketAddr) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    // With Nagle's algorithm the kernel would delay a line until the previous one is acknowledged, by its own
    // clock.
    stream.set_nodelay(true).expect("a socket");
    BufReader::new(stream)
}

async fn send(conn: &mut BufReader<TcpStream>, text: &str) {
    conn.write_all(text.as_bytes()).await.expect("an open connection");
}

async fn line(conn: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    conn.read_line(&mut line).await.expect("the server answers");
    line
}

/// Asserts that the server sends an error reply and closes the connection within twice the idle timeout.
async fn assert_closed(conn: &mut BufReader<TcpStream>) {
    let mut rest = String::new();
    timeout(2 * IDLE_TIMEOUT, conn.read_to_string(&mut rest))
        .await
        .expect("the connection is closed")
        .expect("no reset");
    assert!(rest.starts_with("ERR BUSY {\"message\":\"no whole line came within 10s, "), "{rest:?}");
    assert!(rest.contains("\"retry\":true") && rest.lines().count() == 1, "{rest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_gets_an_error_and_is_closed() {
    with_server(async |address, _| {
        let begun = Instant::now();
        let (mut never, mut once) = (connect(address).await, connect(address).await);
        send(&mut once, "PING\n").await;
        assert_eq!(line(&mut once).await, "OK {}\n");
        assert_closed(&mut never).await;
        assert_closed(&mut once).await;
        assert!(begun.elapsed() >= IDLE_TIMEOUT, "closed after {:?}", begun.elapsed());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_sends_an_incomplete_line_is_idle() {
    with_server(async |address, _| {
        let mut conn = connect(address).await;
        let begun = Instant::now();
        for _ in 0..9 {
            send(&mut conn, "x").await;
            sleep(IDLE_TIMEOUT / 10).await;
        }
        assert_closed(&mut conn).await;
        assert!(begun.elapsed() < IDLE_TIMEOUT + IDLE_TIMEOUT / 2, "closed after {:?}", begun.elapsed());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn complete_lines_keep_a_connection_open_even_without_replies() {
    with_server(async |address, _| {
        let mut conn = connect(address).await;
        for text in ["PING\n", "\n", "# comment\n", "nonsense\n"].repeat(5) {
            send(&mut conn, text).await;
            sleep(IDLE_TIMEOUT - 100 * STEP).await;
        }
        for reply in ["OK {}\n", "ERR UNKNOWN_COMMAND "].repeat(5) {
            let line = line(&mut conn).await;
            assert!(line.starts_with(reply), "{line}");
        }
        assert_closed(&mut conn).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_a_listing_slowly_is_not_idle() {
    with_server(async |address, _| {
        let mut conn = connect(address).await;
        let create = |n| format!("CREATE {n:0>190} 2026-12-31 5\n");
        let events: String = (0..2_000).map(create).collect();
        let (read, mut write) = conn.get_mut().split();
        let (sent, ()) = tokio::join!(write.write_all(events.as_bytes()), async {
            let mut replies = BufReader::new(read).lines();
            for _ in 0..2_000 {
                assert!(
                    replies.next_line().await.expect("a reply").is_some_and(|line| line.starts_with("OK "))
                );
            }
        });
        sent.expect("the server reads");

        // The socket buffers hold less than the listing.
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(16 << 10).expect("a socket");
        let mut slow = BufReader::new(socket.connect(address).await.expect("the server listens"));
        send(&mut slow, "GET\n").await;
        assert!(line(&mut slow).await.starts_with("ROW "));
        sleep(2 * IDLE_TIMEOUT).await;
        for _ in 1..2_000 {
            assert!(line(&mut slow).await.starts_with("ROW "));
        }
        assert_eq!(line(&mut slow).await, "OK {\"count\":2000}\n");
        send(&mut slow, "PING\n").await;
        assert_eq!(line(&mut slow).await, "OK {}\n", "the timeout begins after the reply");
        assert_closed(&mut slow).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_waits_for_a_snapshot_is_not_idle() {
    with_server(async |address, _| {
        let mut conn = connect(address).await;
        send(&mut conn, "SNAPSHOT\nSNAPSHOT\n").await;
        for _ in 0..2 {
            let made = line(&mut conn).await;
            assert!(made.starts_with("OK {\"sequence\":"), "{made}");
        }
        send(&mut conn, "PING\n").await;
        assert_eq!(line(&mut conn).await, "OK {}\n", "the timeout begins after the reply");
        assert_closed(&mut conn).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_long_line_that_waits_for_memory_is_not_idle() {
    with_server(async |address, service| {
        let mut shares: Vec<Share> = Vec::new();
        while let Ok(share) = timeout(STEP, service.buffers.line()).await {
            shares.push(share);
        }
        let mut conn = connect(address).await;
        sleep(IDLE_TIMEOUT / 2).await;
        send(&mut conn, &format!("PING{}", " ".repeat(20_000))).await;
        sleep(IDLE_TIMEOUT).await;
        drop(shares);
        sleep(IDLE_TIMEOUT / 2).await;
        send(&mut conn, "\n").await;
        assert_eq!(line(&mut conn).await, "OK {}\n", "the timeout begins after the wait");
        assert_closed(&mut conn).await;
    })
    .await;
}

//! Progress, and the time that a watcher may be idle.

use std::time::Duration;

use bookline_server::net::connection;
use bookline_server::net::stop::ServerStop;
use bookline_server::storage::journal::Durability;
use bookline_testkit::ChangeLine;
use bookline_testkit::in_process::Server;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::time::{Instant, sleep};

/// What the protocol promises.
const EVERY_AT_MOST: Duration = Duration::from_secs(30);

const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

type Client = BufReader<DuplexStream>;

/// Runs `client` on a connection in memory, with room for so many bytes.
async fn with_connection(server: &Server, bytes: usize, client: impl AsyncFnOnce(Client)) {
    let (client_end, server_end) = duplex(bytes);
    let stop = ServerStop::default();
    let served = connection::serve(
        server_end,
        connection::Client::default(),
        &server.service,
        Some(IDLE_TIMEOUT),
        &stop,
        stop.executes_requests(),
    );
    let (served, ()) = tokio::join!(served, client(BufReader::new(client_end)));
    served.expect("no error");
}

async fn line(client: &mut Client) -> String {
    let mut line = String::new();
    client.read_line(&mut line).await.expect("an open connection");
    line
}

async fn change(client: &mut Client) -> ChangeLine {
    ChangeLine::decode(line(client).await.trim_end()).expect("a change")
}

async fn send(client: &mut Client, line: &str) {
    client.write_all(format!("{line}\n").as_bytes()).await.expect("the server reads");
}

/// A server whose changes are committed at once. It has a runtime of its own, whose clock is not paused.
async fn server() -> Server {
    Server::fresh_with(|config| config.durability = Durability::Never).await
}

#[tokio::test]
async fn a_quiet_watcher_is_told_how_far_it_has_seen() {
    let server = server().await;
    let mut writer = server.connect().await;
    writer.ask("CREATE Jazz 2026-12-31 1000000 id=jazz").await.ok();
    with_connection(&server, 1 << 10, async |mut client| {
        send(&mut client, "WATCH event:quiet since=0").await;
        assert!(line(&mut client).await.starts_with("OK "));
        let mut last = 0;
        for _ in 0..3 {
            writer.ask("BOOK jazz 1").await.ok();
            let sequence = writer.ask("STATS").await.number("sequence");
            tokio::time::pause();
            // The task of the feed may need some time that does not count here.
            while last < sequence {
                let begun = Instant::now();
                let progress = change(&mut client).await;
                assert_eq!(progress.body, serde_json::json!({"kind": "progress", "end": true}));
                assert!(progress.sequence >= last && progress.sequence <= sequence, "{progress:?}");
                assert!(begun.elapsed() <= EVERY_AT_MOST, "after {:?}", begun.elapsed());
                last = progress.sequence;
            }
            tokio::time::resume();
        }
        // A change is in order with them.
        writer.ask("CREATE Quiet 2026-12-31 10 id=quiet").await.ok();
        let created = change(&mut client).await;
        assert!(created.kind() == "event_created" && created.sequence == last + 1, "{created:?}");
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn progress_is_not_within_a_long_reply() {
    let server = server().await;
    let mut writer = server.connect().await;
    for nth in 0..2_000 {
        writer.send(format!("CREATE \"An event\" 2026-12-31 10 id=e{nth}\n").as_bytes()).await;
    }
    for _ in 0..2_000 {
        writer.reply().await.expect("a reply").ok();
    }
    with_connection(&server, 64, async |mut client| {
        send(&mut client, "WATCH event:quiet").await;
        assert!(line(&mut client).await.starts_with("OK "));
        tokio::time::pause();
        let begun = Instant::now();
        send(&mut client, "GET limit=2000").await;
        for _ in 0..2_000 {
            let row = line(&mut client).await;
            assert!(row.starts_with("ROW "), "{row}");
            sleep(Duration::from_millis(50)).await;
        }
        assert!(line(&mut client).await.starts_with("OK "));
        assert!(begun.elapsed() > 3 * EVERY_AT_MOST);
        let progress = change(&mut client).await;
        assert_eq!((progress.kind(), progress.sequence), ("progress", 2_000));
        tokio::time::resume();
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn a_connection_is_idle_only_if_it_watches_nothing() {
    let server = server().await;
    with_connection(&server, 1 << 10, async |mut client| {
        send(&mut client, "WATCH event:quiet").await;
        assert!(line(&mut client).await.starts_with("OK "));
        tokio::time::pause();
        let begun = Instant::now();
        while begun.elapsed() < 10 * IDLE_TIMEOUT {
            assert_eq!(change(&mut client).await.kind(), "progress");
        }
        send(&mut client, "UNWATCH").await;
        let mut text = line(&mut client).await;
        while text.starts_with("CHANGE ") {
            text = line(&mut client).await;
        }
        assert_eq!(text, "OK {\"watching\":[]}\n");
        let unwatched = Instant::now();
        let mut rest = String::new();
        client.read_to_string(&mut rest).await.expect("an open connection");
        assert!(rest.starts_with("ERR BUSY ") && rest.lines().count() == 1, "{rest}");
        let waited = unwatched.elapsed();
        assert!(waited >= IDLE_TIMEOUT && waited < 2 * IDLE_TIMEOUT, "closed after {waited:?}");
        tokio::time::resume();
    })
    .await;
    server.stop().await;
}

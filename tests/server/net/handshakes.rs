//! Handshakes: how long they may take, how many there may be, and whose name a certificate has.
//!
//! Catches: a stalled handshake that is kept, or that keeps others from theirs or from being served, a limit
//! that does not bind, an account that the certificate does not name.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bookline_server::net::tls::{HANDSHAKE_TIME_MAX, HANDSHAKES_MAX, Opened, Tls, TlsFiles};
use bookline_testkit::certificates::{Authority, Certificate};
use bookline_testkit::process::Server;
use bookline_testkit::{Conn, HANG_TIMEOUT, TlsClient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout};

/// An address, and the handshakes of those who connect to it.
struct Handshakes {
    listener: TcpListener,
    address: SocketAddr,
    tls: Arc<Tls>,
}

impl Handshakes {
    async fn new(authority: &Authority) -> Self {
        let Certificate { file, key, .. } = authority.server(&["localhost"]);
        let files = TlsFiles { certificate: file, key, client_authority: Some(authority.file.clone()) };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener");
        Self { listener, address, tls: Arc::new(Tls::new(files).expect("good files")) }
    }

    /// Begins the handshake of the next client.
    async fn begin(&self) -> JoinHandle<io::Result<Opened>> {
        let (stream, _) = self.listener.accept().await.expect("a client");
        let tls = self.tls.clone();
        tokio::spawn(async move { tls.open(stream, &Semaphore::new(1)).await })
    }

    /// A client that has sent these bytes, and its handshake.
    async fn stalled(&self, bytes: &[u8]) -> (TcpStream, JoinHandle<io::Result<Opened>>) {
        let mut client = TcpStream::connect(self.address).await.expect("it listens");
        client.write_all(bytes).await.expect("an open connection");
        (client, self.begin().await)
    }
}

#[tokio::test(start_paused = true)]
async fn stalled_handshake_is_closed_after_ten_seconds() {
    let handshakes = Handshakes::new(&Authority::new()).await;
    for opening in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01"] {
        let (mut client, stalled) = handshakes.stalled(opening).await;
        let begun = Instant::now();
        let error = stalled.await.expect("no panic").expect_err("no handshake");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{opening:?}");
        assert!(begun.elapsed() >= HANDSHAKE_TIME_MAX, "closed after {:?}", begun.elapsed());
        assert!(begun.elapsed() < HANDSHAKE_TIME_MAX + Duration::from_secs(1));
        let mut rest = Vec::new();
        // Unread bytes make it a reset.
        let _ = client.read_to_end(&mut rest).await;
        assert!(rest.is_empty(), "{rest:?}");
    }
}

#[tokio::test]
async fn account_is_the_common_name_of_a_certificate_or_its_first_dns_name() {
    let authority = Authority::new();
    let handshakes = Handshakes::new(&authority).await;
    for (own, account) in [
        (Some(authority.client("anna")), Some("anna")),
        (Some(authority.client_with(Some("bob"), &["bob.example"])), Some("bob")),
        (Some(authority.client_with(None, &["till-1.example", "other.example"])), Some("till-1.example")),
        (Some(authority.client_with(None, &["192.0.2.1", "till-2.example"])), Some("till-2.example")),
        (Some(authority.client_with(None, &[])), None),
        (None, None),
    ] {
        let client = match &own {
            Some(own) => TlsClient::with_certificate(&authority, own),
            None => TlsClient::trusting(&authority),
        };
        let address = handshakes.address;
        let client = spawn_blocking(move || client.open(address, "localhost"));
        let opened = handshakes.begin().await.await.expect("no panic").expect("a handshake");
        let Opened::Tls(_, found) = opened else { panic!("{opened:?}") };
        assert_eq!(found.as_deref(), account);
        client.await.expect("a handshake");
    }
}

/// The limit binds those who have begun. A client that has said nothing takes no place.
#[tokio::test]
async fn handshake_above_the_limit_waits_for_a_place() {
    let authority = Authority::new();
    let handshakes = Handshakes::new(&authority).await;
    let mut stalled = Vec::new();
    for _ in 0..HANDSHAKES_MAX {
        stalled.push(handshakes.stalled(b"\x16").await);
    }
    for _ in 0..HANDSHAKES_MAX {
        stalled.push(handshakes.stalled(b"").await);
    }
    let (client, address) = (TlsClient::trusting(&authority), handshakes.address);
    let client = spawn_blocking(move || client.open(address, "localhost"));
    let mut waiting = handshakes.begin().await;
    // Every place is taken: another client of the same kind gets on only when the time of one is over.
    assert!(timeout(Duration::from_millis(200), &mut waiting).await.is_err(), "it did not wait");
    stalled.swap_remove(0);
    let opened = timeout(HANG_TIMEOUT, waiting).await.expect("a place").expect("no panic");
    assert!(matches!(opened, Ok(Opened::Tls(..))), "{opened:?}");
    client.await.expect("a handshake");
}

/// Connections that are open, and those without TLS, are served beside as many stalled handshakes as there
/// may be, and more.
#[test]
fn stalled_handshakes_keep_nobody_else_from_being_served() {
    let authority = Authority::new();
    let certificate = authority.server(&["localhost"]);
    let flags = [&certificate.server_flags()[..], &["--tls-listen", "127.0.0.1:0"]].concat();
    let server = Server::fresh_with(&flags);
    let mut open = TlsClient::trusting(&authority).open(server.tls_addr(), "localhost");
    open.ask("CREATE x 2026-12-31 1000 id=x").ok();
    let stalled: Vec<Conn> = (0..HANDSHAKES_MAX + 50)
        .map(|_| {
            let mut conn = Conn::open(server.tls_addr());
            conn.send_bytes(b"\x16\x03\x01");
            conn
        })
        .collect();
    open.ask_until("STATS", |stats| stats.number("connections") > stalled.len() as u64);
    for _ in 0..50 {
        open.ask("BOOK x 1").ok();
        server.connect().ask("BOOK x 1").ok();
    }
}

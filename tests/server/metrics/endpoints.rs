//! What is answered, and to whom: scrapers that are slow, hostile or many.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use bookline_testkit::HANG_TIMEOUT;
use bookline_testkit::monitoring::{HttpReply, METRICS_FLAGS};
use bookline_testkit::process::Home;

use super::start;

/// Connections that are served at a time.
const CONNECTIONS_MAX: usize = 16;

#[test]
fn each_path_answers_a_get() {
    let (mut server, monitoring) = start(&[]);
    let health = monitoring.get("/healthz");
    assert_eq!((health.status, health.body.as_str()), (200, "The server runs.\n"));
    let ready = monitoring.get("/readyz");
    assert_eq!((ready.status, ready.body.as_str()), (200, "The server takes changes.\n"));
    let metrics = monitoring.get("/metrics?name=value");
    assert_eq!(metrics.status, 200);
    assert!(
        metrics.head.contains("content-type: application/openmetrics-text; version=1.0.0"),
        "{}",
        metrics.head
    );
    assert!(metrics.body.ends_with("# EOF\n"), "{}", metrics.body);
    for path in ["/", "/metric", "/metrics/", "/healthz/x", "//metrics"] {
        assert_eq!(monitoring.get(path).status, 404, "{path}");
    }
    for method in ["POST", "HEAD", "DELETE", "BOOK"] {
        let refused = monitoring.ask(format!("{method} /metrics HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes());
        assert_eq!(refused.status, 405, "{method}");
        assert!(refused.head.contains("allow: GET"), "{}", refused.head);
    }
    assert_eq!(server.stop().code(), Some(0));
}

#[test]
fn metrics_beyond_loopback_take_insecure() {
    let (status, stderr) = Home::new().start_fails(&["--metrics-listen", "0.0.0.0:0"]);
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("--metrics-listen 0.0.0.0:0 is not a loopback address"), "{stderr}");
    assert!(stderr.contains("or give --insecure to listen there all the same"), "{stderr}");
    let mut server = Home::new().start(&["--metrics-listen", "0.0.0.0:0", "--insecure"]);
    let warning = "with --insecure: everyone on the network can read";
    assert!(server.process().wait_for_stderr(|text| text.contains(warning)), "{}", server.stderr());
}

#[test]
fn garbage_and_large_requests_are_refused() {
    let (server, monitoring) = start(&[]);
    for garbage in [&b"\x16\x03\x01\x02\x00\x01\xff\r\n\r\n"[..], b"BOOK jazz 1\r\n\r\n", b"\0\0\0\0\r\n\r\n"]
    {
        assert_eq!(monitoring.ask(garbage).status, 400, "{garbage:?}");
    }
    // The server does not read all of it, and may reset the connection before its answer is read.
    let large = format!("GET /metrics HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(1 << 20));
    let many = format!("GET /metrics HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(100));
    for request in [large, many] {
        if let Ok(reply) = monitoring.try_ask(request.as_bytes()) {
            assert_eq!(reply.status, 431, "{}", reply.head);
        }
    }
    // A body is not waited for.
    let body = monitoring.ask(b"GET /healthz HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\n");
    assert_eq!(body.status, 200);
    server.connect().ask("PING").ok();
}

#[test]
fn one_connection_too_many_is_refused_and_slow_ones_are_closed() {
    let (server, monitoring) = start(&[]);
    let mut conn = server.connect();
    conn.ask("CREATE Jazz 2027-06-12 10 id=jazz").ok();
    // One of them says something, and the others nothing.
    let mut idle: Vec<TcpStream> = (0..CONNECTIONS_MAX).map(|_| monitoring.connect()).collect();
    idle[0].write_all(b"GET /metrics HTTP/1.1\r\nhost: ").unwrap();
    let refused = HttpReply::read(&mut monitoring.connect()).unwrap();
    assert_eq!(refused.status, 503);
    assert_eq!(refused.body, "16 connections are open, and no more are served: close others.\n");
    conn.ask("BOOK jazz 1").ok();

    // One that is closed makes place for another one, as soon as the server knows.
    drop(idle.pop());
    let deadline = Instant::now() + HANG_TIMEOUT;
    while !monitoring
        .try_ask(b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n")
        .is_ok_and(|reply| reply.status == 200)
    {
        assert!(Instant::now() < deadline, "no place is free");
    }
    for mut stream in idle {
        // The server gives up after 5 seconds, and says nothing more.
        assert_eq!(stream.read(&mut [0; 64]).unwrap_or(0), 0);
    }
    assert_eq!(monitoring.get("/readyz").status, 200);
    conn.ask("BOOK jazz 1").ok();
}

/// Connections of metrics have descriptors of their own.
#[test]
fn few_open_files_are_enough_for_both() {
    let home = Home::new();
    let mut command = std::process::Command::new("sh");
    let booklined = bookline_testkit::process::booklined();
    command.args(["-c", "ulimit -n 82; exec \"$0\" \"$@\"", booklined, "--data-dir"]).arg(home.data());
    command.args(["--listen", "127.0.0.1:0"]).args(METRICS_FLAGS);
    let (process, address) = bookline_testkit::process::spawn_listening(&mut command);
    let monitoring = bookline_testkit::monitoring::Monitoring::of(&process);
    let _scrapers: Vec<TcpStream> = (0..CONNECTIONS_MAX).map(|_| monitoring.connect()).collect();
    let mut clients: Vec<_> = (0..14).map(|_| bookline_testkit::Conn::open(address)).collect();
    clients.iter_mut().for_each(|conn| {
        conn.ask("PING").ok();
    });
    assert_eq!(HttpReply::read(&mut monitoring.connect()).unwrap().status, 503);
    assert!(!process.stderr().contains("could not be accepted"), "{}", process.stderr());
}

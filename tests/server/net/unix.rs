//! Unix sockets.
//!
//! Catches: a socket that everybody may open, a file of somebody else that is replaced, the socket of a
//! server that runs, one that is left behind, a peer whose user is not known.

use std::future::poll_fn;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::{fs, io};

use bookline_server::net::unix_socket::UnixSocket;
use bookline_testkit::process::{Home, Server};
use bookline_testkit::{Conn, TlsClient, certificates::Authority};
use tempfile::TempDir;
use tokio::net::UnixStream;

/// A path for a socket, in a directory of its own.
fn path() -> (TempDir, PathBuf) {
    let directory = TempDir::with_prefix("bookline-unix-").expect("a directory");
    let path = directory.path().join("socket");
    (directory, path)
}

fn server(path: &Path, flags: &[&str]) -> Server {
    Server::fresh_with(&[&["--listen-unix", path.to_str().unwrap()], flags].concat())
}

#[test]
fn socket_is_for_owner_and_group_and_goes_when_the_server_stops() {
    let (_directory, path) = path();
    let mut server = server(&path, &[]);
    let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o660, "{mode:o}");
    let mut conn = Conn::open_unix(&path);
    conn.ask("CREATE x 2026-12-31 10 id=x").ok();
    assert_eq!(server.connect().ask("GET x").number("available_tickets"), 10);
    conn.send_bytes("BOOK x 1\n".repeat(5) + "BOOK x");
    conn.half_close();
    for _ in 0..5 {
        conn.reply().ok();
    }
    conn.reply().err("INCOMPLETE");
    conn.expect_end();
    let mut idle = Conn::open_unix(&path);
    idle.ask("PING").ok();
    assert!(server.stop().success());
    idle.expect_end();
    assert!(!path.exists(), "the socket is left behind");
}

#[test]
fn socket_that_a_killed_server_left_is_replaced() {
    let (_directory, path) = path();
    let mut server = server(&path, &["--unix-accounts"]);
    Conn::open_unix(&path).ask("CREATE x 2026-12-31 10 id=x").ok();
    server.kill9();
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
    server.start_again();
    assert_eq!(Conn::open_unix(&path).ask("GET x").number("available_tickets"), 10);
}

#[test]
fn nothing_but_a_socket_without_a_server_is_replaced() {
    let (directory, path) = path();
    let running = server(&path, &[]);
    let starts = |path: &Path| {
        let (status, stderr) = Home::new().start_fails(&["--listen-unix", path.to_str().unwrap()]);
        assert_eq!(status.code(), Some(1), "{stderr}");
        stderr
    };
    let stderr = starts(&path);
    assert!(stderr.contains("another server listens there") && stderr.contains("--listen-unix"), "{stderr}");
    Conn::open_unix(&path).ask("PING").ok();
    drop(running);

    let (file, link) = (directory.path().join("file"), directory.path().join("link"));
    fs::write(&file, "keep").unwrap();
    // To a socket on which nobody accepts.
    let stale = directory.path().join("stale");
    drop(UnixListener::bind(&stale).unwrap());
    std::os::unix::fs::symlink(&stale, &link).unwrap();
    for kept in [&file, &link, &directory.path().to_owned()] {
        let stderr = starts(kept);
        assert!(stderr.contains(&format!("{} is not a socket", kept.display())), "{stderr}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "keep");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink() && stale.exists());
    let stderr = starts(&directory.path().join("no/such/directory"));
    assert!(stderr.contains("no/such/directory: "), "{stderr}");
    let stderr = starts(&directory.path().join("x".repeat(120)));
    assert!(stderr.contains(&"x".repeat(120)), "{stderr}");
}

#[test]
fn limit_per_address_does_not_count_unix_sockets() {
    let (_directory, path) = path();
    let server = server(&path, &["--max-per-address", "1", "--max-connections", "4"]);
    let mut open = [Conn::open_unix(&path), Conn::open_unix(&path), Conn::open_unix(&path)];
    open.iter_mut().for_each(|conn| _ = conn.ask("PING").ok());
    let mut tcp = server.connect();
    tcp.ask("PING").ok();
    let mut above = Conn::open_unix(&path);
    above.reply().err("BUSY");
    above.expect_end();
}

#[test]
fn all_listeners_serve_beside_each_other() {
    let (_directory, path) = path();
    let authority = Authority::new();
    let certificate = authority.server(&["localhost"]);
    let flags = [&certificate.server_flags()[..], &["--tls-listen", "127.0.0.1:0"]].concat();
    let server = server(&path, &flags);
    server.connect().ask("CREATE x 2026-12-31 10 id=x").ok();
    TlsClient::trusting(&authority).open(server.tls_addr(), "localhost").ask("BOOK x 1").ok();
    assert_eq!(Conn::open_unix(&path).ask("GET x").number("available_tickets"), 9);
    let names =
        format!("{} and on {} (TLS) and on unix:{}", server.addr(), server.tls_addr(), path.display());
    assert!(server.stderr().contains(&format!("listening on {names}")), "{}", server.stderr());
}

#[tokio::test]
async fn peer_is_the_user_of_the_other_process() -> io::Result<()> {
    let (_directory, path) = path();
    let socket = UnixSocket::bind(&path).await.expect("a free path");
    let _client = UnixStream::connect(&path).await?;
    let (_stream, user) = poll_fn(|context| socket.poll_accept(context)).await?;
    assert_eq!(user, rustix::process::getuid().as_raw());
    // Another socket at its path is not its own to remove.
    fs::remove_file(&path)?;
    let _other = UnixListener::bind(&path)?;
    drop(socket);
    assert!(path.exists());
    Ok(())
}

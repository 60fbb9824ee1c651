//! Unix sockets.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::thread;

use crate::support::client::{bookline_without_address, run};
use crate::support::fake_server::HELLO_REPLY;

#[test]
fn unix_socket_is_an_address() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bookline.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(&stream).lines();
        for (line, reply) in [("HELLO", HELLO_REPLY), ("PING", "OK {}\n")] {
            assert_eq!(lines.next().unwrap().unwrap(), line);
            (&stream).write_all(reply.as_bytes()).unwrap();
        }
        assert!(lines.next().is_none());
    });
    let mut client = bookline_without_address();
    client.arg(format!("--addr=unix:{}", path.display())).arg("PING");
    run(client).expect(0, "OK {}\n", "");
    server.join().unwrap();

    let mut client = bookline_without_address();
    client.arg(format!("--addr=unix:{}", path.display())).arg("PING");
    let exited = run(client);
    let message = format!("bookline: cannot connect to unix:{}: ", path.display());
    assert!(exited.exit == 3 && exited.stderr.starts_with(&message), "{exited:?}");
}

//! TLS, with good and bad certificates.
//!
//! Catches: a server that is trusted without proof, a problem without a sentence, bytes that are lost at the
//! end of a script.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use bookline_testkit::certificates::Authority;

use crate::support::client::{bookline, bookline_without_address, run, run_with_input};
use crate::support::fake_server::{FakeServer, Peer};
use crate::support::session::Session;
use crate::support::tls_front::TlsFront;

fn client_at(address: &str, authority: &Path, args: &[&str]) -> Command {
    let mut command = bookline_without_address();
    command.args(["--addr", address, "--ca"]).arg(authority).args(args);
    command
}

/// A server that answers one PING.
fn pinged() -> FakeServer<()> {
    FakeServer::greeted(|mut peer| {
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    })
}

#[test]
fn command_over_tls_has_its_reply() {
    let authority = Authority::new();
    let fake = pinged();
    let front = TlsFront::start(&authority.server(&["localhost", "127.0.0.1"]), fake.addr);
    run(client_at(&front.at_localhost(), &authority.file, &["PING"])).expect(0, "OK {}\n", "");
    fake.join();
}

#[test]
fn authorities_of_the_system_are_trusted_with_tls_alone() {
    let authority = Authority::new();
    let fake = pinged();
    let front = TlsFront::start(&authority.server(&["127.0.0.1"]), fake.addr);
    let mut client = bookline(front.addr, &["PING"]);
    client.env("SSL_CERT_FILE", &authority.file).env("BOOKLINE_TLS", "true");
    run(client).expect(0, "OK {}\n", "");
    fake.join();
}

#[test]
fn script_over_tls_is_half_closed_and_has_all_replies() {
    const LINES: usize = 20_000;
    let authority = Authority::new();
    let fake = FakeServer::greeted(|mut peer| {
        let sent = peer.read_to_end();
        peer.send(&"OK {}\n".repeat(LINES));
        sent.len()
    });
    let front = TlsFront::start(&authority.server(&["localhost"]), fake.addr);
    let client = client_at(&front.at_localhost(), &authority.file, &[]);
    // Fewer requests than may be without a reply.
    let exited = run_with_input(client, "PING\n".repeat(10_000));
    assert_eq!((exited.exit, exited.stderr.as_str()), (0, ""));
    assert_eq!(fake.join(), 10_000 * "PING\n".len());
    assert_eq!(exited.stdout, "OK {}\n".repeat(LINES));
}

#[test]
fn certificate_that_proves_nothing_ends_with_exit_3_and_says_why() {
    let (authority, other) = (Authority::new(), Authority::new());
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    for (certificate, problem) in [
        (authority.expired_server(&["localhost"]), "its certificate has expired on 2002-01-01: the server "),
        (
            authority.server(&["tickets.example", "127.0.0.9"]),
            "its certificate is for tickets.example, 127.0.0.9: give an address with that host\n",
        ),
        (
            other.server(&["localhost"]),
            "the authority of its certificate is not trusted here: name it with --ca FILE\n",
        ),
    ] {
        let front = TlsFront::start(&certificate, nobody);
        let address = front.at_localhost();
        // It is no passing problem: it is not tried again.
        for args in [&["PING"][..], &["--retry", "5", "PING"], &["--wait=1m", "PING"], &["watch"]] {
            let exited = run(client_at(&address, &authority.file, args));
            assert_eq!((exited.exit, exited.stdout.as_str()), (3, ""), "{args:?}");
            let message = format!("bookline: no TLS with {address}: {problem}");
            assert!(exited.stderr.starts_with(&message), "{}", exited.stderr);
        }
    }
}

#[test]
fn server_and_client_that_do_not_both_speak_tls_say_so() {
    let authority = Authority::new();
    let fake = FakeServer::new(|mut peer| peer.send("ERR BAD_REQUEST {\"message\":\"m\",\"retry\":false}\n"));
    let exited = run(client_at(&fake.addr.to_string(), &authority.file, &["PING"]));
    let message = format!("bookline: no TLS with {}: it does not speak TLS: leave out ", fake.addr);
    assert!(exited.exit == 3 && exited.stderr.starts_with(&message), "{exited:?}");
    fake.join();

    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let front = TlsFront::start(&authority.server(&["127.0.0.1"]), nobody);
    let message = format!(
        "bookline: {} speaks TLS: pass --tls, or --ca FILE with the authority of its certificate\n",
        front.addr
    );
    run(bookline(front.addr, &["PING"])).expect(3, "", &message);
}

#[test]
fn certificate_of_the_client_is_shown_and_its_lack_is_said() {
    let authority = Authority::new();
    let fake = pinged();
    let server = authority.server(&["localhost"]);
    let front = TlsFront::start_with(&server, Some(&authority), fake.addr);
    let address = front.at_localhost();
    let client = |args: &[&str]| client_at(&address, &authority.file, args);
    let message = format!(
        "bookline: no TLS with {address}: it asks for a certificate of the client: pass --cert FILE and \
         --key FILE\n"
    );
    run(client(&["PING"])).expect(3, "", &message);
    let expired = authority.expired_client("anna");
    let [cert, key] = [&expired.file, &expired.key].map(|file| file.to_str().unwrap());
    let exited = run(client(&["--cert", cert, "--key", key, "PING"]));
    assert!(exited.stderr.contains(" it refuses the certificate of --cert: it has expired"), "{exited:?}");
    let own = authority.client("anna");
    let [cert, key] = [&own.file, &own.key].map(|file| file.to_str().unwrap());
    run(client(&["--cert", cert, "--key", key, "PING"])).expect(0, "OK {}\n", "");
    fake.join();
}

#[test]
fn files_that_are_not_what_they_should_be_exit_2() {
    let (authority, directory) = (Authority::new(), tempfile::tempdir().unwrap());
    let empty = directory.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let (own, none) = (authority.client("anna"), directory.path().join("none"));
    let [ca, cert, key, empty, none] =
        [&authority.file, &own.file, &own.key, &empty, &none].map(|file| file.to_str().unwrap());
    for (args, message) in [
        (&["--ca", none][..], format!("cannot read {none}: ")),
        (&["--ca", empty], format!("{empty} has no certificate: ")),
        (&["--cert", cert], "a certificate of the client needs its key: ".to_owned()),
        (&["--ca", ca, "--key", key], "a certificate of the client needs its key: ".to_owned()),
        (&["--ca", ca, "--cert", cert, "--key", empty], format!("{empty} has no private key: ")),
        (
            &["--ca", ca, "--addr", "unix:/s"],
            "unix:/s is a Unix socket, over which there is no TLS: ".to_owned(),
        ),
    ] {
        let mut client = bookline_without_address();
        client.args(args).arg("PING");
        let exited = run(client);
        assert_eq!((exited.exit, exited.stdout.as_str()), (2, ""), "{args:?}");
        assert!(exited.stderr.starts_with(&format!("bookline: {message}")), "{}", exited.stderr);
    }
}

#[test]
fn prompt_over_tls_notices_lines_and_the_end_while_it_waits() {
    let authority = Authority::new();
    let fake = FakeServer::with_listener(|listener| {
        let mut peer = Peer::greeted(&listener);
        peer.expect("PING\n", "OK {}\nERR SHUTTING_DOWN {\"message\":\"it stops\",\"retry\":true}\n");
        drop(peer);
        let mut peer = Peer::greeted(&listener);
        peer.expect("PING\n", "OK {}\n");
        peer.read_to_end();
    });
    let front = TlsFront::start(&authority.server(&["localhost"]), fake.addr);
    let mut session = Session::start(client_at(&front.at_localhost(), &authority.file, &[]));
    session.type_line("PING");
    session.wait_for("Shutting down: it stops.\r\n");
    session.wait_for(" lost\r\n");
    session.type_line_offline("PING");
    session.wait_for("bookline: reconnected\r\nOK\r\n");
    session.leave();
    fake.join();
}

//! Where the server may listen.
//!
//! Catches: a server that the network reaches without anybody having said so, flags that contradict each
//! other, an address that is bound before the refusal.

use std::net::TcpListener;

use bookline_testkit::Conn;
use bookline_testkit::certificates::Authority;
use bookline_testkit::process::{Home, spawn_listening};

#[test]
fn server_without_accounts_listens_on_a_network_only_if_told_so_in_so_many_words() {
    let authority = Authority::new();
    let certificate = authority.server(&["localhost"]);
    let tls = certificate.server_flags();
    for (flags, missing) in [
        (&["--listen", "0.0.0.0:0"][..], "--tls-cert FILE and --tls-key FILE"),
        (&["--listen", "[::]:0"], "booklined account add NAME --role admin --data-dir "),
        (&[&tls[..], &["--listen", "0.0.0.0:0"]].concat(), "as there are no accounts. First make an account"),
        (
            &[&tls[..], &["--tls-listen", "0.0.0.0:0"]].concat(),
            "--tls-listen 0.0.0.0:0 is not a loopback address",
        ),
    ] {
        let (status, stderr) = Home::new().start_fails(flags);
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(stderr.contains(missing) && stderr.contains("give --insecure"), "{stderr}");

        let mut server = Home::new().start(&[flags, &["--insecure"]].concat());
        server.stop();
        let stderr = server.stderr();
        let warned = |line: &str| line.contains("WARN") && line.contains("no accounts");
        assert!(stderr.lines().any(warned), "no warning: {stderr}");
    }
}

#[test]
fn plain_address_beside_tls_is_a_loopback_address_also_with_insecure() {
    let authority = Authority::new();
    let certificate = authority.server(&["localhost"]);
    let flags = ["--listen", "0.0.0.0:0", "--tls-listen", "127.0.0.1:0", "--insecure"];
    let (status, stderr) = Home::new().start_fails(&[&certificate.server_flags()[..], &flags].concat());
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("beside --tls-listen it speaks no TLS"), "{stderr}");
}

/// The address of `--listen` is free while the one of `--tls-listen` is refused.
#[test]
fn nothing_is_bound_before_the_refusal() {
    let authority = Authority::new();
    let certificate = authority.server(&["localhost"]);
    // If it were bound first, the refusal would be that it is in use.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let flags = ["--listen", &listen, "--tls-listen", "0.0.0.0:0"];
    let (_, stderr) = Home::new().start_fails(&[&certificate.server_flags()[..], &flags].concat());
    assert!(stderr.contains("--tls-listen 0.0.0.0:0 is not a loopback address"), "{stderr}");
}

#[test]
fn loopback_addresses_need_nothing() {
    for listen in ["127.0.0.1:0", "127.9.9.9:0", "localhost:0", "[::ffff:127.0.0.1]:0"] {
        let server = Home::new().start(&["--listen", listen]);
        Conn::open(server.addr()).ask("PING").ok();
        assert!(!server.stderr().contains("WARN"), "{listen}: {}", server.stderr());
    }
}

#[test]
fn flags_can_be_set_by_their_variables() {
    let authority = Authority::new();
    let certificate = authority.server(&["localhost"]);
    let home = Home::new();
    let socket = home.data().with_extension("socket");
    let mut command = home.command(&["--listen", "127.0.0.1:0"]);
    command
        .env("BOOKLINE_TLS_CERT", &certificate.file)
        .env("BOOKLINE_TLS_KEY", &certificate.key)
        .env("BOOKLINE_TLS_CLIENT_CA", &authority.file)
        .env("BOOKLINE_LISTEN_UNIX", &socket)
        .envs([
            ("BOOKLINE_TLS_LISTEN", "0.0.0.0:0"),
            ("BOOKLINE_UNIX_ACCOUNTS", "1"),
            ("BOOKLINE_INSECURE", "yes"),
        ]);
    let (process, _) = spawn_listening(&mut command);
    Conn::open_unix(&socket).ask("PING").ok();
    let stderr = process.stderr();
    assert!(stderr.contains(" and on 0.0.0.0:") && stderr.contains(" (TLS) and on unix:/"), "{stderr}");

    let mut off = Home::new().command::<&str>(&[]);
    off.envs([("BOOKLINE_UNIX_ACCOUNTS", "0"), ("BOOKLINE_INSECURE", "no"), ("BOOKLINE_TLS_CERT", "")]);
    let (_process, addr) = spawn_listening(&mut off);
    Conn::open(addr).ask("PING").ok();
}

#[test]
fn flags_that_need_others_exit_with_2_without_them() {
    for (flags, missing) in [
        (&["--tls-cert", "a.pem"][..], "--tls-key"),
        (&["--tls-key", "a.pem"], "--tls-cert"),
        (&["--tls-listen", "127.0.0.1:0"], "--tls-cert"),
        (&["--tls-client-ca", "a.pem"], "--tls-cert"),
        (&["--unix-accounts"], "--listen-unix"),
    ] {
        let (status, stderr) = Home::new().start_fails(flags);
        assert_eq!(status.code(), Some(2), "{flags:?}: {stderr}");
        assert!(stderr.contains(missing), "{flags:?}: {stderr}");
    }
}

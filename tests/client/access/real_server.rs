//! Accounts of a real server, and the load generator as one of them over TLS.

use std::fs;
use std::path::Path;
use std::process::Command;

use bookline_server::account_add::AccountCommand;
use bookline_testkit::certificates::Authority;
use clap::Parser;
use serde_json::Value;
use tempfile::TempDir;

use super::SECRET;
use crate::support::client::{bookline, bookline_without_address, run};
use crate::support::real_server::RealServer;
use crate::support::tls_front::TlsFront;

/// `booklined account`.
#[derive(Parser)]
struct Account {
    #[command(subcommand)]
    command: AccountCommand,
}

/// Adds anna, an admin with a password, to the data of a server that does not run.
fn add_anna(data: &Path) {
    let secrets = tempfile::tempdir().unwrap();
    let file = secrets.path().join("secret");
    fs::write(&file, SECRET).unwrap();
    let words = ["account", "add", "anna", "--role", "admin", "--secret-file"].map(Into::into);
    let paths = [file.into_os_string(), "--data-dir".into(), data.into()];
    Account::parse_from(words.into_iter().chain(paths)).command.run().unwrap();
}

fn started() -> RealServer {
    let directory = TempDir::with_prefix("bookline").unwrap();
    add_anna(directory.path());
    RealServer::start_on(directory)
}

fn client(server: &RealServer, user: &str, secret: &str, args: &[&str]) -> Command {
    let mut client = bookline(server.addr, &["--user", user]);
    client.env("BOOKLINE_SECRET", secret).args(args);
    client
}

/// The token of a new account.
fn token(server: &RealServer, name: &str, role: &str) -> String {
    let added = run(client(server, "anna", SECRET, &["ACCOUNT", "ADD", name, &format!("role={role}")]));
    let body = added.stdout.strip_prefix("OK ").unwrap_or_else(|| panic!("{added:?}"));
    let reply: Value = serde_json::from_str(body).unwrap();
    reply["secret"].as_str().unwrap().to_owned()
}

#[test]
fn accounts_do_what_they_may() {
    let server = started();
    let refused = server.run(&["STATS"]);
    assert!(refused.exit == 1 && refused.stdout.starts_with("ERR UNAUTHENTICATED "), "{refused:?}");
    let whoami = client(&server, "anna", SECRET, &["--format", "table", "WHOAMI"]);
    run(whoami).expect(0, "anna is an admin.\n", "");
    let wrong = run(client(&server, "anna", "another password", &["PING"]));
    assert!(wrong.exit == 1 && wrong.stderr.starts_with("bookline: Unauthenticated: "), "{wrong:?}");

    let token = token(&server, "kiosk", "seller");
    let kiosk = |args: &[&str]| run(client(&server, "kiosk", &token, args));
    kiosk(&["--format", "table", "WHOAMI"]).expect(0, "kiosk is a seller.\n", "");
    let stats = kiosk(&["--format", "table", "STATS"]);
    assert!(stats.exit == 0 && stats.stdout.contains("uptime_seconds"), "{stats:?}");
    let created = kiosk(&["--format", "table", "CREATE", "Jazz", "2026-12-31", "5"]);
    assert!(created.exit == 1 && created.stdout.starts_with("Forbidden: "), "{created:?}");
    let listed = run(client(&server, "anna", SECRET, &["--format", "csv", "ACCOUNT", "LIST"]));
    listed.expect(0, "account,role,person\r\nanna,admin,\r\nkiosk,seller,\r\n", "");
}

#[test]
fn bench_measures_over_tls_as_an_account() {
    let (server, authority) = (started(), Authority::new());
    let token = token(&server, "load", "admin");
    let front = TlsFront::start(&authority.server(&["localhost"]), server.addr);
    for retry in [&["--retry"][..], &[]] {
        let mut client = bookline_without_address();
        client.args(["--addr", &front.at_localhost(), "--user", "load", "--ca"]).arg(&authority.file);
        client.env("BOOKLINE_SECRET", &token);
        client
            .args(["bench", "--conns", "3", "--depth", "50", "--secs", "0.3", "--yes", "--json"])
            .args(retry);
        let exited = run(client);
        assert_eq!((exited.exit, exited.stderr.as_str()), (0, ""), "{retry:?}: {exited:?}");
        let report: Value = serde_json::from_str(&exited.stdout).unwrap();
        assert_eq!(report["verified"]["ok"], true, "{report}");
    }
    let wrong = run(client(&server, "load", "another password", &["bench", "--conns", "1"]));
    assert!(wrong.exit == 1 && wrong.stderr.starts_with("bookline: Unauthenticated: "), "{wrong:?}");
}

//! `booklined account add`, from outside.
//!
//! Catches: a token that is not alone on standard output, or is anywhere else; an account beside a running
//! server; an account that a crash, a restart or a restore loses; a secret in a file, a message or the log.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bookline_testkit::process::{Home, Server, booklined, listing};
use serde_json::Value;

const PASSWORD: &str = "correct horse battery";

/// `booklined account add` on the data directory of `home`.
fn account_add(home: &Home, arguments: &[&str]) -> Command {
    let mut command = Command::new(booklined());
    command.args(["account", "add", "--data-dir"]).arg(home.data()).args(arguments);
    command
}

fn run(home: &Home, arguments: &[&str]) -> Output {
    account_add(home, arguments).output().expect("the program runs")
}

/// Runs it with this standard input.
fn run_with_input(home: &Home, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = account_add(home, arguments);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    child.stdin.take().expect("a pipe").write_all(input).expect("it reads its input");
    child.wait_with_output().expect("the program ends")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// Adds an account, which must succeed, and returns its token.
#[track_caller]
fn add(home: &Home, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let token = stdout(&output).strip_suffix('\n').expect("a line").to_owned();
    let digits = token.strip_prefix("bkl_").expect("a token");
    assert!(digits.len() == 40 && digits.bytes().all(|b| b"0123456789abcdef".contains(&b)), "{token}");
    assert!(!stderr(&output).contains(&token), "the token is on standard error, too");
    token
}

/// It is refused with this status, prints nothing on standard output, and says why.
#[track_caller]
fn assert_refused(output: &Output, status: i32, why: &str) {
    let stderr = stderr(output);
    assert_eq!(output.status.code(), Some(status), "{stderr}");
    assert!(output.stdout.is_empty() && stderr.contains(why), "{why}: {stderr}");
}

/// The changes of accounts that `dump` shows, without their times and sequence numbers.
fn dumped(home: &Home) -> Vec<Value> {
    let output = Command::new(booklined()).args(["dump", "--data-dir"]).arg(home.data()).output();
    let output = output.expect("the program runs");
    assert!(output.status.success(), "{}", stderr(&output));
    let changes = stdout(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let changes: Vec<Value> = changes;
    let is_of_account =
        |change: &Value| change["kind"].as_str().is_some_and(|kind| kind.starts_with("account"));
    let mut of_accounts: Vec<_> = changes.into_iter().filter(is_of_account).collect();
    for change in &mut of_accounts {
        let fields = change.as_object_mut().expect("an object");
        fields.remove("at");
        fields.remove("sequence");
    }
    of_accounts
}

fn added(account: &str, role: &str, secret: &str) -> Value {
    serde_json::json!({ "kind": "account_added", "account": account, "role": role, "secret": secret })
}

#[test]
fn first_account_is_made_in_a_new_data_directory_and_its_token_is_printed_alone() {
    let home = Home::new();
    let output = run(&home, &["anna", "--role", "admin"]);
    let note = "booklined: account anna is added with the role admin, by a token\n";
    assert!(stderr(&output).ends_with(note), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("bkl_") && stdout(&output).lines().count() == 1);
    add(&home, &["ben", "--role", "seller"]);
    assert_eq!(dumped(&home), [added("anna", "admin", "token"), added("ben", "seller", "token")]);

    let check = Command::new(booklined()).args(["check", "--data-dir"]).arg(home.data()).output();
    let check = check.expect("the program runs");
    assert!(check.status.success(), "{}", stdout(&check));

    let server = home.start(&["--time-zone", "Asia/Tokyo"]);
    let log = server.stderr();
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
}

#[test]
fn person_and_the_data_directory_of_the_environment_are_used() {
    let home = Home::new();
    let mut command = Command::new(booklined());
    command.args(["account", "add", "anna", "--role", "admin", "--person", "F1"]);
    let output = command.env("BOOKLINE_DATA_DIR", home.data()).output().expect("the program runs");
    assert!(output.status.success(), "{}", stderr(&output));
    let mut expected = added("anna", "admin", "token");
    expected["person"] = "F1".into();
    assert_eq!(dumped(&home), [expected]);
}

#[test]
fn account_is_not_added_beside_a_running_server() {
    let mut server = Server::fresh();
    let home = server.home().clone();
    let refused = run(&home, &["anna", "--role", "admin"]);
    assert_refused(&refused, 1, "account anna is not added: data directory ");
    assert_refused(&refused, 1, &format!("in use by another booklined (pid {})", server.pid()));
    assert_refused(&refused, 1, "While it runs, an admin adds accounts with ACCOUNT ADD");
    assert_eq!(server.stop().code(), Some(0));
    add(&home, &["anna", "--role", "admin"]);
}

#[test]
fn secret_is_the_first_line_of_a_file_or_of_standard_input() {
    let home = Home::new();
    let file = |name: &str, content: &str| home.file(name, content).to_str().expect("a path").to_owned();
    let token = format!("bkl_{}", "0123456789".repeat(4));
    for (name, content, kind) in [
        ("lf", format!("{PASSWORD}\n"), "password"),
        ("crlf", format!("{PASSWORD}\r\nanother line\r\n"), "password"),
        ("no-line-end", PASSWORD.to_owned(), "password"),
        ("token", format!("{token}\n"), "token"),
    ] {
        let output = run(&home, &[name, "--role", "admin", "--secret-file", &file(name, &content)]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(output.stdout.is_empty(), "nothing is printed of a secret that is known");
        assert_eq!(dumped(&home).last(), Some(&added(name, "admin", kind)));
    }
    let from_input = ["stdin", "--role", "admin", "--secret-file", "-"];
    let output = run_with_input(&home, &from_input, format!("{PASSWORD}\nmore").as_bytes());
    assert!(output.status.success() && output.stdout.is_empty(), "{}", stderr(&output));
    assert_eq!(dumped(&home).last(), Some(&added("stdin", "admin", "password")));
    assert_has_no_secret(&home, &[PASSWORD, &token]);
}

#[test]
fn file_without_a_secret_is_refused_without_showing_it_and_leaves_nothing() {
    let home = Home::new();
    let missing = home.data().with_file_name("missing");
    let cases: [(&str, PathBuf, &str); 7] = [
        ("missing", missing, "No such file"),
        ("directory", home.data().parent().expect("a parent").to_owned(), "Is a directory"),
        ("empty", home.file("empty", ""), "is no password: one has 8 to 200 characters"),
        ("short", home.file("short", "short7x\n"), "is no password: one has 8 to 200 characters"),
        ("long", home.file("long", &"x".repeat(5_000)), "is no password: one has 8 to 200 characters"),
        ("token", home.file("token", "bkl_0123\n"), "begins as a token and is none"),
        ("bytes", home.file("bytes", ""), "valid UTF-8"),
    ];
    fs::write(&cases[6].1, b"\xff\xfe not text\n").expect("write succeeds");
    for (name, file, why) in &cases {
        let path = file.to_str().expect("a path");
        let refused = run(&home, &[name, "--role", "admin", "--secret-file", path]);
        assert_refused(&refused, 2, why);
        assert_refused(&refused, 2, path);
        assert!(!["short7x", "bkl_0123", "xxxx"].iter().any(|secret| stderr(&refused).contains(secret)));
    }
    assert_refused(
        &run_with_input(&home, &["anna", "--role", "admin", "--secret-file", "-"], b""),
        2,
        "the first line of standard input is no password",
    );
    assert!(!home.data().exists(), "nothing was made");
}

#[test]
fn invalid_names_and_roles_are_refused_as_invalid_flags_are() {
    let home = Home::new();
    for (arguments, why) in [
        (&["an na", "--role", "admin"][..], "it holds a blank"),
        (
            &["anna", "--role", "boss"],
            "it is not a role, which are viewer, door, seller, organizer and admin",
        ),
        (&["anna", "--role", "admin", "--person", ""], "it is empty"),
        (&["anna"], "--role"),
        (&[], "<NAME>"),
    ] {
        assert_refused(&run(&home, arguments), 2, why);
    }
    assert!(!home.data().exists(), "nothing was made");
}

#[test]
fn first_account_that_is_no_admin_is_warned_about() {
    let home = Home::new();
    let warning = "no account is an admin";
    for (name, role, is_warned) in
        [("anna", "seller", true), ("ben", "admin", false), ("cleo", "door", false)]
    {
        let output = run(&home, &[name, "--role", role]);
        assert!(output.status.success());
        assert_eq!(stderr(&output).contains(warning), is_warned, "{}", stderr(&output));
    }
}

#[test]
fn accounts_survive_kills_and_a_restore() {
    let mut server = Server::fresh();
    let home = server.home().clone();
    server.connect().ask("CREATE x 2026-01-01 1000 id=x").ok();
    server.kill9();
    add(&home, &["anna", "--role", "admin"]);
    let taken = "account anna is not added: the name is taken";
    for _ in 0..2 {
        server.start_again();
        server.kill9();
        assert_refused(&run(&home, &["anna", "--role", "admin"]), 1, taken);
    }
    let backup = home.data().with_file_name("backup");
    let mut command = Command::new(booklined());
    let command = command.args(["backup", "--data-dir"]).arg(home.data()).arg("--to").arg(&backup);
    assert!(command.status().expect("the program runs").success());
    let other = Home::new();
    let mut restored = other.start(&["--restore", backup.to_str().expect("a path")]);
    assert_eq!(restored.stop().code(), Some(0));
    assert_refused(&run(&other, &["anna", "--role", "admin"]), 1, taken);
    assert_eq!(dumped(&other), [added("anna", "admin", "token")]);
    add(&other, &["ben", "--role", "door"]);
}

#[test]
fn no_file_of_the_data_and_no_backup_has_a_secret() {
    let home = Home::new();
    let token = add(&home, &["anna", "--role", "admin"]);
    let file = home.file("secret", PASSWORD);
    let of_file = ["ben", "--role", "seller", "--secret-file", file.to_str().expect("a path")];
    let output = account_add(&home, &of_file).env("RUST_LOG", "trace").output().expect("the program runs");
    assert!(output.status.success() && !stderr(&output).contains(PASSWORD), "{}", stderr(&output));
    fs::remove_file(file).expect("it exists");
    let backup = home.data().join("backup");
    let outside = home.data().with_file_name("backup");
    let mut command = Command::new(booklined());
    let command = command.args(["backup", "--data-dir"]).arg(home.data()).arg("--to").arg(&outside);
    assert!(command.status().expect("the program runs").success());
    fs::rename(outside, backup).expect("rename succeeds");
    assert_has_no_secret(&home, &[&token, &token["bkl_".len()..], PASSWORD]);
}

/// No file in the data directory has any of these texts.
#[track_caller]
fn assert_has_no_secret(home: &Home, secrets: &[&str]) {
    let files: Vec<PathBuf> = listing(&home.data()).into_iter().filter(|path| path.is_file()).collect();
    assert!(!files.is_empty());
    for file in files {
        let content = fs::read(&file).expect("a readable file");
        for secret in secrets {
            let found = content.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} has a secret", file.display());
        }
    }
}

#[test]
fn full_standard_output_is_an_error_that_says_that_nobody_has_the_token() {
    let home = Home::new();
    let full = File::create(Path::new("/dev/full")).expect("Linux has it");
    let mut command = account_add(&home, &["anna", "--role", "admin"]);
    let output = command.stdout(full).stderr(Stdio::piped()).output().expect("the program runs");
    assert_refused(&output, 1, "account anna is added, and nobody has its token: add another account");
}

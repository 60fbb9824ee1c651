//! A stream and NATS servers that are not as they have to be.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_nats::jetstream::stream::DiscardPolicy;
use bookline_testkit::nats::Nats;
use bookline_testkit::process::{Home, Server};
use bookline_testkit::reply::Reply;

use super::administrator::Administrator;
use super::{flags, one_nats, start, status, wait_until_leads};

fn is_read_only(reply: &Reply) -> bool {
    reply.code.as_deref() == Some("READ_ONLY")
}

#[test]
fn stream_that_is_changed_by_hand_makes_a_cluster_read_only_until_it_is_right() {
    let Some(nats) = one_nats() else { return };
    let leader = start(&nats, "one.example:1", &[]);
    let mut conn = wait_until_leads(&leader);
    conn.ask("CREATE Jazz 2027-06-12 1000000 id=jazz").ok();
    let administrator = Administrator::of(&nats);
    administrator.edit(|config| config.discard = DiscardPolicy::Old);

    let refused = conn.ask_until("BOOK jazz 1", is_read_only);
    let wrong = "the stream BOOKLINE-sales has discard old, and a cluster needs discard new: correct it with `nats \
                 stream edit BOOKLINE-sales --discard=new`";
    let message = refused.body["message"].as_str().expect("a message");
    assert_eq!(message, format!("changes are refused for now, reads are served: {wrong}"));
    conn.ask("GET jazz").ok();
    assert_eq!(conn.ask("STATS").ok()["read_only"], true);
    let (code, status) = status(&nats, &[]);
    assert_eq!((code, &status["ok"]), (1, &false.into()), "{status}");
    assert_eq!(status["problems"], serde_json::json!([format!("changes are refused: {wrong}")]));

    administrator.edit(|config| config.discard = DiscardPolicy::New);
    conn.ask_until("BOOK jazz 1", Reply::is_ok);
    assert_eq!(conn.ask("STATS").ok()["read_only"], false);
    let log = leader.stderr();
    assert_eq!(log.matches(wrong).count(), 1, "once for each change: {log}");
    assert!(log.contains("changes are accepted"), "{log}");
}

#[test]
fn stream_that_is_made_again_under_a_running_cluster_is_found() {
    let Some(nats) = one_nats() else { return };
    let mut leader = start(&nats, "one.example:1", &[]);
    wait_until_leads(&leader).ask("CREATE Jazz 2027-06-12 10 id=jazz").ok();
    Administrator::of(&nats).make_again();
    let is_found = leader.process().wait_for_stderr(|log| log.contains("was deleted and made again"));
    assert!(is_found, "{}", leader.stderr());
}

/// A monitoring port that says what it is told to.
struct Monitor {
    url: String,
    syncs: Arc<AtomicBool>,
}

impl Monitor {
    fn start(syncs: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let syncs = Arc::new(AtomicBool::new(syncs));
        let says = syncs.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let _ = stream.read(&mut [0; 1024]);
                let config = if says.load(Ordering::SeqCst) { r#"{"sync_always":true}"# } else { "{}" };
                let node = r#""server_name":"n7","max_payload":1048576"#;
                let body = format!(r#"{{{node},"jetstream":{{"config":{config}}}}}"#);
                let _ = write!(stream, "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{body}");
            }
        });
        Self { url, syncs }
    }
}

/// A server that is asked whether this node syncs, and one that does not answer.
fn start_with_monitors(nats: &Nats, monitor: &Monitor) -> Server {
    let silent = "127.0.0.1:1";
    start(nats, "one.example:1", &["--cluster-monitor", &format!("{},{silent}", monitor.url)])
}

#[test]
fn node_that_does_not_sync_is_refused_at_the_start_and_makes_a_running_cluster_read_only() {
    let Some(nats) = one_nats() else { return };
    let monitor = Monitor::start(false);
    let url = &nats.urls()[0];
    let refused = [&flags(url, "one.example:1")[..], &["--cluster-monitor", &monitor.url]].concat();
    let (exit, stderr) = Home::new().start_fails(&refused);
    assert_eq!(exit.code(), Some(1), "{stderr}");
    assert!(stderr.contains("n7") && stderr.contains("`sync_interval: always`"), "{stderr}");

    monitor.syncs.store(true, Ordering::SeqCst);
    let mut leader = start_with_monitors(&nats, &monitor);
    let mut conn = wait_until_leads(&leader);
    conn.ask("CREATE Jazz 2027-06-12 1000000 id=jazz").ok();
    let warns = |log: &str| log.contains("http://127.0.0.1:1 does not say whether it syncs");
    assert!(leader.process().wait_for_stderr(warns), "{}", leader.stderr());
    let (_, report) = status(&nats, &[]);
    assert_eq!(report["sync"]["state"], "always", "{report}");

    // What is found each minute is found at once when the stream was changed.
    monitor.syncs.store(false, Ordering::SeqCst);
    let administrator = Administrator::of(&nats);
    administrator.edit(|config| config.description = Some("a change that matters to nobody".into()));
    let refused = conn.ask_until("BOOK jazz 1", is_read_only);
    assert!(refused.line.contains("`sync_interval: always`"), "{}", refused.line);
    let (code, report) = status(&nats, &[]);
    assert_eq!((code, &report["sync"]["late"][0]), (1, &"n7".into()), "{report}");
    monitor.syncs.store(true, Ordering::SeqCst);
    administrator.edit(|config| config.description = None);
    conn.ask_until("BOOK jazz 1", Reply::is_ok);
}

#[test]
fn cluster_of_which_nobody_knows_whether_it_syncs_says_so() {
    let Some(nats) = one_nats() else { return };
    let leader = start(&nats, "one.example:1", &[]);
    wait_until_leads(&leader);
    assert!(leader.stderr().contains("--cluster-monitor"), "{}", leader.stderr());
    let (code, status) = status(&nats, &[]);
    assert_eq!((code, &status["sync"]["state"]), (0, &"unchecked".into()), "{status}");
}

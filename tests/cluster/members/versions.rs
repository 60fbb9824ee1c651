//! Members of several versions.

use std::thread;

use bookline_testkit::HANG_TIMEOUT;
use bookline_testkit::nats::Nats;
use futures_util::StreamExt;
use tokio::sync::oneshot;

use super::{one_nats, start, status, wait_until_leads};

/// Answers as a member that knows only the first kind of change, until the sender is dropped.
fn old_member(nats: &Nats) -> oneshot::Sender<()> {
    let (stop, stopped) = oneshot::channel();
    let (ready, is_ready) = std::sync::mpsc::channel();
    let url = nats.urls()[0].clone();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let client = async_nats::connect(url).await.expect("a running server");
            let mut questions = client.subscribe("bookline.sales.members").await.expect("a subscription");
            client.flush().await.expect("a running server");
            ready.send(()).expect("the test waits");
            let answering = async {
                while let Some(question) = questions.next().await {
                    let answer =
                        r#"{"address":"old.example:9","version":"0.0.9","role":"standby","kinds":1}"#;
                    client.publish(question.reply.expect("a request"), answer.into()).await.expect("sent");
                }
            };
            tokio::select! {
                () = answering => {}
                _ = stopped => {}
            }
        });
    });
    is_ready.recv_timeout(HANG_TIMEOUT).expect("it answers");
    stop
}

#[test]
fn leader_makes_no_changes_that_an_older_member_does_not_know_and_says_who_it_is() {
    let Some(nats) = one_nats() else { return };
    let _old = old_member(&nats);
    let leader = start(&nats, "one.example:1", &[]);
    let mut conn = wait_until_leads(&leader);
    let refused = conn.ask_until("CREATE Jazz 2027-06-12 10", |reply| !reply.is_ok());
    let message = refused.err("READ_ONLY")["message"].as_str().expect("a text").to_owned();
    let expected =
        "old.example:9 runs version 0.0.9, which does not know this kind of change: start the newer";
    assert!(message.contains(expected), "{message}");
    conn.ask("PING").ok();
    let (code, all) = status(&nats, &[]);
    assert_eq!(code, 1, "{all}");
    let problems = all["problems"].to_string();
    assert!(
        problems.contains("old.example:9 runs version 0.0.9, which does not know all changes"),
        "{problems}"
    );
}

//! Requests to a server whose journal is closed.
//!
//! It would fail if a change were acknowledged that will not be written, or if a client were kept waiting.

use bookline_server::storage::journal::Durability;
use bookline_testkit::in_process::Server;

/// With `interval` and `never`, replies do not wait for the disk, so a change after the close of the journal
/// must not be appended.
#[tokio::test]
async fn a_change_after_the_close_of_the_journal_is_refused_and_the_connection_closed() {
    for durability in [Durability::Always, Durability::Interval, Durability::Never] {
        let server = Server::fresh_with(|config| config.durability = durability).await;
        let mut conn = server.connect().await;
        conn.ask("CREATE Jazz 2026-12-31 100 id=jazz").await.ok();
        let service = server.service.clone();
        tokio::task::spawn_blocking(move || service.store.log().close())
            .await
            .expect("no panic")
            .expect("no disk error");

        for change in ["BOOK jazz 1", "BLOCK F1 2026-12-31 09:00", "CREATE Rock 2026-12-31 100 id=rock"] {
            let mut late = server.connect().await;
            assert!(late.ask("GET jazz").await.code.is_none(), "{durability:?}: reads are answered");
            late.send(format!("{change}\nPING\n").as_bytes()).await;
            let refused = late.reply().await.expect("a reply");
            assert_eq!(
                refused.code.as_deref(),
                Some("SHUTTING_DOWN"),
                "{durability:?}: {change}: {refused:?}"
            );
            assert_eq!(late.reply().await, None, "{durability:?}: the connection is closed");
        }
        assert_eq!(conn.ask("STATS").await.number("sequence"), 1, "{durability:?}");
        conn.finish().await;
        server.stop().await;
    }
}

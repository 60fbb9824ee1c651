//! What a server that is about to end answers.
//!
//! It would fail if a change were answered OK that nobody will write any more, or if a client were kept
//! waiting.

use crate::in_process::common::Server;
use bookline_server::storage::journal::Durability;

/// Under `interval` and `never` replies do not wait for the disk: a change that comes when the journal is
/// closed must not be appended.
#[tokio::test]
async fn a_change_behind_the_close_of_the_journal_is_refused_and_the_connection_closed() {
    for durability in [Durability::Always, Durability::Interval, Durability::Never] {
        let server = Server::fresh_with(|config| config.durability = durability).await;
        let mut conn = server.connect().await;
        conn.ask("CREATE Jazz 2026-12-31 100 id=jazz").await.ok();
        let service = server.service.clone();
        tokio::task::spawn_blocking(move || service.store.journal().close())
            .await
            .expect("it does not panic")
            .expect("the disk is well");

        for change in ["BOOK jazz 1", "BLOCK F1 2026-12-31 09:00", "CREATE Rock 2026-12-31 100 id=rock"] {
            let mut late = server.connect().await;
            assert!(late.ask("GET jazz").await.code.is_none(), "{durability:?}: reads go on");
            late.send(format!("{change}\nPING\n").as_bytes()).await;
            let refused = late.reply().await.expect("an answer");
            assert_eq!(
                refused.code.as_deref(),
                Some("SHUTTING_DOWN"),
                "{durability:?}: {change}: {refused:?}"
            );
            assert_eq!(late.reply().await, None, "{durability:?}: it is closed behind that");
        }
        assert_eq!(conn.ask("STATS").await.number("sequence"), 1, "{durability:?}");
        conn.finish().await;
        server.stop().await;
    }
}

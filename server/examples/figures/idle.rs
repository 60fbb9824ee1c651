//! The memory of idle connections.

use std::path::Path;

use anyhow::ensure;

use crate::connection::Connection;
use crate::in_process_server::InProcessServer;
use crate::recovery::resident;
use crate::table;

const CONNECTIONS: u32 = 5_000;

/// The figure includes the memory of the clients' ends, which are in this process.
pub fn figures(directory: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = InProcessServer::start(directory).await?;
        let mut first = Connection::connect(server.address).await?;
        first.batch(&["CREATE \"An event\" 2026-12-31 1000000 id=e\n".to_owned()]).await?;
        let before = resident()?;
        let mut idle = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut connection = Connection::connect(server.address).await?;
            // The connection has executed a request before it is idle.
            let reply = connection.ask("BOOK e 1\n").await?;
            ensure!(reply.starts_with("OK "), "{reply}");
            idle.push(connection.into_stream());
        }
        let each = (resident()? - before) / f64::from(CONNECTIONS) / 1024.0;
        println!("{CONNECTIONS} idle connections after a booking each, both ends counted");
        table::at_most("memory of an idle connection", each, "KiB", 20.0);
        drop(idle);
        server.stop().await
    })
}

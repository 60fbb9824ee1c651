//! What idle connections cost in memory.

use std::path::Path;

use anyhow::ensure;

use crate::host::Host;
use crate::lines::Lines;
use crate::start::resident;
use crate::table;

const CONNECTIONS: u32 = 5_000;

/// Both ends are in this process, so that the figure is too high by what the client's ends take.
pub fn figures(directory: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let host = Host::start(directory).await?;
        let mut first = Lines::connect(host.address).await?;
        first.batch(&["CREATE \"An event\" 2026-12-31 1000000 id=e\n".to_owned()]).await?;
        let before = resident()?;
        let mut idle = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut lines = Lines::connect(host.address).await?;
            // Each has worked before it rests.
            let answer = lines.ask("BOOK e 1\n").await?;
            ensure!(answer.starts_with("OK "), "{answer}");
            idle.push(lines.rest());
        }
        let each = (resident()? - before) / f64::from(CONNECTIONS) / 1024.0;
        println!("{CONNECTIONS} connections that have booked a ticket each and rest, both ends counted");
        table::at_most("memory of an idle connection", each, "KiB", 20.0);
        drop(idle);
        host.stop().await
    })
}

//! `booklined cluster`: looks at a cluster, moves its lead, and begins one with the data of a single server.

mod ask;
mod problems;
mod status;
mod step_down;
mod table;

use std::future::Future;
use std::io::{self, Write};

use anyhow::Context;
use clap::{Subcommand, ValueEnum};

use crate::storage::offline::cluster_import::ClusterImport;
use crate::storage::replicated::nats::{NatsClient, NatsFlags, NatsOptions};

/// Look at a cluster, move its lead, or begin one.
#[derive(Debug, Clone, Subcommand)]
pub enum ClusterCommand {
    /// Print the members, the stream and what is wrong; exits 0 when all is as it should be, else 1
    Status {
        #[command(flatten)]
        nats: NatsFlags,
        /// A table for people, or one JSON object
        #[arg(long, value_enum, default_value_t)]
        format: StatusFormat,
    },
    /// Let another member lead, as before maintenance: without waiting for a lease, and without losing a
    /// reply. Prints who leads then; exits 1 if nobody has taken over within 15 s
    StepDown {
        #[command(flatten)]
        nats: NatsFlags,
        /// Also if no other member could take over: then nobody leads for two leases
        #[arg(long)]
        force: bool,
    },
    /// Begin a cluster with the data of a stopped single server
    Import(ClusterImport),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    #[default]
    Table,
    Json,
}

impl ClusterCommand {
    /// Checks that it is said which cluster is meant.
    ///
    /// # Errors
    ///
    /// What is missing, for people.
    pub fn check(&self) -> Result<(), String> {
        self.options().map(drop)
    }

    /// Runs the command. Returns false if something is not as it should be.
    ///
    /// # Errors
    ///
    /// Any error that keeps the command from completing.
    pub fn run(&self) -> anyhow::Result<bool> {
        let options = self.options().map_err(anyhow::Error::msg)?;
        match self {
            Self::Status { format, .. } => on_runtime(print_status(&options, *format)),
            Self::StepDown { force, .. } => on_runtime(step_down(&options, *force)),
            Self::Import(import) => import.run(&options).map(|()| true),
        }
    }

    fn options(&self) -> Result<NatsOptions, String> {
        let options = match self {
            // How many replicas the stream is to have is what its members say.
            Self::Status { nats, .. } | Self::StepDown { nats, .. } => nats.options(0),
            Self::Import(import) => import.options(),
        };
        options.ok_or_else(|| "give --cluster URLS and --cluster-name NAME: which cluster is it?".into())
    }
}

fn on_runtime(done: impl Future<Output = anyhow::Result<bool>>) -> anyhow::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("starting the runtime")?.block_on(done)
}

async fn print_status(options: &NatsOptions, format: StatusFormat) -> anyhow::Result<bool> {
    let client = NatsClient::connect_quietly(options).await?;
    let status = ask::ask(&client, options).await?;
    print(&match format {
        StatusFormat::Table => table::of(&status),
        StatusFormat::Json => format!("{}\n", serde_json::to_string(&status)?),
    })?;
    Ok(status.ok)
}

async fn step_down(options: &NatsOptions, force: bool) -> anyhow::Result<bool> {
    let client = NatsClient::connect_quietly(options).await?;
    print(&step_down::run(&client, options, force).await?)?;
    Ok(true)
}

/// Prints to standard output. `print!` would panic if it is closed or full.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // The reader, such as `head`, has closed the pipe.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("writing to standard output"),
    }
}

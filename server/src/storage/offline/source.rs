//! The data that a command reads: a data directory, or the log of a cluster.

use std::path::PathBuf;

use clap::Args;

#[cfg(feature = "cluster")]
use crate::storage::replicated::nats::{NatsFlags, NatsOptions};

/// The data that a command reads.
#[derive(Debug, Clone, Args)]
pub struct Source {
    /// The data directory, unless --cluster is given
    #[arg(long, env = "BOOKLINE_DATA_DIR", default_value = "./bookline-data", value_name = "DIR")]
    pub data_dir: PathBuf,
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    pub nats: NatsFlags,
}

#[cfg(feature = "cluster")]
impl Source {
    /// How the cluster is reached whose log is read, if one is named.
    pub fn cluster(&self) -> Option<NatsOptions> {
        // Of how many copies NATS keeps only who makes the stream has to know.
        self.nats.options(1)
    }
}

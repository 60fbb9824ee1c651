//! The flags with which a cluster is found.

use std::path::PathBuf;

use async_nats::ServerAddr;
use clap::Args;

use super::monitor::Monitor;
use super::options::NatsOptions;
use crate::storage::replicated::cluster_name::ClusterName;

/// The flags with which a cluster is found, for its members and for commands.
#[derive(Debug, Clone, Args)]
pub struct NatsFlags {
    /// A cluster, whose log is in NATS JetStream, and of which a server is a member: the NATS servers, as in
    /// nats://a:4222,b:4222,c:4222, or tls://a:4222,b:4222,c:4222
    #[arg(long, env = "BOOKLINE_CLUSTER", value_name = "URLS", value_parser = parse_servers,
          requires = "cluster_name")]
    cluster: Option<Servers>,

    /// The name of the cluster, 1 to 32 letters, digits, - and _: it is part of the name of the stream
    #[arg(long, env = "BOOKLINE_CLUSTER_NAME", value_name = "NAME", requires = "cluster")]
    cluster_name: Option<ClusterName>,

    /// The credentials of the NATS account, which is the cluster's alone
    #[arg(long, env = "BOOKLINE_NATS_CREDS", value_name = "FILE", requires = "cluster")]
    nats_creds: Option<PathBuf>,

    /// The authorities, in PEM, that the certificates of the NATS servers are checked against, instead of
    /// those of the system
    #[arg(long, env = "BOOKLINE_NATS_CA", value_name = "FILE", requires = "cluster")]
    nats_ca: Option<PathBuf>,

    /// The monitoring ports of all NATS servers, as in http://a:8222,b:8222,c:8222: they say whether a server
    /// syncs before it acknowledges
    #[arg(
        long,
        env = "BOOKLINE_CLUSTER_MONITOR",
        value_name = "URLS",
        value_delimiter = ',',
        requires = "cluster"
    )]
    cluster_monitor: Vec<Monitor>,
}

/// The NATS servers.
#[derive(Debug, Clone)]
struct Servers(Vec<ServerAddr>);

impl NatsFlags {
    /// Whether there is a cluster.
    pub fn is_given(&self) -> bool {
        self.cluster.is_some()
    }

    /// How the cluster is reached, whose stream has so many replicas. `None` if there is no cluster.
    pub fn options(&self, replicas: usize) -> Option<NatsOptions> {
        let (Servers(servers), name) = self.cluster.as_ref().zip(self.cluster_name.as_ref())?;
        Some(NatsOptions {
            servers: servers.clone(),
            cluster: name.clone(),
            replicas,
            credentials: self.nats_creds.clone(),
            authorities: self.nats_ca.clone(),
            monitors: self.cluster_monitor.clone(),
        })
    }
}

/// Parses addresses, of which those without a scheme have that of the first.
fn parse_servers(text: &str) -> Result<Servers, String> {
    let (scheme, _) = text.split_once("://").unwrap_or(("nats", ""));
    if !matches!(scheme, "nats" | "tls") {
        return Err(format!("{scheme}:// is not known: it is nats:// or tls://"));
    }
    let servers = text.split(',').map(|server| {
        let server = server.trim();
        if server.is_empty() {
            return Err("an address is empty: write them as in nats://a:4222,b:4222,c:4222".to_owned());
        }
        let url = if server.contains("://") { server.to_owned() } else { format!("{scheme}://{server}") };
        url.parse().map_err(|_| format!("{server:?} is no address, as in nats://a:4222,b:4222,c:4222"))
    });
    Ok(Servers(servers.collect::<Result<_, _>>()?))
}

/// Parses the number of NATS servers that have a copy of a log.
///
/// # Errors
///
/// What it has to be, for people.
pub fn parse_replicas(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(replicas @ (1 | 3 | 5)) => Ok(replicas),
        _ => Err("it is 1, 3 or 5".into()),
    }
}

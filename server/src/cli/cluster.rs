//! The flags of a member of a cluster.

use std::time::Duration;

use clap::Args;

use crate::argument::parse_duration;
use crate::cluster::{ClusterConfig, ReadBarrier};
use crate::net::listen_address::ListenAddress;
use crate::storage::replicated::lease::parse_lease;
use crate::storage::replicated::nats::{NatsFlags, parse_replicas};

const TIMEOUT_MIN: Duration = Duration::from_secs(1);
const TIMEOUT_MAX: Duration = Duration::from_secs(10 * 60);

#[derive(Debug, Clone, Args)]
pub struct ClusterFlags {
    #[command(flatten)]
    nats: NatsFlags,

    /// The NATS servers that have a copy of the log: 1, 3 or 5. With 1, the loss of a disk is the loss of the
    /// log
    #[arg(long, env = "BOOKLINE_CLUSTER_REPLICAS", default_value_t = 3, value_name = "N",
          value_parser = parse_replicas, requires = "cluster")]
    cluster_replicas: usize,

    /// How long a leader is silent before a standby takes over, 1s to 60s; the same for all members
    #[arg(long, env = "BOOKLINE_LEASE", default_value = "3s", value_name = "TIME", value_parser = parse_lease, requires = "cluster")]
    lease: Duration,

    /// How long a request waits for a log that does not answer, 1s to 10m
    #[arg(long, env = "BOOKLINE_CLUSTER_TIMEOUT", default_value = "10s", value_name = "TIME",
          value_parser = parse_timeout, requires = "cluster")]
    cluster_timeout: Duration,

    /// Where clients reach this server when it leads [default: --listen]
    #[arg(long, env = "BOOKLINE_ADVERTISE", value_name = "HOST:PORT", requires = "cluster")]
    advertise: Option<ListenAddress>,

    /// What a leader needs before it shows what it has looked up: lease = an append that was sent less than
    /// two thirds of a lease ago; always = one that was sent after it has looked, for machines whose clocks
    /// cannot be trusted, as virtual ones that are suspended or migrated
    #[arg(long, env = "BOOKLINE_READ_BARRIER", value_enum, default_value_t, requires = "cluster")]
    read_barrier: ReadBarrier,
}

impl ClusterFlags {
    /// Whether this server is a member of a cluster.
    pub fn is_given(&self) -> bool {
        self.nats.is_given()
    }

    /// Checks that clients can be told where this server is, which listens on `listen`.
    pub fn check(&self, listen: &ListenAddress) -> Result<(), String> {
        if self.is_given() && !self.advertised(listen).names_a_host() {
            return Err(format!(
                "{} is no address at which clients reach this server: give one by --advertise HOST:PORT",
                self.advertised(listen)
            ));
        }
        Ok(())
    }

    /// The configuration of a member that listens on `listen`. `None` if this is a single server.
    pub fn config(&self, listen: &ListenAddress) -> Option<ClusterConfig> {
        Some(ClusterConfig {
            nats: self.nats.options(self.cluster_replicas)?,
            lease: self.lease,
            timeout: self.cluster_timeout,
            advertise: self.advertised(listen).to_string(),
            read_barrier: self.read_barrier,
        })
    }

    fn advertised<'a>(&'a self, listen: &'a ListenAddress) -> &'a ListenAddress {
        self.advertise.as_ref().unwrap_or(listen)
    }
}

fn parse_timeout(text: &str) -> Result<Duration, String> {
    parse_duration(text, TIMEOUT_MIN, TIMEOUT_MAX, "it is from 1s to 10m")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::Cli;
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        let member = ["booklined", "--cluster", "tls://a:4222,b:5222,c", "--cluster-name", "sales"];
        Cli::try_parse_from([&member, arguments].concat())
    }

    #[test]
    fn servers_have_the_scheme_of_the_first_and_a_member_is_where_it_listens() {
        let cli = parse(&["--listen", "10.0.0.7:2665"]).expect("flags of a member");
        assert_eq!(cli.check(), Ok(()));
        let config = cli.config().cluster.expect("a member");
        let servers = config
            .nats
            .servers
            .iter()
            .map(|server| format!("{}://{}:{}", server.scheme(), server.host(), server.port()));
        assert_eq!(servers.collect::<Vec<_>>(), ["tls://a:4222", "tls://b:5222", "tls://c:4222"]);
        assert_eq!(config.advertise, "10.0.0.7:2665");
        assert_eq!((config.lease, config.timeout), (Duration::from_secs(3), Duration::from_secs(10)));
    }

    #[test]
    fn member_that_listens_everywhere_has_to_say_where_clients_reach_it() {
        let refused = parse(&["--listen", "0.0.0.0:2665"]).expect("flags").check().expect_err("no host");
        assert!(refused.contains("0.0.0.0:2665") && refused.contains("--advertise"), "{refused}");
        let named = parse(&["--listen", "[::]:2665", "--advertise", "one.example:2665"]).expect("flags");
        assert_eq!(named.check(), Ok(()));
        assert_eq!(named.config().cluster.map(|config| config.advertise), Some("one.example:2665".into()));
    }

    #[test]
    fn what_a_member_cannot_have_is_refused() {
        for (arguments, named) in [
            (&["--durability", "interval"][..], "--durability"),
            (&["--demo"], "--demo"),
            (&["--import", "events.json"], "--import"),
            (&["--restore", "backup"], "--restore"),
        ] {
            let refused = parse(arguments).expect("flags").check().expect_err("a conflict");
            assert!(refused.contains(named), "{refused}");
        }
        for arguments in [
            &["--lease", "500ms"][..],
            &["--lease", "61s"],
            &["--cluster-replicas", "2"],
            &["--cluster-timeout", "0s"],
        ] {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
        assert!(Cli::try_parse_from(["booklined", "--cluster", "nats://a"]).is_err(), "it has no name");
        assert!(Cli::try_parse_from(["booklined", "--cluster-name", "sales"]).is_err(), "it has no log");
        let http = ["booklined", "--cluster", "http://a", "--cluster-name", "sales"];
        assert!(Cli::try_parse_from(http).is_err());
    }
}

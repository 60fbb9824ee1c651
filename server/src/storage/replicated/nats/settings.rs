//! The configuration of a cluster's stream.

use std::collections::HashMap;
use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};

use super::error::NatsError;
use super::options::NatsOptions;
use crate::storage::replicated::cluster_id::ClusterId;

/// The key of the cluster's id in the metadata of the stream.
const CLUSTER_ID: &str = "bookline-cluster-id";

/// For how long JetStream recognizes an append that is sent again. Later the appender compares the message.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(10 * 60);

/// What NATS writes for a limit that is not set.
const NO_LIMIT: i64 = -1;

pub(super) fn stream_name(options: &NatsOptions) -> String {
    format!("BOOKLINE-{}", options.cluster)
}

/// The object store with the snapshots.
pub(super) fn bucket_name(options: &NatsOptions) -> String {
    format!("BOOKLINE-{}-snapshots", options.cluster)
}

pub(super) fn subject(options: &NatsOptions) -> String {
    format!("bookline.{}.log", options.cluster)
}

/// The configuration of a new stream, of a cluster with this id.
pub(super) fn of_new(options: &NatsOptions, id: ClusterId) -> Config {
    Config {
        name: stream_name(options),
        description: Some(format!("the log of the Bookline cluster {}", options.cluster)),
        subjects: vec![subject(options)],
        num_replicas: options.replicas,
        storage: StorageType::File,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        max_bytes: NO_LIMIT,
        max_messages: NO_LIMIT,
        max_messages_per_subject: NO_LIMIT,
        max_message_size: -1,
        duplicate_window: DUPLICATE_WINDOW,
        deny_delete: true,
        metadata: HashMap::from([(CLUSTER_ID.to_owned(), id.to_string())]),
        ..Config::default()
    }
}

/// The id of the cluster whose stream has this configuration.
pub(super) fn cluster_id(config: &Config) -> Result<ClusterId, NatsError> {
    let text = config.metadata.get(CLUSTER_ID);
    let id = text.and_then(|text| ClusterId::parse(text));
    id.ok_or_else(|| NatsError::NoClusterId { stream: config.name.clone(), key: CLUSTER_ID })
}

/// Checks everything in the configuration that the promises of a cluster rest on.
pub(super) fn check(config: &Config, options: &NatsOptions) -> Result<(), NatsError> {
    let wanted = describe(&of_new(options, ClusterId::random()));
    let found = describe(config);
    let (found, wanted): (Vec<_>, Vec<_>) =
        found.into_iter().zip(wanted).filter(|(found, wanted)| found != wanted).unzip();
    if found.is_empty() {
        return Ok(());
    }
    let flags = wanted.iter().filter_map(|setting| flag_of(setting)).collect();
    Err(NatsError::Settings { stream: config.name.clone(), found, wanted, flags })
}

/// The settings that count, each as `nats stream edit` and the documentation of NATS name it.
fn describe(config: &Config) -> Vec<String> {
    let limit = |limit: i64| if limit <= 0 { "unlimited".to_owned() } else { limit.to_string() };
    vec![
        format!("subjects {:?}", config.subjects),
        format!("replicas {}", config.num_replicas),
        format!("storage {:?}", config.storage).to_lowercase(),
        format!("retention {:?}", config.retention).to_lowercase(),
        format!("discard {:?}", config.discard).to_lowercase(),
        format!("max-bytes {}", limit(config.max_bytes)),
        format!("max-msgs {}", limit(config.max_messages)),
        format!("max-msgs-per-subject {}", limit(config.max_messages_per_subject)),
        format!("max-msg-size {}", limit(config.max_message_size.into())),
        format!("max-age {}", limit(i64::try_from(config.max_age.as_nanos()).unwrap_or(i64::MAX))),
        format!("dupe-window {}s", config.duplicate_window.as_secs()),
        format!("no-ack {}", config.no_ack),
        format!("allow-rollup {}", config.allow_rollup),
        format!("deny-delete {}", config.deny_delete),
        format!("deny-purge {}", config.deny_purge),
        format!("allow-direct {}", config.allow_direct),
        format!("mirror {}", config.mirror.is_some()),
        format!("sources {}", config.sources.as_ref().is_some_and(|sources| !sources.is_empty())),
        format!("republish {}", config.republish.is_some()),
        format!("subject-transform {}", config.subject_transform.is_some()),
    ]
}

/// The flag of `nats stream edit` that makes this setting, for those that it can change. It does not know
/// them by other words.
fn flag_of(setting: &str) -> Option<String> {
    let (name, value) = setting.split_once(' ')?;
    match (name, value) {
        ("allow-direct" | "allow-rollup", "false") => Some(format!(" --no-{name}")),
        ("max-bytes" | "max-msgs" | "max-msgs-per-subject" | "max-msg-size", _) => {
            Some(format!(" --{name}=-1"))
        }
        ("replicas" | "discard" | "dupe-window", value) => Some(format!(" --{name}={value}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> NatsOptions {
        NatsOptions {
            servers: Vec::new(),
            cluster: "sales".parse().expect("a name"),
            replicas: 3,
            credentials: None,
            authorities: None,
            monitors: Vec::new(),
        }
    }

    #[test]
    fn a_new_stream_is_as_it_has_to_be() {
        let id = ClusterId::random();
        let config = of_new(&options(), id);
        check(&config, &options()).expect("the settings that are wanted");
        assert_eq!(cluster_id(&config).expect("an id"), id);
    }

    #[test]
    fn each_setting_that_was_changed_is_named_with_what_is_needed() {
        type Change = fn(&mut Config);
        let changes: [(Change, &str, &str, &str); 6] = [
            (|config| config.num_replicas = 1, "replicas 1", "replicas 3", " --replicas=3"),
            (|config| config.max_messages = 7, "max-msgs 7", "max-msgs unlimited", " --max-msgs=-1"),
            (|config| config.discard = DiscardPolicy::Old, "discard old", "discard new", " --discard=new"),
            (
                |config| config.allow_direct = true,
                "allow-direct true",
                "allow-direct false",
                " --no-allow-direct",
            ),
            (|config| config.deny_delete = false, "deny-delete false", "deny-delete true", ""),
            (|config| config.storage = StorageType::Memory, "storage memory", "storage file", ""),
        ];
        for (change, found, wanted, flags) in changes {
            let mut config = of_new(&options(), ClusterId::random());
            change(&mut config);
            let error = check(&config, &options()).expect_err("another setting").to_string();
            let expected = format!(
                "the stream BOOKLINE-sales has {found}, and a cluster needs {wanted}: correct it with `nats stream \
                 edit BOOKLINE-sales{flags}`"
            );
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn a_stream_without_an_id_is_not_of_a_cluster() {
        let mut config = of_new(&options(), ClusterId::random());
        config.metadata.clear();
        let error = cluster_id(&config).expect_err("no id").to_string();
        assert!(error.contains("its metadata has no valid bookline-cluster-id"), "{error}");
    }
}

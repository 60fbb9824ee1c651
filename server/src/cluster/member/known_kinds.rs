//! Which kinds of changes all members know: while they are upgraded one after the other, some know fewer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::current_member::CurrentMember;
use super::member_info::MemberInfo;
use super::members::ask_members;
use crate::storage::replicated::cluster_name::ClusterName;
use crate::storage::replicated::log::SharedKinds;
use crate::storage::replicated::nats::NatsClient;

/// The time between two questions to all members.
const ASK_AFTER: Duration = Duration::from_secs(20);

/// A member that has not answered for so long has stopped. It begins with what the log has then, and says so
/// if it cannot read it.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// The kinds that the members have said that they know.
#[derive(Debug, Default)]
pub struct KnownKinds {
    /// By the address of a member.
    members: HashMap<String, Answer>,
}

#[derive(Debug)]
struct Answer {
    at: Instant,
    kinds: u8,
    version: String,
}

impl KnownKinds {
    /// Asks all members without end, and tells the log of this one which changes it may append while it
    /// leads. A standby asks as well: it may lead before a member that is just started again can answer.
    pub async fn run(
        mut self,
        client: NatsClient,
        cluster: ClusterName,
        mut current: watch::Receiver<CurrentMember>,
    ) {
        loop {
            let log = current.borrow_and_update().log.clone();
            // Without an answer the last ones hold.
            if let Ok(members) = ask_members(&client, &cluster).await {
                self.note(&members, Instant::now());
                log.set_shared_kinds(self.shared());
            }
            tokio::select! {
                () = sleep(ASK_AFTER) => {}
                changed = current.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Notes what these members say, and forgets those who have not answered for long.
    fn note(&mut self, members: &[MemberInfo], now: Instant) {
        for member in members {
            let answer = Answer { at: now, kinds: member.kinds, version: member.version.clone() };
            self.members.insert(member.address.clone(), answer);
        }
        self.members.retain(|_, answer| now.duration_since(answer.at) < FORGOTTEN_AFTER);
    }

    /// The newest kind that all of them know, and who knows no newer one. `None` if there is nobody.
    fn shared(&self) -> Option<SharedKinds> {
        let (address, answer) =
            self.members.iter().min_by_key(|(address, answer)| (answer.kinds, *address))?;
        let known_by =
            format!("{address} runs version {}, which does not know this kind of change", answer.version);
        let upgrade: Arc<str> = format!("{known_by}: start the newer version there too").into();
        Some(SharedKinds { through: answer.kinds, upgrade })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(address: &str, kinds: u8) -> MemberInfo {
        MemberInfo { address: address.into(), kinds, version: "0.1.0".into(), ..MemberInfo::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn oldest_member_that_has_answered_in_the_last_minute_decides() {
        let mut known = KnownKinds::default();
        assert_eq!(known.shared(), None);
        let begun = Instant::now();
        known.note(&[member("a:1", 36), member("b:1", 34), member("c:1", 35)], begun);
        let shared = known.shared().expect("three members");
        assert_eq!(shared.through, 34);
        assert!(shared.upgrade.starts_with("b:1 runs version 0.1.0, which"), "{}", shared.upgrade);
        known.note(&[member("a:1", 36), member("c:1", 35)], begun + FORGOTTEN_AFTER - ASK_AFTER);
        assert_eq!(known.shared().map(|shared| shared.through), Some(34), "it may be restarting");
        known.note(&[member("a:1", 36), member("c:1", 36)], begun + FORGOTTEN_AFTER);
        assert_eq!(known.shared().map(|shared| shared.through), Some(36));
    }
}

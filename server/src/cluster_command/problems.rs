//! What is not as it should be in a cluster.

use std::collections::BTreeMap;

use super::status::{MemberStatus, Status};
use crate::cluster::{MemberInfo, MemberRole, SyncState};
use crate::storage::replicated::nats::StreamReport;

/// The messages that a member may be behind: a standby reads some hundred at a time, and a leader appends at
/// most some hundred in the time between two questions.
const LAG_MAX: u64 = 1_000;

/// What is wrong, a sentence each.
pub fn of(status: &Status) -> Vec<String> {
    let mut problems = Problems::default();
    problems.add_leaders(status.members.iter().map(|member| &member.info));
    status.members.iter().for_each(|member| problems.add_member(member));
    problems.add_versions(&status.members);
    match &status.stream {
        Some(stream) => problems.add_stream(stream),
        None => problems.add(format!("there is no stream BOOKLINE-{}", status.cluster)),
    }
    problems.add_snapshots(status);
    let sync = &status.sync;
    // The members have said it with more words, if they check it.
    let is_said = status.members.iter().any(|member| member.info.wrong.is_some());
    if sync.state == SyncState::NotAlways && !is_said {
        let nodes = sync.late.join(", ");
        problems.add(format!(
            "a power cut may lose what was acknowledged: {nodes} does not sync before it acknowledges"
        ));
    }
    for monitor in &sync.silent {
        problems.add(format!("the NATS server at {monitor} does not answer"));
    }
    problems.0
}

#[derive(Debug, Default)]
struct Problems(Vec<String>);

impl Problems {
    /// Adds a problem, once.
    fn add(&mut self, problem: String) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    fn add_leaders<'a>(&mut self, members: impl Iterator<Item = &'a MemberInfo> + Clone) {
        if members.clone().next().is_none() {
            return self.add("no member answers".into());
        }
        let mut leaders: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        for member in members.clone().filter(|member| member.leads()) {
            leaders.entry(member.term).or_default().push(&member.address);
        }
        let term = members.map(|member| member.term).max().unwrap_or(0);
        if !leaders.contains_key(&term) {
            self.add("nobody leads".into());
        }
        for (&of, leaders) in &leaders {
            let named = leaders.join(" and ");
            if leaders.len() > 1 {
                self.add(format!(
                    "{named} both lead in term {of}: one of them is of another cluster or wrong"
                ));
            }
            if of < term {
                self.add(format!("{named} does not know yet that term {of} is over"));
            }
        }
    }

    fn add_versions(&mut self, members: &[MemberStatus]) {
        let newest = members.iter().map(|member| member.info.kinds).max().unwrap_or(0);
        for MemberStatus { info, .. } in members.iter().filter(|member| member.info.kinds < newest) {
            self.add(format!(
                "{} runs version {}, which does not know all changes that the others know: the leader makes none of \
                 those until the newer version is started there too",
                info.address, info.version
            ));
        }
    }

    fn add_member(&mut self, member: &MemberStatus) {
        let MemberStatus { info, lag } = member;
        let address = &info.address;
        if info.catching_up {
            self.add(format!("{address} is catching up: it has {lag} messages to read"));
        } else if *lag > LAG_MAX {
            self.add(format!("{address} is {lag} messages behind"));
        } else if info.role == MemberRole::Standby && info.heard_milliseconds > info.lease_milliseconds {
            let seconds = info.heard_milliseconds / 1_000;
            self.add(format!("{address} has heard of no leader for {seconds} s"));
        }
        if matches!(info.role, MemberRole::Resigning | MemberRole::Other) {
            self.add(format!("{address} is {}", info.role.name()));
        }
        if let Some(wrong) = &info.wrong {
            self.add(format!("changes are refused: {wrong}"));
        }
    }

    /// A server that joins needs a confirmed snapshot that reaches to the first message that is left.
    fn add_snapshots(&mut self, status: &Status) {
        let first = status.stream.as_ref().map_or(0, |stream| stream.first);
        let mut confirmed = status.snapshots.iter().filter(|snapshot| snapshot.confirmed_by.is_some());
        if first > 1 && !confirmed.any(|snapshot| snapshot.message + 1 >= first) {
            self.add(format!(
                "the log begins with message {first}, and the bucket has no confirmed snapshot of the messages before: no \
                 server can join"
            ));
        }
    }

    fn add_stream(&mut self, stream: &StreamReport) {
        if stream.leader.is_none() {
            self.add("the stream has no leader: most of its NATS servers are down, or elect one".into());
        }
        if stream.replicas.len() < stream.replicas_wanted {
            let (found, wanted) = (stream.replicas.len(), stream.replicas_wanted);
            self.add(format!("the stream has {found} replicas of {wanted}"));
        }
        for replica in stream.replicas.iter().filter(|replica| replica.is_offline) {
            self.add(format!("the replica of the stream on {} is offline", replica.node));
        }
        for replica in stream.replicas.iter().filter(|replica| !replica.is_offline && !replica.is_current) {
            self.add(format!(
                "the replica of the stream on {} is {} appends behind",
                replica.node, replica.lag
            ));
        }
        if let Some(wrong) = &stream.wrong {
            self.add(format!("changes are refused: {wrong}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::SyncReport;
    use crate::storage::replicated::nats::ReplicaReport;

    fn member(address: &str, role: MemberRole, term: u32) -> MemberInfo {
        MemberInfo {
            address: address.into(),
            role,
            term,
            applied: 100,
            lease_milliseconds: 3_000,
            ..Default::default()
        }
    }

    fn healthy() -> Status {
        let members = vec![member("a:1", MemberRole::Leader, 3), member("b:1", MemberRole::Standby, 3)];
        let replica =
            |node: &str| ReplicaReport { node: node.into(), is_current: true, is_offline: false, lag: 0 };
        let stream = StreamReport {
            name: "BOOKLINE-sales".into(),
            cluster_id: None,
            created: "2026-11-27T19:00:00.000000Z".into(),
            leader: Some("n0".into()),
            replicas_wanted: 3,
            replicas: ["n0", "n1", "n2"].map(replica).into(),
            messages: 100,
            bytes: 10_000,
            first: 1,
            last: 100,
            wrong: None,
        };
        let sync = SyncReport { state: SyncState::Always, ..SyncReport::default() };
        Status::new("sales".into(), members, Some(stream), Vec::new(), sync)
    }

    /// The problems of a cluster that is healthy but for this.
    fn problems(spoil: impl FnOnce(&mut Status)) -> Vec<String> {
        let mut status = healthy();
        spoil(&mut status);
        of(&status)
    }

    fn stream(status: &mut Status) -> &mut StreamReport {
        status.stream.as_mut().expect("a stream")
    }

    #[test]
    fn healthy_cluster_has_no_problems() {
        assert_eq!(problems(|_| {}), [""; 0]);
        assert_eq!(
            problems(|status| status.sync = SyncReport::default()),
            [""; 0],
            "unchecked is said, not wrong"
        );
    }

    #[test]
    fn each_problem_is_named() {
        type Spoil = fn(&mut Status);
        let cases: [(Spoil, &str); 15] = [
            (|status| status.members[0].info.kinds = 7, "b:1 runs version , which does not know all changes"),
            (|status| stream(status).first = 7, "the log begins with message 7"),
            (|status| status.members.clear(), "no member answers"),
            (|status| status.members[0].info.role = MemberRole::Standby, "nobody leads"),
            (|status| status.members[1].info.role = MemberRole::Leader, "a:1 and b:1 both lead in term 3"),
            (|status| status.members[1].info.term = 4, "a:1 does not know yet that term 3 is over"),
            (|status| status.members[1].info.catching_up = true, "b:1 is catching up"),
            (|status| status.members[1].lag = 1_001, "b:1 is 1001 messages behind"),
            (
                |status| status.members[1].info.heard_milliseconds = 4_000,
                "b:1 has heard of no leader for 4 s",
            ),
            (|status| status.members[1].info.wrong = Some("it is".into()), "changes are refused: it is"),
            (|status| status.stream = None, "there is no stream BOOKLINE-sales"),
            (|status| stream(status).leader = None, "the stream has no leader"),
            (
                |status| stream(status).replicas[2].is_offline = true,
                "the replica of the stream on n2 is offline",
            ),
            (|status| stream(status).wrong = Some("it is".into()), "changes are refused: it is"),
            (
                |status| {
                    status.sync =
                        SyncReport { state: SyncState::NotAlways, late: vec!["n1".into()], silent: vec![] }
                },
                "a power cut may lose what was acknowledged: n1",
            ),
        ];
        for (spoil, expected) in cases {
            let problems = problems(spoil);
            assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{expected}: {problems:?}");
        }
    }
}

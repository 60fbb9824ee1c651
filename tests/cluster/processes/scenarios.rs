//! What happens to a cluster under load, one thing after another.

use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bookline_testkit::Rng;

use super::cluster::{Cluster, Leadership, SERVERS};
use super::fault::{Fault, Kind, Server, begin_all, end_all};
use super::fixture::Fixture;
use super::follower::{Follower, Shared};
use super::history::History;
use super::load::{CLIENTS, Outcome, under_load};
use super::outage::{self, LEASE};
use super::progress::Progress;
use super::reader::ReaderLog;

/// After a leader is killed or stopped, the sale goes on within this time.
const LEADER_LIMIT: Duration = Duration::from_secs(5);

/// The same for the NATS server that leads the stream. An election takes 4 to 8 seconds.
const STREAM_LEADER_LIMIT: Duration = Duration::from_secs(10);

/// The same for both at once.
const BOTH_LIMIT: Duration = Duration::from_secs(15);

/// How long a server is stopped.
const STOPPED: Duration = Duration::from_secs(10);

/// For so long most of the NATS servers are down.
const WITHOUT_QUORUM: Duration = Duration::from_secs(20);

/// For how many milliseconds leaders sleep, one time after another: for less than a lease, and until another
/// one takes over at about that time.
const NAP_MILLIS: [Range<u64>; 4] = [3_000..4_000, 500..3_000, 3_000..4_000, 500..3_000];

/// How many leaders step down, one after another.
const STEP_DOWNS: u64 = 4;

/// What a server that fails is in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Leader,
    Standby,
    /// The NATS server that leads the stream.
    StreamLeader,
    StreamFollower,
}

pub struct Scenarios {
    cluster: Cluster,
    rng: Rng,
    /// The number of the next fixture.
    next: u64,
    /// The histories so far.
    histories: Vec<History>,
    /// What took longer than it may.
    too_late: Vec<String>,
}

impl Scenarios {
    pub fn new(cluster: Cluster, rng: Rng) -> Self {
        Self { cluster, rng, next: 0, histories: Vec::new(), too_late: Vec::new() }
    }

    /// Runs all scenarios. Returns what took longer than it may.
    pub fn run(mut self) -> Vec<String> {
        let (kill, stop) = (Kind::Kill, Kind::Stop);
        self.fail("the leader is killed", &[Role::Leader], &[kill], LEADER_LIMIT);
        self.fail("the leader sleeps", &[Role::Leader], &[stop], LEADER_LIMIT);
        self.nap();
        self.step_down();
        self.fail("the stream's leader is killed", &[Role::StreamLeader], &[kill], STREAM_LEADER_LIMIT);
        self.fail("the stream's leader sleeps", &[Role::StreamLeader], &[stop], STREAM_LEADER_LIMIT);
        let kinds = [Kind::draw(&mut self.rng), Kind::draw(&mut self.rng)];
        self.fail("both fail", &[Role::Leader, Role::StreamLeader], &kinds, BOTH_LIMIT);
        let kinds = [Kind::draw(&mut self.rng), Kind::draw(&mut self.rng)];
        if self.rng.one_in(2) {
            self.fail("the standbys fail", &[Role::Standby; 2], &kinds, LEADER_LIMIT);
        } else {
            let roles = [Role::Standby, Role::StreamFollower];
            self.fail("two that do not lead fail", &roles, &kinds, STREAM_LEADER_LIMIT);
        }
        self.lose_quorum();
        self.kill_all();
        self.too_late
    }

    /// Lets servers fail under load, and waits until the sale goes on without them, and then with them.
    fn fail(&mut self, name: &str, roles: &[Role], kinds: &[Kind], limit: Duration) {
        let (before, pids) = (self.cluster.settled(), self.cluster.pids());
        let servers = self.servers(&before, roles);
        let faults: Vec<_> =
            servers.into_iter().zip(kinds).map(|(server, &kind)| Fault { server, kind }).collect();
        let faults = &faults;
        let ((fault, first_change), readers) = self.under_load(name, |cluster, progress| {
            let fault = begin_all(faults, cluster);
            let first_change = progress.change_after(fault.complete);
            let last_change = progress.change_of_each_after(CLIENTS, fault.complete);
            println!(
                "    {faults:?}: a change after {:.2} s, of each client after {:.2} s; at most {limit:?}",
                (first_change - fault.began).as_secs_f64(),
                (last_change - fault.began).as_secs_f64(),
            );
            // A server that sleeps has something to miss.
            if faults.iter().any(|fault| fault.kind == Kind::Stop) {
                thread::sleep(STOPPED.saturating_sub(fault.began.elapsed()));
            }
            let ended = Instant::now();
            end_all(faults, cluster);
            ((fault.complete..ended), first_change - fault.began)
        });
        if first_change > limit {
            self.too_late.push(format!("{name}: {first_change:?} until the first change, not {limit:?}"));
        }
        self.describe_reads(faults, &fault, &readers);
        let after = self.cluster.settled();
        self.describe_leadership(&before, &after);
        self.expect_the_same_processes(&pids, faults);
    }

    /// The servers with these roles, each another one.
    fn servers(&self, leadership: &Leadership, roles: &[Role]) -> Vec<Server> {
        let (leader, stream_leader) = (leadership.leader, self.cluster.stream_leader());
        let mut standbys = (0..SERVERS).filter(move |&member| member != leader);
        let mut followers = (0..SERVERS).filter(move |&node| node != stream_leader);
        let server = |role: &Role| match role {
            Role::Leader => Server::Member(leader),
            Role::Standby => Server::Member(standbys.next().expect("a standby")),
            Role::StreamLeader => Server::Nats(stream_leader),
            Role::StreamFollower => Server::Nats(followers.next().expect("a follower")),
        };
        roles.iter().map(server).collect()
    }

    /// Stops whoever leads a few times, for times around the lease.
    fn nap(&mut self) {
        let (before, pids) = (self.cluster.settled(), self.cluster.pids());
        let naps = NAP_MILLIS.map(|millis| Duration::from_millis(self.rng.within(millis)));
        self.under_load("leaders sleep for short", |cluster, progress| {
            for nap in naps {
                let leader = cluster.leadership().leader;
                let fault = Fault { server: Server::Member(leader), kind: Kind::Stop };
                let time = begin_all(&[fault], cluster);
                thread::sleep(nap);
                end_all(&[fault], cluster);
                let first_change = progress.change_after(time.complete);
                println!(
                    "    server {leader} for {:.2} s: a change after {:.2} s",
                    nap.as_secs_f64(),
                    (first_change - time.began).as_secs_f64()
                );
                progress.change_of_each_after(CLIENTS, Instant::now());
            }
        });
        let after = self.cluster.settled();
        self.describe_leadership(&before, &after);
        self.expect_the_same_processes(&pids, &[]);
    }

    /// Lets leaders step down, one after another.
    fn step_down(&mut self) {
        let (before, pids) = (self.cluster.settled(), self.cluster.pids());
        self.under_load("leaders step down", |cluster, progress| {
            for _ in 0..STEP_DOWNS {
                let printed = cluster.step_down();
                let stepped_down = Instant::now();
                let last_change = progress.change_of_each_after(CLIENTS, stepped_down);
                let seconds = (last_change - stepped_down).as_secs_f64();
                println!("    {printed}; a change of each client {seconds:.2} s later");
            }
        });
        let after = self.cluster.settled();
        self.describe_leadership(&before, &after);
        assert!(after.term >= before.term + STEP_DOWNS, "each begins a term");
        self.expect_the_same_processes(&pids, &[]);
    }

    /// Kills most of the NATS servers. Without them nothing is answered, and afterwards everything goes on.
    fn lose_quorum(&mut self) {
        let (before, pids) = (self.cluster.settled(), self.cluster.pids());
        let first = self.rng.below(SERVERS);
        let down = [first, (first + 1) % SERVERS]
            .map(|node| Fault { server: Server::Nats(node), kind: Kind::draw(&mut self.rng) });
        let (without_quorum, _) = self.under_load("most NATS servers fail", |cluster, progress| {
            let fault = begin_all(&down, cluster);
            let too_late = outage::ask_leader(cluster, before.leader, fault.complete);
            outage::expect_no_known_leader(cluster, before.leader);
            thread::sleep(WITHOUT_QUORUM.saturating_sub(fault.began.elapsed()));
            let returned = Instant::now();
            end_all(&down, cluster);
            let first_change = progress.change_after(returned);
            println!(
                "    {down:?}: a change {:.2} s after they are back",
                (first_change - returned).as_secs_f64()
            );
            (fault.complete + LEASE..returned, too_late)
        });
        let (without_quorum, too_late) = without_quorum;
        self.too_late.extend(too_late);
        self.histories.last().expect("a history").expect_no_answer(&without_quorum);
        outage::expect_nothing_done(&mut self.cluster);
        let after = self.cluster.settled();
        self.describe_leadership(&before, &after);
        self.expect_the_same_processes(&pids, &[]);
    }

    /// Kills everything, starts it again, and checks again what all clients were answered.
    fn kill_all(&mut self) {
        let before = self.cluster.settled();
        let members = (0..SERVERS).map(Server::Member);
        let all: Vec<_> = members
            .chain((0..SERVERS).map(Server::Nats))
            .map(|server| Fault { server, kind: Kind::Kill })
            .collect();
        self.under_load("everything is killed", |cluster, progress| {
            begin_all(&all, cluster);
            let started = Instant::now();
            end_all(&all, cluster);
            let first_change = progress.change_after(started);
            println!("    a change {:.2} s after the start", (first_change - started).as_secs_f64());
        });
        let after = self.cluster.settled();
        self.describe_leadership(&before, &after);
        let mut servers = self.follower();
        self.histories.drain(..).for_each(|mut history| history.check(&mut servers));
    }

    /// Runs a fault under load: before it all clients work, and after it they do again. Checks what they were
    /// answered.
    fn under_load<T>(
        &mut self,
        name: &str,
        fault: impl FnOnce(&mut Cluster, &Progress) -> T,
    ) -> (T, Vec<ReaderLog>) {
        let started = Instant::now();
        println!("  {name}");
        let fixture = Fixture::new(self.next);
        self.next += 1;
        let addresses = self.cluster.addresses();
        let cluster = &mut self.cluster;
        let Outcome { mut history, readers, result } =
            under_load(&addresses, &fixture, &mut self.rng, |progress| {
                progress.change_of_each_after(CLIENTS, Instant::now());
                let result = fault(cluster, progress);
                cluster.settled();
                progress.change_of_each_after(CLIENTS, Instant::now());
                result
            });
        let loaded = started.elapsed();
        history.check(&mut self.follower());
        let (known, unknown) = history.counts();
        println!(
            "    {known} replies, {unknown} unknown outcomes; {:.1} s of load, {:.1} s of checks",
            loaded.as_secs_f64(),
            (started.elapsed() - loaded).as_secs_f64()
        );
        self.histories.push(history);
        (result, readers)
    }

    fn follower(&self) -> Follower {
        Follower::new(self.cluster.addresses(), 0, Arc::new(Shared::default()))
    }

    /// What became of the reads that were sent to members while they were stopped.
    fn describe_reads(&self, faults: &[Fault], stopped: &Range<Instant>, readers: &[ReaderLog]) {
        let addresses = self.cluster.addresses();
        for fault in faults.iter().filter(|fault| fault.kind == Kind::Stop) {
            let Server::Member(member) = fault.server else { continue };
            let reader = readers.iter().find(|reader| reader.address == addresses[member]);
            let reader = reader.expect("a reader of each member");
            let sent = reader.sent.iter().filter(|&sent| stopped.contains(sent)).count();
            let answered = reader.records.iter().filter(|record| stopped.contains(&record.sent.at)).count();
            assert!(sent > 0, "the reader of a member that is stopped goes on");
            println!("    {sent} reads were sent to it while it was stopped, and it answered {answered}");
        }
    }

    fn describe_leadership(&self, before: &Leadership, after: &Leadership) {
        let Leadership { leader, term } = before;
        println!("    leader {leader} in term {term}, then {} in term {}", after.leader, after.term);
    }

    /// Asserts that no member was started again but those that were killed.
    fn expect_the_same_processes(&mut self, before: &[u32], faults: &[Fault]) {
        let after = self.cluster.pids();
        for member in 0..SERVERS {
            let is_killed =
                faults.iter().any(|fault| fault.server == Server::Member(member) && fault.kind == Kind::Kill);
            assert!(is_killed || before[member] == after[member], "server {member} was started again");
        }
    }
}

//! The watchdog over a log whose disk stalls, under a paused clock.

use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::Duration;

use bookline_server::codec::Sequence;
use bookline_server::commands::Service;
use bookline_server::service_manager::{Notifier, Watchdog};
use bookline_server::state::{Context, EventValues, Records, StateLimits, Store};
use bookline_server::storage::journal::{Base, Durability, Journal, Opening, Options};
use bookline_server::storage::log::Log;
use bookline_server::storage::snapshot::snapshotter::{Schedule, Snapshotter};
use bookline_testkit::disk::SimDisk;
use bookline_testkit::{service, system_clock};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::sleep;

/// The time after which a service manager would restart the server.
const PERIOD: Duration = Duration::from_secs(30);

fn journal(disk: &SimDisk) -> Arc<Journal> {
    let options = Options {
        durability: Durability::Always,
        segment_size: 1 << 20,
        keep_bytes: 0,
        base: Base { fresh: true, ..Base::default() },
        newest_snapshot: None,
        recent_bytes: 0,
    };
    let opened = Journal::read(Arc::new(disk.clone()), options, &mut |_| Ok(())).and_then(Opening::open);
    Arc::new(opened.expect("an empty disk").0)
}

fn service_of(journal: &Arc<Journal>) -> Arc<Service> {
    let clock = system_clock();
    let store = Store::new(Records::new(1), StateLimits::NONE, journal.clone(), clock.clone());
    let schedule = Schedule { every: u64::MAX, at_most_every: Duration::ZERO };
    let disk = Arc::new(SimDisk::new(1));
    let snapshots = Snapshotter::start(disk, journal.clone(), Sequence(0), schedule).expect("a thread");
    service(store, snapshots, clock).into()
}

/// Makes a change, and does not wait for the disk.
fn change(service: &Service, id: &str) {
    let date = bookline_protocol::Date::parse("2027-06-12").expect("a date");
    let terms = Default::default();
    let event = EventValues { id, name: id, date, total: 1, issued: 0, terms };
    service.store.create(&mut Context::default(), &event, None).expect("space for it");
}

/// Waits in real time, while the clock of the test stands still.
fn wait_until_durable(journal: &Journal) {
    while journal.durable() < journal.appended() {
        std::thread::yield_now();
    }
}

/// The messages that have arrived.
fn messages(socket: &UnixDatagram) -> usize {
    let mut buffer = [0; 64];
    let mut count = 0;
    while let Ok(length) = socket.recv(&mut buffer) {
        assert_eq!(&buffer[..length], b"WATCHDOG=1\n");
        count += 1;
    }
    count
}

#[tokio::test(start_paused = true)]
async fn pings_stop_while_the_disk_stalls_and_when_the_committer_has_ended() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    let disk = SimDisk::new(0);
    let journal = journal(&disk);
    let service = service_of(&journal);
    let (_sender, current) = watch::channel(service.clone());
    let notifier = Notifier::new(path.as_os_str()).expect("a path");
    let watchdog = Watchdog::new(current, PERIOD);
    let watching = tokio::spawn(async move { watchdog.run(&notifier).await });

    sleep(4 * PERIOD).await;
    assert!(messages(&socket) >= 8, "an idle server is well");
    change(&service, "one");
    wait_until_durable(&journal);
    sleep(2 * PERIOD).await;
    assert!(messages(&socket) >= 4, "a server with a healthy disk is well");

    disk.pause_writes();
    change(&service, "two");
    disk.wait_for_paused_write();
    // The next look sees for the first time what has to be written.
    sleep(PERIOD).await;
    assert!(messages(&socket) <= 2);
    sleep(10 * PERIOD).await;
    assert_eq!(messages(&socket), 0, "the disk has stalled for ten periods");
    disk.resume_writes();
    wait_until_durable(&journal);
    sleep(PERIOD / 8).await;
    assert_eq!(messages(&socket), 1, "the disk answers again");

    journal.fail("syncing", "a segment", &std::io::Error::other("broken"));
    while journal.progress().is_some() {
        std::thread::yield_now();
    }
    sleep(10 * PERIOD).await;
    assert_eq!(messages(&socket), 0, "the committer has ended");
    watching.abort();
}

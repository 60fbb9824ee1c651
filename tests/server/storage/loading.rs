//! `--demo` and `--import` on a disk that fails.

use std::sync::Arc;

use bookline_server::commands::Service;
use bookline_server::demo;
use bookline_server::import;
use bookline_server::state::{Context, Records, StateLimits, Store};
use bookline_testkit::disk::{Counts, Faults, IoSource, SimDisk};
use bookline_testkit::system_clock;
use tempfile::NamedTempFile;

use crate::storage::journal::history::{History, SMALL, block_on};
use crate::storage::snapshot::machine::Machine;

fn service(machine: &mut Machine) -> Service {
    let server = machine.start().expect("a fresh disk");
    bookline_testkit::service(server.store, server.snapshotter, system_clock())
}

#[test]
fn load_of_a_loaded_demo_changes_nothing() {
    let mut machine = Machine::new(1);
    let service = service(&mut machine);
    for _ in 0..2 {
        block_on(demo::load(&service)).expect("the disk works");
        assert_eq!(service.store.totals(&mut Context::default()).events, 3);
    }
}

/// It would hang if it waited for the capacity of a failed journal.
#[test]
fn demo_fails_when_a_write_or_a_sync_fails() {
    for fail_write in [true, false] {
        let mut machine = Machine::new(1);
        let service = service(&mut machine);
        let Counts { writes, syncs, .. } = machine.journal.counts(IoSource::Foreground);
        machine.journal.set_faults(Faults {
            fail_write: fail_write.then_some(writes + 1),
            fail_sync: (!fail_write).then_some(syncs + 1),
            ..Faults::default()
        });
        let error = block_on(demo::load(&service)).expect_err("the disk fails");
        assert!(error.to_string().contains("EIO"), "{error}");
    }
}

/// It would hang if it waited for the capacity of a failed journal.
#[test]
fn import_fails_when_a_sync_fails() {
    let disk = SimDisk::new(1);
    let (journal, _) = History::default().open(&disk, SMALL).expect("a fresh journal");
    let store = Store::new(Records::new(2), StateLimits::NONE, Arc::new(journal), system_clock());
    let syncs = disk.counts(IoSource::Foreground).syncs;
    disk.set_faults(Faults { fail_sync: Some(syncs + 1), ..Faults::default() });
    let event = |n| format!(r#"{{"id":"{n}","name":"a concert","date":"2026-12-31","totalTickets":10}}"#);
    let file = NamedTempFile::new().expect("a temporary file");
    let events = (0..500).map(event).collect::<Vec<_>>().join(",");
    std::fs::write(file.path(), format!("[{events}]")).expect("write succeeds");
    let events = import::read(file.path()).expect("a list of events");
    let error = block_on(import::load(&events, &store)).expect_err("the sync fails");
    assert!(error.to_string().contains("EIO"), "{error}");
}

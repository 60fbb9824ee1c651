//! Concurrent changes of accounts.

use bookline_protocol::Role;
use shuttle::thread::spawn;

use crate::changes::Change;
use crate::codec::Sequence;
use crate::disk::Disk;
use crate::explore::explore;
use crate::state::{
    AccountRejection, AccountUpdate, AccountValues, Context, Error, Records, SecretHash, StateLimits, Store,
};
use crate::waiting::{ONE_SEGMENT, clock, open, release};

/// A store with the admins `anna` and `ben`, and what it writes to.
fn new_store(disk: &Disk) -> Store {
    let store = Store::new(Records::new(2), StateLimits::NONE, open(disk, ONE_SEGMENT), clock());
    for name in ["anna", "ben"] {
        add(&store, name, Role::Admin).expect("a free name");
    }
    store
}

fn add(store: &Store, name: &str, role: Role) -> Result<(), Error<AccountRejection>> {
    let values = AccountValues { name, role, person: "", secret: SecretHash::Token([7; 32]) };
    store.add_account(&mut Context::default(), &values).map(drop)
}

/// One admin demotes the other while that one is dropped, each while it is an admin.
#[test]
fn one_admin_is_left_whoever_demotes_and_drops() {
    explore(|| {
        let disk = Disk::default();
        let store = new_store(&disk);
        let dropping = spawn({
            let store = store.clone();
            move || store.drop_account(&mut Context::default(), "anna").is_ok()
        });
        let demoting = spawn({
            let store = store.clone();
            move || {
                let update = AccountUpdate { role: Some(Role::Door), ..AccountUpdate::default() };
                store.set_account(&mut Context::default(), "ben", &update).is_ok()
            }
        });
        let done = [dropping, demoting].map(|client| client.join().expect("a client"));
        assert_ne!(done[0], done[1], "exactly one of them is refused");
        let left = store.accounts_page(&mut Context::default(), None, 10);
        assert_eq!(left.iter().filter(|account| account.role == Role::Admin).count(), 1);
        store.log().close().expect("no disk error");
    });
}

/// STATS compares the counter of the limit with the accounts, and its commits are those it counts.
#[test]
fn totals_are_of_one_moment_beside_changes_of_accounts() {
    explore(|| {
        let disk = Disk::default();
        let store = new_store(&disk);
        let adding = spawn({
            let store = store.clone();
            move || {
                add(&store, "cleo", Role::Seller).expect("a free name");
                add(&store, "dora", Role::Seller).expect("a free name");
            }
        });
        let totals = store.totals(&mut Context::default());
        assert_eq!(totals.sequence, Sequence(totals.accounts), "each commit has added one");
        adding.join().expect("a client");
        store.log().close().expect("no disk error");
    });
}

/// A client that has seen the version of a change finds that change, which is durable when its reply is sent.
#[test]
fn version_shows_a_change_that_can_be_found_and_is_durable_when_it_is_told() {
    explore(|| {
        let disk = Disk::default();
        let store = new_store(&disk);
        let before = store.accounts_version();
        let adding = spawn({
            let store = store.clone();
            move || add(&store, "cleo", Role::Seller).expect("a free name")
        });
        let looking = spawn({
            let (disk, store) = (disk.clone(), store.clone());
            move || {
                let is_new = store.accounts_version() != before;
                let mut context = Context::default();
                let found = store.account(&mut context, "cleo").is_some();
                assert!(found || !is_new, "the version changed, and the account is not there");
                release(&store, context);
                let mut durable = false;
                disk.after_power_cut().read(Sequence(0), |_, change| {
                    durable |= matches!(change, Change::AccountAdded(added) if added.0.name == "cleo");
                });
                assert!(durable || !found, "the account was shown, and is not durable");
            }
        });
        adding.join().expect("a client");
        looking.join().expect("a client");
        store.log().close().expect("no disk error");
    });
}

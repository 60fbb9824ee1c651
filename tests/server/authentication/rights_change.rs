//! Accounts that change while they are connected.

use bookline_protocol::Role;

use super::Staffed;

#[test]
fn changed_role_counts_from_the_next_request_on() {
    let staffed = Staffed::start(&[]);
    let (mut admin, mut seller) = (staffed.connect(Role::Admin), staffed.connect(Role::Seller));
    admin.ask("CREATE Jazz 2027-01-04 10 id=jazz").ok();
    seller.ask("BOOK jazz 1").ok();
    admin.ask("ACCOUNT SET seller role=viewer").ok();
    assert_eq!(seller.ask("BOOK jazz 1").err("FORBIDDEN")["needs"], "seller");
    admin.ask("ACCOUNT SET seller role=organizer person=F1").ok();
    seller.ask("UPDATE jazz tickets=20").ok();
    assert_eq!(seller.ask("WHOAMI").ok()["person"], "F1");
}

#[test]
fn watcher_is_shown_nothing_that_its_account_may_not_see_any_more() {
    let staffed = Staffed::start(&[]);
    let (mut admin, mut organizer) = (staffed.connect(Role::Admin), staffed.connect(Role::Organizer));
    organizer.ask("WATCH calendars").ok();
    admin.ask("BLOCK F1 2027-01-04 09:00").ok();
    assert_eq!(organizer.change().body["by"], "admin");
    admin.ask("ACCOUNT SET organizer role=seller").ok();
    admin.ask("BLOCK F1 2027-01-04 10:00").ok();
    let refused = organizer.reply();
    assert_eq!(refused.err("FORBIDDEN")["needs"], "organizer");
    organizer.expect_end();
}

#[test]
fn who_made_a_change_is_shown_to_organizers_only() {
    let staffed = Staffed::start(&[]);
    let mut watchers = [staffed.connect(Role::Viewer), staffed.connect(Role::Organizer)];
    for watcher in &mut watchers {
        watcher.ask("WATCH events").ok();
    }
    staffed.connect(Role::Admin).ask("CREATE Jazz 2027-01-04 10 id=jazz").ok();
    let [of_viewer, of_organizer] = watchers.each_mut().map(|watcher| watcher.change());
    assert_eq!(of_viewer.body.get("by"), None);
    assert_eq!(of_organizer.body["by"], "admin");
}

#[test]
fn connections_of_a_dropped_account_are_closed_idle_ones_too() {
    let staffed = Staffed::start(&[]);
    let mut admin = staffed.connect(Role::Admin);
    let (mut idle, mut watching) = (staffed.connect(Role::Seller), staffed.connect(Role::Seller));
    watching.ask("WATCH events").ok();
    assert_eq!(admin.ask("ACCOUNT DROP seller").ok()["dropped"], "seller");
    for conn in [&mut idle, &mut watching] {
        conn.reply().err("UNAUTHENTICATED");
        conn.expect_end();
    }
    let mut again = staffed.server.connect();
    again.ask(&format!("AUTH seller {}", staffed.tokens["seller"])).err("UNAUTHENTICATED");
    // A new account of the name is another one.
    let added = admin.ask("ACCOUNT ADD seller role=door");
    let token = added.ok()["secret"].as_str().expect("a token").to_owned();
    assert_eq!(again.ask(&format!("AUTH seller {token}")).ok()["role"], "door");
}

#[test]
fn last_admin_stays() {
    let staffed = Staffed::start(&[]);
    let mut admin = staffed.connect(Role::Admin);
    admin.ask("ACCOUNT DROP admin").err("CONFLICT");
    admin.ask("ACCOUNT SET admin role=organizer").err("CONFLICT");
    admin.ask("ACCOUNT ADD second role=admin").ok();
    admin.ask("ACCOUNT DROP admin").ok();
    admin.reply().err("UNAUTHENTICATED");
    admin.expect_end();
}

#[test]
fn secret_is_changed_and_the_old_one_proves_nothing() {
    let staffed = Staffed::start(&[]);
    let mut admin = staffed.connect(Role::Admin);
    let new = admin.ask("ACCOUNT SET door secret=").ok()["secret"].as_str().expect("a token").to_owned();
    let mut conn = staffed.server.connect();
    conn.ask(&format!("AUTH door {}", staffed.tokens["door"])).err("UNAUTHENTICATED");
    conn.ask(&format!("AUTH door {new}")).ok();
    assert_eq!(admin.ask("ACCOUNT SET door secret=\"tea at four\"").ok().get("secret"), None);
    conn.ask("AUTH door \"tea at four\"").ok();
    conn.ask(&format!("AUTH door {new}")).err("UNAUTHENTICATED");
}

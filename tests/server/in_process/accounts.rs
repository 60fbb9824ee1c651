//! Accounts in the state: what is decided of them, and what a crash and a replay leave.
//!
//! It would fail if two accounts had one name, if the last admin were dropped or demoted, if a refused change
//! left anything, if connections of an account were not told that it is dropped, if the version stayed the
//! same over a change, or if a replay made other accounts than were decided.

use bookline_protocol::Role;
use bookline_server::state::{
    Account, AccountNumber, AccountRejection, AccountUpdate, AccountValues, Context, DependsOn, Error,
    SecretHash, StateLimits, StoredSecret,
};
use bookline_server::storage::log::{AppendError, Log};
use bookline_testkit::MemoryLog;
use bookline_testkit::in_memory::Server;

const PASSWORD: &str = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

fn server(limits: StateLimits) -> Server {
    Server::on(MemoryLog::default(), 2, limits)
}

fn values(name: &str, role: Role) -> AccountValues<'_> {
    AccountValues { name, role, person: "", secret: SecretHash::Token([7; 32]) }
}

fn add(server: &Server, name: &str, role: Role) -> Result<AccountNumber, Error<AccountRejection>> {
    let added = server.store().add_account(&mut Context::default(), &values(name, role));
    added.map(|account| account.number)
}

fn set(server: &Server, name: &str, update: AccountUpdate<'_>) -> Result<(), Error<AccountRejection>> {
    server.store().set_account(&mut Context::default(), name, &update).map(drop)
}

fn to_role(role: Role) -> AccountUpdate<'static> {
    AccountUpdate { role: Some(role), ..AccountUpdate::default() }
}

fn drop_account(server: &Server, name: &str) -> Result<(), Error<AccountRejection>> {
    server.store().drop_account(&mut Context::default(), name).map(drop)
}

fn rejected(rejection: AccountRejection) -> Result<(), Error<AccountRejection>> {
    Err(Error::Rejected(rejection))
}

/// What is known of an account.
type Shown = (AccountNumber, String, Role, Option<String>, StoredSecret);

fn shown(account: &Account) -> Shown {
    let Account { number, name, role, person, secret, .. } = account;
    (*number, name.to_string(), *role, person.as_ref().map(ToString::to_string), secret.clone())
}

/// All accounts, in pages of two.
fn accounts(server: &Server) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    loop {
        let after = all.last().map(|(_, name, ..)| name.clone());
        let page = server.store().accounts_page(&mut Context::default(), after.as_deref(), 2);
        if page.is_empty() {
            return all;
        }
        all.extend(page.iter().map(|account| shown(account)));
    }
}

fn names(server: &Server) -> Vec<String> {
    accounts(server).into_iter().map(|(_, name, ..)| name).collect()
}

/// The number of accounts, which STATS compares with the counter of the limit.
fn count(server: &Server) -> u64 {
    server.store().totals(&mut Context::default()).accounts
}

#[test]
fn accounts_are_listed_by_name_and_survive_a_crash() {
    let mut server = server(StateLimits::NONE);
    assert!(!server.store().has_accounts());
    for (name, role) in
        [("ben", Role::Admin), ("Anna", Role::Door), ("anna", Role::Seller), ("c", Role::Viewer)]
    {
        add(&server, name, role).expect("a free name");
    }
    assert!(server.store().has_accounts());
    let password = AccountUpdate {
        person: Some("F1"),
        secret: Some(SecretHash::Password(PASSWORD)),
        ..AccountUpdate::default()
    };
    set(&server, "anna", password).expect("it exists");
    set(&server, "Anna", to_role(Role::Organizer)).expect("it exists");
    drop_account(&server, "c").expect("it exists");
    let token = StoredSecret::Token([7; 32]);
    let expected = [
        (AccountNumber(2), "Anna".to_owned(), Role::Organizer, None, token.clone()),
        (
            AccountNumber(3),
            "anna".to_owned(),
            Role::Seller,
            Some("F1".to_owned()),
            StoredSecret::Password(PASSWORD.into()),
        ),
        (AccountNumber(1), "ben".to_owned(), Role::Admin, None, token),
    ];
    assert_eq!(accounts(&server), expected);
    assert_eq!(count(&server), 3);
    server.restart();
    assert_eq!(accounts(&server), expected);
    assert_eq!(count(&server), 3);
    set(&server, "anna", AccountUpdate { person: Some(""), ..AccountUpdate::default() }).expect("it exists");
    server.restart();
    assert_eq!(accounts(&server)[1].3, None);
    let found = server.store().account_by_number(&mut Context::default(), AccountNumber(3));
    assert_eq!(found.expect("anna").key_owner, "3");
    assert!(server.store().account_by_number(&mut Context::default(), AccountNumber(4)).is_none());
}

#[test]
fn names_are_taken_until_they_are_dropped_and_what_does_not_exist_is_not_changed() {
    let server = server(StateLimits::NONE);
    let first = add(&server, "anna", Role::Seller).expect("a free name");
    assert_eq!(add(&server, "anna", Role::Admin).map(drop), rejected(AccountRejection::NameTaken));
    assert_eq!(set(&server, "Anna", to_role(Role::Door)), rejected(AccountRejection::NoSuchAccount));
    assert_eq!(drop_account(&server, "ann"), rejected(AccountRejection::NoSuchAccount));
    drop_account(&server, "anna").expect("it exists");
    assert_eq!(drop_account(&server, "anna"), rejected(AccountRejection::NoSuchAccount));
    let second = add(&server, "anna", Role::Seller).expect("the name is free again");
    assert_ne!(first, second, "it is another account");
}

#[test]
fn last_admin_is_neither_dropped_nor_demoted() {
    let mut server = server(StateLimits::NONE);
    add(&server, "anna", Role::Admin).expect("a free name");
    add(&server, "ben", Role::Organizer).expect("a free name");
    let last = rejected(AccountRejection::LastAdmin);
    let refuse = |server: &Server| {
        assert_eq!(drop_account(server, "anna"), last);
        assert_eq!(set(server, "anna", to_role(Role::Organizer)), last);
    };
    refuse(&server);
    server.restart();
    refuse(&server);
    let person = AccountUpdate { person: Some("F1"), ..to_role(Role::Admin) };
    set(&server, "anna", person).expect("it stays an admin");
    refuse(&server);
    set(&server, "ben", to_role(Role::Admin)).expect("a second admin");
    set(&server, "ben", to_role(Role::Door)).expect("anna is an admin");
    refuse(&server);
    set(&server, "ben", to_role(Role::Admin)).expect("a second admin");
    drop_account(&server, "anna").expect("ben is an admin");
    assert_eq!(drop_account(&server, "ben"), last);
    assert_eq!(names(&server), ["ben"]);
}

#[test]
fn connections_share_what_survives_changes_and_are_told_when_the_account_is_dropped() {
    let server = server(StateLimits::NONE);
    let context = &mut Context::default();
    let versions = |server: &Server| server.store().accounts_version();
    let (before, account) = (
        versions(&server),
        server.store().add_account(context, &values("anna", Role::Seller)).expect("a free name"),
    );
    let added = versions(&server);
    let other = server.store().add_account(context, &values("ben", Role::Seller)).expect("a free name");
    let set = server.store().set_account(context, "anna", &to_role(Role::Door)).expect("it exists");
    let after = versions(&server);
    assert!(before != added && added != after, "{before} {added} {after}");
    assert!(std::sync::Arc::ptr_eq(&account.shared, &set.shared));
    assert_eq!((account.role, set.role), (Role::Seller, Role::Door));
    assert!(!account.shared.dropped.is_cancelled());
    server.store().account(context, "anna").expect("it exists");
    assert_eq!(versions(&server), after, "a lookup is no change");
    server.store().drop_account(context, "anna").expect("it exists");
    assert!(account.shared.dropped.is_cancelled() && !other.shared.dropped.is_cancelled());
    assert_ne!(versions(&server), after);
}

#[test]
fn limit_of_accounts_counts_those_that_exist() {
    let server = server(StateLimits { accounts: 2, ..StateLimits::NONE });
    add(&server, "anna", Role::Admin).expect("the first");
    add(&server, "ben", Role::Seller).expect("the second");
    let Err(Error::Full(full)) = add(&server, "cleo", Role::Seller) else { panic!("two are allowed") };
    let message = "the server may hold 2 accounts and holds 2, 1 more asked for: ACCOUNT DROP what is not \
                   needed any more, or whoever runs it can raise --max-accounts";
    assert_eq!(full.to_string(), message);
    set(&server, "ben", to_role(Role::Door)).expect("no more accounts");
    drop_account(&server, "ben").expect("it exists");
    add(&server, "cleo", Role::Seller).expect("a place is free");
    assert_eq!(count(&server), 2);
}

#[test]
fn change_that_the_log_refuses_leaves_nothing() {
    let server = server(StateLimits { accounts: 3, ..StateLimits::NONE });
    add(&server, "anna", Role::Admin).expect("a free name");
    add(&server, "ben", Role::Seller).expect("a free name");
    let (before, version) = (accounts(&server), server.store().accounts_version());
    let ben = server.store().account(&mut Context::default(), "ben").expect("it exists");
    server.log.set_refusal(Some(AppendError::Backpressure));
    let refused = Err(Error::Append(AppendError::Backpressure));
    for _ in 0..3 {
        assert_eq!(add(&server, "cleo", Role::Seller).map(drop), refused);
        assert_eq!(set(&server, "ben", to_role(Role::Admin)), refused);
        assert_eq!(drop_account(&server, "ben"), refused);
    }
    assert_eq!((accounts(&server), server.store().accounts_version()), (before, version));
    assert!(!ben.shared.dropped.is_cancelled());
    server.log.set_refusal(None);
    add(&server, "cleo", Role::Seller).expect("its place is free");
    assert_eq!(count(&server), 3);
}

/// Whoever sees an account, or that there is none, sees the last change of accounts.
#[test]
fn whatever_shows_accounts_depends_on_their_last_change_and_on_nothing_later() {
    let mut server = Server::on(MemoryLog::held(), 2, StateLimits::NONE);
    add(&server, "anna", Role::Admin).expect("a free name");
    drop_account(&server, "anna").expect_err("the last admin");
    let last = server.log.appended();
    server.execute(b"CREATE x 2026-12-31 10 id=x\n");
    let depends_on = |look: &dyn Fn(&mut Context)| {
        let mut context = Context::default();
        look(&mut context);
        context.depends_on
    };
    for depends_on in [
        depends_on(&|context| drop(server.store().account(context, "anna"))),
        depends_on(&|context| drop(server.store().account(context, "nobody"))),
        depends_on(&|context| drop(server.store().account_by_number(context, AccountNumber(9)))),
        depends_on(&|context| drop(server.store().accounts_page(context, Some("z"), 10))),
        depends_on(&|context| drop(server.store().add_account(context, &values("anna", Role::Door)))),
        depends_on(&|context| drop(server.store().drop_account(context, "anna"))),
    ] {
        assert_eq!(depends_on, DependsOn(last));
    }
    server.restart();
    assert!(!server.store().has_accounts(), "nothing was durable");
}

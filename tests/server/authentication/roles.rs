//! What each role may do: every form of every command, for everybody.

use bookline_protocol::{Needs, ParsedLine, Requester, Role, Verb, parse};
use bookline_testkit::reply::Reply;

use super::Staffed;

/// Everybody: before AUTH, and after it as each role.
fn everybody() -> impl Iterator<Item = Option<Role>> {
    [None].into_iter().chain(Role::ALL.map(Some))
}

/// A server with the events of the requests below and no meetings: whose they are would be asked too.
/// `--demo` has meetings around the hour in which the test runs.
fn start_with_events() -> Staffed {
    let staffed = Staffed::start(&[]);
    let mut organizer = staffed.connect(Role::Organizer);
    organizer.ask("CREATE \"Rust Conf\" 2027-05-14 300 id=rustconf").ok();
    organizer.ask("CREATE Jazz 2027-06-12 2500 id=jazz").ok();
    staffed
}

/// Asks on a new connection, because some requests close theirs.
fn ask(staffed: &Staffed, role: Option<Role>, request: &str) -> Reply {
    let mut conn = role.map_or_else(|| staffed.server.connect(), |role| staffed.connect(role));
    conn.ask(request)
}

/// Checks that the server has executed the request, or has refused it for the role.
#[track_caller]
fn assert_judged(reply: &Reply, role: Option<Role>, needs: Needs, is_own: bool, request: &str) {
    let who = role.map_or("nobody", Role::as_str);
    let refused = matches!(reply.code.as_deref(), Some("FORBIDDEN" | "UNAUTHENTICATED"));
    let expected = match role {
        None if needs == Needs::Nothing => None,
        None => Some("UNAUTHENTICATED"),
        Some(role) => {
            let requester = Requester { role, person: is_own.then_some("F1"), is_head: false };
            (!needs.allow(&requester, |_| is_own)).then_some("FORBIDDEN")
        }
    };
    match expected {
        Some(code) => {
            assert_eq!(reply.code.as_deref(), Some(code), "{who}: {request}: {}", reply.line);
            if code == "FORBIDDEN" {
                assert_eq!(reply.body["needs"], needs.role().expect("a role").as_str(), "{who}: {request}");
            }
        }
        // A wrong secret is answered as if the command needed an account.
        None => assert!(!refused || request.starts_with("AUTH"), "{who}: {request}: {}", reply.line),
    }
}

/// What a request needs, which may be more than its form.
fn needs_of(line: &str) -> Needs {
    match parse(line.as_bytes(), &mut Vec::new()) {
        ParsedLine::Request(request) => request.needs(),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn every_form_of_every_command_is_for_the_roles_of_the_table() {
    let staffed = start_with_events();
    let mut judged = 0;
    for role in everybody() {
        for form in Verb::ALL.iter().flat_map(|verb| verb.forms()) {
            let example = form.example;
            let reply = ask(&staffed, role, example);
            let needs = needs_of(example);
            // The example of HOD names the head of department, who is nobody's person here.
            assert_judged(&reply, role, needs, false, example);
            judged += 1;
        }
    }
    assert!(judged >= 6 * Verb::ALL.len(), "only {judged} cells");
}

#[test]
fn options_that_reveal_more_need_more() {
    let staffed = start_with_events();
    let organizer = Needs::Role(Role::Organizer);
    for (request, needs) in [
        ("TICKETS jazz", Needs::Role(Role::Door)),
        ("TICKETS jazz ids=yes", Needs::Role(Role::Seller)),
        ("WATCH events", Needs::Role(Role::Viewer)),
        ("WATCH event:jazz", Needs::Role(Role::Viewer)),
        ("WATCH event:jazz tickets=yes", organizer),
        ("WATCH calendars", organizer),
        ("WATCH all", organizer),
        ("WATCH events person:F1", Needs::Calendar),
        ("DELETE jazz tickets=drop", organizer),
    ] {
        for role in everybody() {
            assert_judged(&ask(&staffed, role, request), role, needs, false, request);
        }
    }
}

#[test]
fn account_has_the_calendar_of_its_person_whatever_its_role() {
    let staffed = Staffed::with_people(&[], &[(Role::Viewer, "F1")]);
    let mut viewer = staffed.connect(Role::Viewer);
    for request in [
        "GET F1 2027-01-04",
        "GET F1 2027-01-04 2027-01-08",
        "WATCH person:F1",
        "WATCH events person:F1",
        "BLOCK F1 2027-01-04 09:00",
        "MEET F1 2027-01-04 10:00 review F2,F3",
        "MEET F2 2027-01-04 11:00 review F3 host=F1",
        "MEET F1 2027-01-05 first review F2",
        "PUT F1 2027-01-04 09:00 BLOCK 2027-01-04 13:00",
        "DELETE F1 2027-01-04 10:00",
        "DELETE F1 2027-01-04 11:00",
    ] {
        viewer.ask(request).ok();
    }
    for request in [
        "GET F2 2027-01-04",
        "GET F2 2027-01-04 2027-01-08",
        "WATCH person:F2",
        "WATCH person:F1 person:F2",
        "BLOCK F2 2027-01-04 09:00",
        "MEET F2 2027-01-04 10:00 review F1,F3",
        "PUT F2 2027-01-04 09:00 BLOCK 2027-01-04 13:00",
        "DELETE F2 2027-01-04 10:00",
    ] {
        assert_eq!(viewer.ask(request).err("FORBIDDEN")["needs"], "organizer", "{request}");
    }
    // What belongs to others is refused before it is looked up: no answer says whether it exists.
    viewer.ask("FREE F1,F2 2027-01-04").ok();
    // The rule that only the host changes a meeting holds beside the role.
    let mut organizer = staffed.connect(Role::Organizer);
    organizer.ask("MEET F2 2027-01-06 10:00 review F1").ok();
    assert_eq!(viewer.ask("DELETE F1 2027-01-06 10:00").err("FORBIDDEN")["host"], "F2");
    organizer.ask("DELETE F2 2027-01-06 10:00").ok();
}

#[test]
fn report_is_for_the_head_of_department_and_admins() {
    let staffed = Staffed::with_people(&[], &[(Role::Viewer, "F10"), (Role::Door, "F1")]);
    staffed.connect(Role::Viewer).ask("HOD F10").ok();
    staffed.connect(Role::Admin).ask("HOD F10").ok();
    for role in [Role::Door, Role::Seller, Role::Organizer] {
        assert_eq!(staffed.connect(role).ask("HOD F10").err("FORBIDDEN")["needs"], "admin", "{role}");
    }
    staffed.connect(Role::Admin).ask("HOD F1").err("FORBIDDEN");
}

#[test]
fn help_lists_what_the_requester_may_do() {
    let staffed = Staffed::with_people(&[], &[(Role::Viewer, "F1")]);
    for role in everybody() {
        let listed: Vec<String> = ask(&staffed, role, "HELP").rows.iter().map(usage).collect();
        let may = |needs: Needs| match role {
            None => needs == Needs::Nothing,
            Some(role) => {
                let person = (role == Role::Viewer).then_some("F1");
                needs.allow(&Requester { role, person, is_head: false }, |_| true)
            }
        };
        let forms = Verb::ALL.iter().flat_map(|verb| verb.forms()).filter(|form| may(form.needs));
        assert_eq!(listed, forms.map(|form| form.usage).collect::<Vec<_>>(), "{role:?}");
    }
}

fn usage(row: &serde_json::Value) -> String {
    row["usage"].as_str().expect("a text").to_owned()
}

#[test]
fn stats_show_an_admin_everything_and_others_the_uptime() {
    let staffed = Staffed::start(&[]);
    for role in Role::ALL {
        let stats = staffed.connect(role).ask("STATS");
        let fields: Vec<&String> = stats.ok().as_object().expect("an object").keys().collect();
        if role == Role::Admin {
            assert!(fields.len() > 20, "{fields:?}");
        } else {
            assert_eq!(fields, ["version", "uptime_seconds"], "{role}");
        }
    }
}

/// What is no request is answered as such, also to those who may not make any.
#[test]
fn invalid_lines_are_refused_before_the_account_is_asked_for() {
    let staffed = Staffed::start(&[]);
    let mut nobody = staffed.server.connect();
    nobody.ask("BOKO jazz 1").err("UNKNOWN_COMMAND");
    nobody.ask("BOOK jazz").err("BAD_REQUEST");
    nobody.ask("BOOK jazz 1").err("UNAUTHENTICATED");
}

//! Refusals of the parser, as transcripts of a line and its message.

use bookline_protocol::refuse_binary;
use bookline_protocol::{Code, Detail, ParsedLine, Refusal, Verb, parse, parse_first};

#[track_caller]
fn refused(line: impl AsRef<[u8]>) -> Refusal {
    let line = line.as_ref();
    match parse(line, &mut Vec::new()) {
        ParsedLine::Refused(refusal) => refusal,
        other => panic!("{}: {other:?}", String::from_utf8_lossy(line)),
    }
}

/// Runs a transcript of `> line` and `< message of BAD_REQUEST`.
#[track_caller]
fn transcript(text: &str) {
    let mut sent = None;
    for line in text.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        if let Some(line) = line.strip_prefix("> ") {
            sent = Some(line);
        } else if let Some(message) = line.strip_prefix("< ") {
            let sent = sent.take().expect("a request before its reply");
            let refusal = refused(sent);
            assert_eq!((refusal.code, refusal.message.as_str()), (Code::BadRequest, message), "\n> {sent}");
            assert_eq!(refusal.detail, Detail::None);
        } else {
            panic!("neither a request nor a reply: {line}");
        }
    }
    assert_eq!(sent, None, "every request has a reply");
}

#[test]
fn missing_argument_shows_the_usage() {
    transcript(
        "> BOOK
         < <event-id> is missing: write BOOK <event-id> <n> [<event-id> <n>]… [for=<name>] [key=<key>]
         > BOOK rustconf
         < <n> is missing: write BOOK <event-id> <n> [<event-id> <n>]… [for=<name>] [key=<key>]
         > CREATE id=x
         < <name> is missing: write CREATE <name> <date> <tickets> [id=<id>] [sales=open|closed] [max_per_booking=<n>|none] [key=<key>]
         > TICKET
         < <ticket-id> is missing: write TICKET <ticket-id>
         > MEET F1 21-11-2026 09:00 standup
         < <group> is missing: write MEET <who> <date> <time> <title> <group> [<host>|host=<id>] [hours=<hours>] [every=day|weekday|week|2weeks count=<count>|last=<date>] [on_conflict=skip] [key=<key>]
         > HOD
         < <who> is missing: write HOD <who> [<from> <to>]
         > HOD F10 21-11-2026
         < <to> is missing: write HOD <who> [<from> <to>]
         > FREE F2,F3
         < <date> is missing: write FREE <who,…> <date> [to=<date>] [from=<time>] [until=<time>] [hours=<hours>] [days=weekdays|all] [limit=<n>]
         > PUT F1 21-11-2026
         < <time> is missing: write PUT <who> <date> <time> BLOCK <date> <time> [hours=<hours>] [series=this|following|all] [key=<key>] or PUT <who> <date> <time> MEET <date> <time> <title> <group> [<host>|host=<id>] [hours=<hours>] [series=this|following|all] [key=<key>]
         > PUT F1 21-11-2026 09:00
         < <BLOCK or MEET> is missing: write PUT <who> <date> <time> BLOCK <date> <time> [hours=<hours>] [series=this|following|all] [key=<key>] or PUT <who> <date> <time> MEET <date> <time> <title> <group> [<host>|host=<id>] [hours=<hours>] [series=this|following|all] [key=<key>]
         > PUT F1 21-11-2026 09:00 BLOCK 21-11-2026
         < <time> is missing: write PUT <who> <date> <time> BLOCK <date> <time> [hours=<hours>] [series=this|following|all] [key=<key>]",
    );
}

#[test]
fn extra_arguments_and_unknown_options_are_refused() {
    transcript(
        "> PING pong
         < \"pong\" is one argument too many: write PING, with quotes around an argument that has blanks
         > BOOK rustconf 2 now
         < <n> of event now is missing: write BOOK <event-id> <n> [<event-id> <n>]… [for=<name>] [key=<key>]
         > GET F1 21-11-2026 09:00
         < to \"09:00\" is not a date: write yyyy-mm-dd or dd-mm-yyyy with all digits, as in 2026-12-31 or 31-12-2026
         > MEET F1 21-11-2026 09:00 x F2 F1 y a b c d e f g h
         < \"y\" is one argument too many: write MEET <who> <date> <time> <title> <group> [<host>|host=<id>] [hours=<hours>] [every=day|weekday|week|2weeks count=<count>|last=<date>] [on_conflict=skip] [key=<key>], with quotes around an argument that has blanks
         > BOOK rustconf 2 id=x
         < option \"id\" is unknown here: write BOOK <event-id> <n> [<event-id> <n>]… [for=<name>] [key=<key>], with quotes around an argument that only looks like an option
         > GET rustconf limit=5
         < option \"limit\" is unknown here: write GET <event-id>, with quotes around an argument that only looks like an option
         > CREATE x 2026-12-31 5 id=a id=b
         < option \"id\" is given twice: once is enough
         > PING a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9
         < option \"a\" is unknown here: write PING, with quotes around an argument that only looks like an option
         > CREATE a=b 2026-12-01 3
         < option \"a\" is unknown here: write CREATE <name> <date> <tickets> [id=<id>] [sales=open|closed] [max_per_booking=<n>|none] [key=<key>], with quotes around an argument that only looks like an option
         > CREATE limit=5 id=x 2026-12-01 3
         < option \"limit\" is unknown here: write CREATE <name> <date> <tickets> [id=<id>] [sales=open|closed] [max_per_booking=<n>|none] [key=<key>], with quotes around an argument that only looks like an option
         > BOOK id=rustconf 2
         < option \"id\" is unknown here: write BOOK <event-id> <n> [<event-id> <n>]… [for=<name>] [key=<key>], with quotes around an argument that only looks like an option
         > BOOK rustconf many n=2
         < option \"n\" is unknown here: write BOOK <event-id> <n> [<event-id> <n>]… [for=<name>] [key=<key>], with quotes around an argument that only looks like an option
         > GET limit=0 x=y
         < option \"x\" is unknown here: write GET [limit=<n>] [after=<cursor>], with quotes around an argument that only looks like an option
         > limit=5
         < there are options but no command: HELP lists the commands
         > a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8
         < there are options but no command: HELP lists the commands
         > a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=8 i=9
         < option \"i\" is one too many: a line has at most 8",
    );
}

#[test]
fn bookings_of_several_events_that_are_not_valid_together_are_refused() {
    transcript(
        "> BOOK a 1 b
         < <n> of event b is missing: write BOOK <event-id> <n> [<event-id> <n>]… [for=<name>] [key=<key>]
         > BOOK a 1 a
         < <n> of event a is missing: write BOOK <event-id> <n> [<event-id> <n>]… [for=<name>] [key=<key>]
         > BOOK a 1 b 1 a 1
         < event a is named twice: write it once, with the number of all its tickets
         > BOOK a 1 b 0
         < n \"0\" is out of range: write a whole number from 1 to 10000
         > BOOK a 1 Ä 1
         < event-id \"Ä\" holds \"Ä\": an id is 1 to 64 of A-Z a-z 0-9 . _ -
         > BOOK a 5000 b 5001
         < the numbers add up to 10001 tickets, and one BOOK buys 10000 at the most: write smaller numbers, or several BOOKs
         > BOOK a 1 b 1 c 1 d 1 e 1 f 1 g 1 h 1 i 1
         < one BOOK buys tickets of 8 events at the most: write another BOOK for the others
         > BOOK a 1 b 1 id=x
         < option \"id\" is unknown here: write BOOK <event-id> <n> [<event-id> <n>]… [for=<name>] [key=<key>], with quotes around an argument that only looks like an option",
    );
}

#[test]
fn numbers_out_of_range_or_not_of_digits_are_refused() {
    transcript(
        "> BOOK rustconf 0
         < n \"0\" is out of range: write a whole number from 1 to 10000
         > BOOK rustconf -1
         < n \"-1\" is out of range: write a whole number from 1 to 10000
         > BOOK rustconf 10001
         < n \"10001\" is out of range: write a whole number from 1 to 10000
         > BOOK rustconf 99999999999999999999999999
         < n \"99999999999999999999999999\" is out of range: write a whole number from 1 to 10000
         > BOOK rustconf +5
         < n \"+5\" is not a whole number: write one from 1 to 10000 in digits only
         > BOOK rustconf 1e3
         < n \"1e3\" is not a whole number: write one from 1 to 10000 in digits only
         > BOOK rustconf 0x1
         < n \"0x1\" is not a whole number: write one from 1 to 10000 in digits only
         > BOOK rustconf 1.0
         < n \"1.0\" is not a whole number: write one from 1 to 10000 in digits only
         > BOOK rustconf \"\"
         < n \"\" is not a whole number: write one from 1 to 10000 in digits only
         > BOOK rustconf ٣
         < n \"٣\" is not a whole number: write one from 1 to 10000 in digits only
         > CREATE x 2026-12-31 1000000001
         < tickets \"1000000001\" is out of range: write a whole number from 1 to 1000000000
         > GET limit=0
         < limit \"0\" is out of range: write a whole number from 1 to 10000",
    );
}

#[test]
fn update_without_a_change_is_refused_with_the_usage() {
    const USAGE: &str = "UPDATE <event-id> [name=<name>] [date=<date>] [tickets=<tickets>] [sales=open|closed] \
                         [max_per_booking=<n>|none] [key=<key>]";
    transcript(&format!(
        "> UPDATE
         < <event-id> is missing: write {USAGE}
         > UPDATE rustconf
         < no change is given: write {USAGE}
         > UPDATE rustconf venue=hall
         < option \"venue\" is unknown here: write {USAGE}, with quotes around an argument that only looks like an option
         > UPDATE rustconf closed
         < \"closed\" is one argument too many: write {USAGE}, with quotes around an argument that has blanks",
    ));
}

#[test]
fn hold_of_one_argument_that_is_no_hold_id_shows_both_usages() {
    transcript(
        "> HOLD
         < <event-id or hold-id> is missing: write HOLD <event-id> <n> [ttl=<seconds>] [for=<name>] [key=<key>] or HOLD <hold-id> [key=<key>]
         > HOLD jazz
         < <n> is missing: write HOLD <event-id> <n> [ttl=<seconds>] [for=<name>] [key=<key>] or HOLD <hold-id> [key=<key>]
         > HOLD jazz ttl=60
         < <n> is missing: write HOLD <event-id> <n> [ttl=<seconds>] [for=<name>] [key=<key>] or HOLD <hold-id> [key=<key>]
         > HOLD jazz 2 3
         < \"3\" is one argument too many: write HOLD <event-id> <n> [ttl=<seconds>] [for=<name>] [key=<key>], with quotes around an argument that has blanks
         > HOLD 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee ttl=60
         < option \"ttl\" is unknown here: write HOLD <hold-id> [key=<key>], with quotes around an argument that only looks like an option
         > HOLD ä
         < event-id \"ä\" holds \"ä\": an id is 1 to 64 of A-Z a-z 0-9 . _ -",
    );
}

#[test]
fn invalid_arguments_of_holds_are_refused() {
    transcript(
        "> HOLD jazz 0
         < n \"0\" is out of range: write a whole number from 1 to 10000
         > HOLD jazz 2 ttl=7201
         < ttl \"7201\" is out of range: write a whole number from 1 to 7200
         > HOLD jazz 2 for=
         < for \"\" is empty: write 1 to 200 characters
         > CONFIRM jazz
         < hold-id \"jazz\" is not a hold id: write it as HOLD gave it, 36 characters as in 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee
         > CONFIRM 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee 10001
         < n \"10001\" is out of range: write a whole number from 1 to 10000
         > EXTEND 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee
         < <seconds> is missing: write EXTEND <hold-id> <seconds> [key=<key>]
         > EXTEND 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee 0
         < seconds \"0\" is out of range: write a whole number from 1 to 7200
         > RELEASE 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee now
         < \"now\" is one argument too many: write RELEASE <hold-id> [key=<key>], with quotes around an argument that has blanks",
    );
}

#[test]
fn invalid_arguments_of_tickets_are_refused() {
    let many = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee ".repeat(1_001);
    transcript(&format!(
        "> CANCEL
         < <ticket-id> is missing: write CANCEL <ticket-id> [<ticket-id>]… [key=<key>]
         > CANCEL 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee jazz
         < ticket-id \"jazz\" is not a ticket id: write it as BOOK gave it, 36 characters as in 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee
         > CANCEL {many}
         < one CANCEL takes back 1000 tickets at the most: write another CANCEL for the others
         > CHECKIN 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee undo=no
         < undo \"no\" is not yes: write undo=yes, or leave it out
         > TICKETS
         < <event-id> is missing: write TICKETS <event-id> [status=booked|checked_in|cancelled|all] [for=<text>] [ids=yes] [limit=<n>] [after=<cursor>]
         > TICKETS jazz status=sold
         < status \"sold\" is not a status of tickets: write booked, checked_in, cancelled or all
         > TICKETS jazz ids=no
         < ids \"no\" is not yes: write ids=yes, or leave it out
         > TICKETS jazz limit=10001
         < limit \"10001\" is out of range: write a whole number from 1 to 10000
         > TICKETS jazz after=AAAA
         < after \"AAAA\" is not a cursor: give the word that came as \"next\", or leave it out",
    ));
}

#[test]
fn delete_of_neither_an_entry_nor_an_event_is_refused() {
    transcript(
        "> DELETE
         < <who or event-id> is missing: write DELETE <who> <date> <time> [series=this|following|all] [key=<key>] or DELETE <event-id> [tickets=drop] [key=<key>]
         > DELETE F1 21-11-2026
         < <time> is missing: write DELETE <who> <date> <time> [series=this|following|all] [key=<key>]
         > DELETE F1 21-11-2026 09:00 series=next
         < series \"next\" is not a part of a series: write this, following or all
         > DELETE rustconf series=all
         < option \"series\" is unknown here: write DELETE <event-id> [tickets=drop] [key=<key>], with quotes around an argument that only looks like an option
         > DELETE F1 21-11-2026 09:00 tickets=drop
         < option \"tickets\" is unknown here: write DELETE <who> <date> <time> [series=this|following|all] [key=<key>], with quotes around an argument that only looks like an option
         > DELETE jazz tickets=keep
         < tickets \"keep\" is not drop: write tickets=drop, or leave it out
         > DELETE a/b
         < event-id \"a/b\" holds \"/\": an id is 1 to 64 of A-Z a-z 0-9 . _ -",
    );
}

#[test]
fn invalid_values_of_options_are_refused() {
    transcript(
        "> UPDATE rustconf sales=shut
         < sales \"shut\" is neither open nor closed: write one of the two
         > CREATE x 2026-12-31 5 sales=
         < sales \"\" is neither open nor closed: write one of the two
         > UPDATE rustconf max_per_booking=0
         < max_per_booking \"0\" is neither none nor a whole number from 1 to 10000 in digits only
         > UPDATE rustconf max_per_booking=10001
         < max_per_booking \"10001\" is neither none nor a whole number from 1 to 10000 in digits only
         > CREATE x 2026-12-31 5 max_per_booking=-1
         < max_per_booking \"-1\" is neither none nor a whole number from 1 to 10000 in digits only
         > UPDATE rustconf tickets=0
         < tickets \"0\" is out of range: write a whole number from 1 to 1000000000
         > UPDATE rustconf date=2026-02-30
         < date \"2026-02-30\" is not a date: month 02 of 2026 has days 01 to 28
         > UPDATE rustconf name=
         < name \"\" is empty: write 1 to 200 characters",
    );
}

#[test]
fn invalid_dates_and_times_are_refused() {
    transcript(
        "> GET F1 2014-2-3
         < date \"2014-2-3\" is not a date: write yyyy-mm-dd or dd-mm-yyyy with all digits, as in 2026-12-31 or 31-12-2026
         > GET F1 31/12/2026
         < date \"31/12/2026\" is not a date: write yyyy-mm-dd or dd-mm-yyyy with all digits, as in 2026-12-31 or 31-12-2026
         > GET F1 2026-02-30
         < date \"2026-02-30\" is not a date: month 02 of 2026 has days 01 to 28
         > GET F1 29-02-1900
         < date \"29-02-1900\" is not a date: month 02 of 1900 has days 01 to 28
         > GET F1 00-01-2026
         < date \"00-01-2026\" is not a date: month 01 of 2026 has days 01 to 31
         > GET F1 2026-13-01
         < date \"2026-13-01\" is not a date: month 13 is not one of 01 to 12
         > GET F1 0000-01-01
         < date \"0000-01-01\" is not a date: years run from 0001 to 9999
         > BLOCK F1 21-11-2026 9:00
         < time \"9:00\" is not an hour: write hh:00 from 00:00 to 23:00, as in 09:00
         > BLOCK F1 21-11-2026 24:00
         < time \"24:00\" is not an hour: write hh:00 from 00:00 to 23:00, as in 09:00
         > BLOCK F1 21-11-2026 09:30
         < time \"09:30\" is not an hour: write hh:00 from 00:00 to 23:00, as in 09:00",
    );
}

#[test]
fn hours_and_series_that_cannot_be_are_refused() {
    transcript(
        "> BLOCK F1 21-11-2026 09:00 hours=25
         < hours \"25\" is not a number of hours: write a whole number from 1 to 24 in digits only
         > BLOCK F1 31-12-9999 23:00 hours=2
         < an entry lies between 01-01-0001 00:00 and 31-12-9999 24:00: choose another start, or fewer hours
         > PUT F1 21-11-2026 09:00 BLOCK 31-12-9999 23:00 hours=2
         < an entry lies between 01-01-0001 00:00 and 31-12-9999 24:00: choose another start, or fewer hours
         > BLOCK F1 31-12-9999 09:00 every=day count=2
         < an entry lies between 01-01-0001 00:00 and 31-12-9999 24:00: choose another start, or fewer hours
         > BLOCK F1 21-11-2026 09:00 every=month count=2
         < every \"month\" is not a recurrence: write day, weekday, week or 2weeks
         > BLOCK F1 21-11-2026 09:00 every=week
         < every= has neither count= nor last=: write count=<count> for so many occurrences, or last=<date> for the last day on which one may start
         > BLOCK F1 21-11-2026 09:00 every=week count=2 last=2026-12-31
         < count= and last= are both given: write one of the two
         > BLOCK F1 21-11-2026 09:00 every=week count=1
         < count \"1\" is out of range: write a whole number from 2 to 366
         > BLOCK F1 21-11-2026 09:00 every=week count=367
         < count \"367\" is out of range: write a whole number from 2 to 366
         > BLOCK F1 21-11-2026 09:00 every=week count=two
         < count \"two\" is not a whole number: write one from 2 to 366 in digits only
         > BLOCK F1 21-11-2026 09:00 every=weekday last=22-11-2026
         < the series has no occurrence: the first would start on 23-11-2026, write last= with that day or a later one
         > BLOCK F1 21-11-2026 09:00 every=week count=2 on_conflict=ask
         < on_conflict \"ask\" is not skip: write on_conflict=skip, or leave it out
         > BLOCK F1 21-11-2026 09:00 count=2
         < count= belongs to a series: write every=day, every=weekday, every=week or every=2weeks with it
         > MEET F1 21-11-2026 09:00 x F2 on_conflict=skip
         < on_conflict= belongs to a series: write every=day, every=weekday, every=week or every=2weeks with it
         > MEET F1 21-11-2026 first x F2 every=week count=2
         < every= belongs to a series, and first finds one time: write a <time> in place of first, or leave every= out
         > MEET F1 21-11-2026 first x F2 from=17:00
         < from=17:00 is not before until=17:00: write the earlier hour in from=",
    );
}

#[test]
fn invalid_ids_names_groups_and_cursors_are_refused() {
    let long = "x".repeat(65);
    transcript(&format!(
        "> GET a/b
         < event-id \"a/b\" holds \"/\": an id is 1 to 64 of A-Z a-z 0-9 . _ -
         > GET \"a b\"
         < event-id \"a b\" holds a blank: an id is 1 to 64 of A-Z a-z 0-9 . _ -
         > HOD \"\"
         < who \"\" is empty: an id is 1 to 64 of A-Z a-z 0-9 . _ -
         > HOD F1\u{301}
         < who \"F1\u{301}\" holds \"\u{301}\": an id is 1 to 64 of A-Z a-z 0-9 . _ -
         > HOD {long}
         < who \"{}…\" has 65 characters: an id has at most 64
         > CREATE x 2026-12-31 5 id=
         < id \"\" is empty: an id is 1 to 64 of A-Z a-z 0-9 . _ -
         > CREATE \"\" 2026-12-31 5
         < name \"\" is empty: write 1 to 200 characters
         > CREATE {} 2026-12-31 5
         < name \"{}…\" has 201 characters: at most 200 are allowed
         > MEET F1 21-11-2026 09:00 x \"\"
         < group \"\" names nobody: write at least one id, as in F2 or F2,F3
         > MEET F1 21-11-2026 09:00 x F2,,F3
         < group \"F2,,F3\" has no member at position 2: write one comma between two ids and none at the ends, as in F2,F3
         > MEET F1 21-11-2026 09:00 x F2,
         < group \"F2,\" has no member at position 2: write one comma between two ids and none at the ends, as in F2,F3
         > MEET F1 21-11-2026 09:00 x F2,F*
         < group \"F2,F*\" has a member \"F*\" that holds \"*\": an id is 1 to 64 of A-Z a-z 0-9 . _ -
         > MEET F1 21-11-2026 09:00 x {}
         < group \"{}…\" has 1001 members: at most 1000 are allowed
         > TICKET 2cdba4d565e58a4e9d2b64a5ba13b0ee
         < ticket-id \"2cdba4d565e58a4e9d2b64a5ba13b0ee\" is not a ticket id: write it as BOOK gave it, 36 characters as in 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee
         > GET after=AAAA
         < after \"AAAA\" is not a cursor: give the word that came as \"next\", or leave it out",
        &long[..40],
        "🦀".repeat(201),
        "🦀".repeat(40),
        vec!["F1"; 1001].join(","),
        &"F1,".repeat(40)[..40],
    ));
}

#[test]
fn invalid_quotes_and_escapes_are_refused() {
    transcript(
        r#"> CREATE "Rust Conf 2026-12-31 5
         < the quote that opens "Rust Conf 2026-12-31 5" is never closed: end the argument with "
         > CREATE "Rust \n
         < the quote that opens "Rust \n" is never closed: end the argument with "
         > CREATE "Rust Conf"2026-12-31 5
         < the closing quote of "Rust Conf" is followed by "2": put a blank between two arguments
         > CREATE Rust"Conf" 2026-12-31 5
         < "Rust"Conf"" has a quote inside: put quotes around the whole argument, as in "two words"
         > CREATE x 2026-12-31 5 id=a"b
         < "id=a"b" has a quote inside: put quotes around the whole argument, as in "two words"
         > CREATE x 2026-12-31 5 id="a"b
         < the closing quote of "a" is followed by "b": put a blank between two arguments
         > CREATE "a\'b" 2026-12-31 5
         < "\'" is not an escape: within quotes write \" \\ \n \t or \uXXXX with four hexadecimal digits
         > CREATE "a\u+123" 2026-12-31 5
         < "\u+123" is not an escape: within quotes write \" \\ \n \t or \uXXXX with four hexadecimal digits
         > CREATE "a\u12" 2026-12-31 5
         < "\u12" " is not an escape: within quotes write \" \\ \n \t or \uXXXX with four hexadecimal digits
         > CREATE "\ud800" 2026-12-31 5
         < "\ud800" is half of a surrogate pair: write both halves, or the character itself
         > CREATE "\ud800\u0041" 2026-12-31 5
         < "\ud800" is half of a surrogate pair: write both halves, or the character itself
         > CREATE "\udc00\ud800" 2026-12-31 5
         < "\udc00" is half of a surrogate pair: write both halves, or the character itself"#,
    );
}

#[test]
fn control_characters_are_refused_raw_and_as_escapes() {
    transcript(
        "> CREATE \"a\\u001b[2J\" 2026-12-31 5
         < \"\\u001b\" stands for the control character U+001B: no control character is allowed but \\n and \\t in names and titles
         > CREATE \"\\u0000\" 2026-12-31 5
         < \"\\u0000\" stands for the control character U+0000: no control character is allowed but \\n and \\t in names and titles
         > CREATE \"\\u009b\" 2026-12-31 5
         < \"\\u009b\" stands for the control character U+009B: no control character is allowed but \\n and \\t in names and titles
         > GET \"a\\nb\"
         < event-id \"a\\nb\" holds the control character U+000A: an id is 1 to 64 of A-Z a-z 0-9 . _ -
         > CREATE \"a\u{1b}[2J\" 2026-12-31 5
         < character 10 of the line is the control character U+001B: only tabs are allowed; in names and titles write \\n for a line feed
         > PING \u{7f}
         < character 6 of the line is the control character U+007F: only tabs are allowed; in names and titles write \\n for a line feed
         > PING é\u{9b}
         < character 7 of the line is the control character U+009B: only tabs are allowed; in names and titles write \\n for a line feed",
    );
    assert!(refused(b"BOOK e 1\r").message.contains("U+000D"));
    assert!(refused(b"BOOK e\0 1").message.contains("U+0000"));
}

#[test]
fn invalid_utf8_is_refused_with_the_position_of_its_byte() {
    assert_eq!(refused(b"PING \xfe").message, "the line is not UTF-8: byte 6 of it is 0xFE");
    assert_eq!(refused(b"PING\xff\xff").message, "the line is not UTF-8: byte 5 of it is 0xFF");
    assert_eq!(refused(b"PING \xed\xa0\x80").message, "the line is not UTF-8: byte 6 of it is 0xED");
}

#[test]
fn invalid_key_is_refused_and_not_repeated() {
    transcript(
        "> BOOK rustconf 2 key=12345
         < key= has 5 characters: write 16 to 64 of A-Z a-z 0-9 . _ : -
         > HOLD 2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee key=
         < key= has 0 characters: write 16 to 64 of A-Z a-z 0-9 . _ : -
         > BOOK rustconf 2 key=0123456789abcde/
         < key= has a character that is not allowed, at position 16: write 16 to 64 of A-Z a-z 0-9 . _ : -
         > BOOK rustconf 2 key=\"0123456789 bcdef\"
         < key= has a character that is not allowed, at position 11: write 16 to 64 of A-Z a-z 0-9 . _ : -
         > BOOK rustconf 2 key=0123456789abcdef\"
         < key= has a misplaced or unclosed quote: write the key without quotes
         > BOOK rustconf 2 key=\"0123456789abcdef
         < key= has a misplaced or unclosed quote: write the key without quotes
         > BOOK rustconf 2 key=0123456789abcdef key=0123456789abcdef
         < option \"key\" is given twice: once is enough",
    );
}

#[test]
fn error_in_another_argument_or_option_is_reported_before_an_invalid_key() {
    transcript(
        "> BOOK rustconf key=12345 0
         < n \"0\" is out of range: write a whole number from 1 to 10000
         > BOOK rustconf 1 key=12345 for=\"\"
         < for \"\" is empty: write 1 to 200 characters
         > BOOK rustconf 1 key=12345 id=x
         < option \"id\" is unknown here: write BOOK <event-id> <n> [<event-id> <n>]… [for=<name>] [key=<key>], with quotes around an argument that only looks like an option",
    );
}

#[test]
fn key_of_a_command_that_changes_nothing_is_an_unknown_option() {
    for verb in Verb::ALL.iter().filter(|verb| !verb.takes_key() && !verb.has_secrets()) {
        let usage = verb.forms()[0].usage;
        let required = usage.split(" [").next().unwrap();
        let line = required.replace("<event-id>", "e").replace("<who>", "F1").replace("<ticket-id>", UUID);
        let message = refused(format!("{line} key=0123456789abcdef")).message;
        assert_eq!(
            message,
            format!(
                "option \"key\" is unknown here: write {usage}, with quotes around an argument that only \
                 looks like an option"
            )
        );
    }
}

const UUID: &str = "2cdba4d5-65e5-8a4e-9d2b-64a5ba13b0ee";

#[test]
fn put_of_neither_block_nor_meet_shows_both_forms() {
    transcript(
        "> PUT F1 21-11-2026 09:00 BOOK 21-11-2026 10:00
         < \"BOOK\" is neither BLOCK nor MEET: write PUT <who> <date> <time> BLOCK <date> <time> [hours=<hours>] [series=this|following|all] [key=<key>] or PUT <who> <date> <time> MEET <date> <time> <title> <group> [<host>|host=<id>] [hours=<hours>] [series=this|following|all] [key=<key>]",
    );
}

#[track_caller]
fn assert_unknown(line: &str, suggestion: Option<&'static str>, message: &str) {
    let refusal = refused(line);
    assert_eq!((refusal.code, refusal.message.as_str()), (Code::UnknownCommand, message), "\n> {line}");
    assert_eq!(refusal.detail, suggestion.map_or(Detail::None, Detail::DidYouMean), "\n> {line}");
}

#[test]
fn unknown_verb_is_refused_with_the_nearest_verb_as_a_suggestion() {
    let suggests = |word: &str, verb: &'static str| {
        let message = format!("\"{word}\" is not a command: did you mean {verb}? HELP lists the commands");
        assert_unknown(word, Some(verb), &message);
        assert_unknown(&format!("{word} rustconf 2"), Some(verb), &message);
        assert_unknown(&format!("HELP {word}"), Some(verb), &message);
    };
    suggests("boko", "BOOK");
    suggests("BOK", "BOOK");
    suggests("DELET", "DELETE");
    suggests("HELO", "HELLO");
    suggests("Qiut", "QUIT");
    suggests("exti", "EXIT");
    // GET and PUT are both one edit away: the table has GET first.
    suggests("PET", "GET");
    for word in ["RESERVE", "\"\"", "🦀", "DROP;TABLE", "XYZZY"] {
        let shown = if word == "\"\"" { "" } else { word };
        let message = format!("\"{shown}\" is not a command: HELP lists the commands");
        assert_unknown(word, None, &message);
    }
    let message = format!("\"{}…\" is not a command: HELP lists the commands", "x".repeat(40));
    assert_unknown(&"x".repeat(65_000), None, &message);
}

#[test]
fn http_is_foreign_on_every_line() {
    for line in [
        "GET / HTTP/1.1",
        "POST /book HTTP/1.0 ",
        "PRI * HTTP/2.0",
        "get / http/1.1\t",
        "HTTP/1.1",
        "Host: example.org",
        " HOST:example.org",
        "CREATE \"x HTTP/1.1",
    ] {
        match parse(line.as_bytes(), &mut Vec::new()) {
            ParsedLine::Foreign(refusal) => assert_eq!(refusal.code, Code::BadRequest, "{line}"),
            other => panic!("{line}: {other:?}"),
        }
    }
    for line in
        ["GET xHTTP/1.1", "GET HTTP/11", "GET \"HTTP/1.1\"", "GET HTTP/1.x", "HOD host:", "HTTP/1.1 GET x y"]
    {
        assert!(matches!(parse(line.as_bytes(), &mut Vec::new()), ParsedLine::Refused(_)), "{line}");
    }
}

#[test]
fn first_line_of_another_protocol_is_foreign() {
    let assert_foreign = |line: &[u8], message: &str| match parse_first(line, &mut Vec::new()) {
        ParsedLine::Foreign(refusal) => {
            assert_eq!(refusal.code, Code::BadRequest);
            assert!(refusal.message.contains(message), "{:?}: {}", line.escape_ascii(), refusal.message);
        }
        other => panic!("{:?}: {other:?}", line.escape_ascii()),
    };
    for (line, message) in [
        (&b"GET / HTTP/2"[..], "does not speak HTTP, and it closes now"),
        (b"x http/1.23", "HTTP"),
        (b"Host: x", "HTTP"),
        (b"DESCRIBE rtsp://x RTSP/1.0 ", "RTSP"),
        (b"\tINVITE sip:x SIP/2.0", "SIP"),
        (b"\xff\xfd\x03EHLO x", "SMTP"),
        (b"helo x", "SMTP"),
        (b"*12", "RESP"),
        (b"PROXY\tTCP4 x", "the PROXY protocol"),
        (b"\x16\x03\x01", "TLS"),
        (b"\x80\x2e", "TLS"),
        (b"\0", "begins with a byte 0x00"),
        (b"PING \x07", "the control character U+0007"),
        (b"PING \xff\xff", "byte 6 of it is 0xFF"),
    ] {
        assert_foreign(line, message);
    }
    for line in
        ["PING", "EHLO", "GET SIP", "*", "*x", "x HTTP/", "xHTTP/1.1", "# GET / HTTP/1.1", "", "BOKO e 1"]
    {
        let (mut first, mut later) = (Vec::new(), Vec::new());
        assert_eq!(parse_first(line.as_bytes(), &mut first), parse(line.as_bytes(), &mut later), "{line}");
    }
}

#[test]
fn binary_first_byte_is_refused_before_the_end_of_its_line() {
    let refused: Vec<u8> = (0..=255).filter(|&byte| refuse_binary(&[byte]).is_some()).collect();
    let text = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0xc2..=0xf4 | 0xff);
    assert_eq!(refused, (0..=255).filter(|byte| !text(byte)).collect::<Vec<u8>>());
    assert_eq!(refuse_binary(b""), None);
    assert_eq!(refuse_binary(b"P\0"), None, "parsing the line refuses it");
}

#[test]
fn ranges_and_windows_that_cannot_be_are_refused() {
    transcript(
        "> GET F1 21-11-2026 20-11-2026
         < the last date, 2026-11-20, is before the first, 2026-11-21: write the earlier one first
         > HOD F10 21-11-2026 20-11-2026
         < the last date, 2026-11-20, is before the first, 2026-11-21: write the earlier one first
         > FREE F1 21-11-2026 to=20-11-2026
         < the last date, 2026-11-20, is before the first, 2026-11-21: write the earlier one first
         > FREE F1 21-11-2026 from=18:00
         < from=18:00 is not before until=17:00: write the earlier hour in from=
         > FREE F1 21-11-2026 until=09:00
         < from=09:00 is not before until=09:00: write the earlier hour in from=
         > FREE F1 21-11-2026 hours=9
         < hours=9 do not fit between from=09:00 and until=17:00: at most 8 do
         > FREE F1 21-11-2026 hours=25
         < hours \"25\" is not a number of hours: write a whole number from 1 to 24 in digits only
         > FREE F1 21-11-2026 until=00:00
         < until \"00:00\" is not the end of an hour: write hh:00 from 01:00 to 24:00, as in 17:00
         > FREE F1 21-11-2026 from=24:00
         < from \"24:00\" is not an hour: write hh:00 from 00:00 to 23:00, as in 09:00
         > FREE F1 21-11-2026 days=weekend
         < days \"weekend\" is neither weekdays nor all: write days=weekdays or days=all
         > FREE F1 21-11-2026 limit=1001
         < limit \"1001\" is out of range: write a whole number from 1 to 1000
         > FREE F1, 21-11-2026
         < who \"F1,\" has no member at position 2: write one comma between two ids and none at the ends, as in F2,F3",
    );
}

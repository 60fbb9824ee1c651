//! The search accepts right histories and refuses wrong ones.

use bookline_testkit::Rng;
use bookline_testkit::seeds::for_each_seed;

use super::event::{Available, EventReply, EventRequest};
use super::hour::{Cell, Hour, HourReply, HourRequest, Meeting};
use super::operation::{Answer, Operation, Register};
use super::search::find_order;

use EventReply::{Left, SoldOut};
use EventRequest::{Book, Cancel, Read};

/// An operation with a reply.
fn known<R: Register>(sent: u64, received: u64, request: R::Request, reply: R::Reply) -> Operation<R> {
    Operation { client: 0, sent, request, answer: Some(Answer { received, reply }) }
}

fn unknown<R: Register>(sent: u64, request: R::Request) -> Operation<R> {
    Operation { client: 0, sent, request, answer: None }
}

fn is_right<R: Register>(start: &R, operations: &[Operation<R>]) -> bool {
    match find_order(start, operations) {
        Ok(()) => true,
        Err(what) => {
            assert!(what.starts_with("no order explains"), "{what}");
            false
        }
    }
}

/// Of an event with ten tickets.
fn sale_is_right(operations: &[Operation<Available>]) -> bool {
    is_right(&Available(10), operations)
}

#[test]
fn a_read_shows_what_was_left_at_some_time_between_its_request_and_its_reply() {
    let sale = |sent, received, left| {
        sale_is_right(&[known(2, 5, Book(3), Left(7)), known(sent, received, Read, Left(left))])
    };
    // At the same time as the booking.
    assert!(sale(1, 6, 10) && sale(1, 6, 7) && sale(3, 4, 10) && sale(3, 4, 7));
    assert!(!sale(3, 4, 8), "that many were never left");
    // Before it, and after it.
    assert!(sale(0, 1, 10) && sale(6, 7, 7));
    assert!(!sale(0, 1, 7), "of the future");
    assert!(!sale(6, 7, 10), "a stale read");
}

#[test]
fn reads_do_not_go_back_even_during_a_booking() {
    let sale = |first, second| {
        let reads = [known(2, 3, Read, Left(first)), known(4, 5, Read, Left(second))];
        sale_is_right(&[&[known(1, 9, Book(3), Left(7))], &reads[..]].concat())
    };
    assert!(sale(10, 10) && sale(10, 7) && sale(7, 7));
    assert!(!sale(7, 10), "stale");
    // The outcome of the booking is unknown: it may be executed, but only once.
    let sale = |first, second| {
        let reads = [known(2, 3, Read, Left(first)), known(4, 5, Read, Left(second))];
        sale_is_right(&[&[unknown(1, Book(3))], &reads[..]].concat())
    };
    assert!(sale(10, 10) && sale(10, 7) && sale(7, 7));
    assert!(!sale(7, 10) && !sale(7, 4));
}

#[test]
fn a_lost_booking_is_refused() {
    assert!(!sale_is_right(&[known(0, 1, Book(3), Left(7)), known(2, 3, Book(2), Left(8))]));
    assert!(!sale_is_right(&[known(0, 1, Book(3), Left(7)), known(2, 3, Read, Left(10))]));
    assert!(sale_is_right(&[known(0, 1, Book(3), Left(7)), known(2, 3, Book(2), Left(5))]));
    // With one whose outcome is unknown, and which would have to be executed twice.
    let doubt = unknown(2, Book(2));
    let sale = |left| {
        let booked = [known(0, 1, Book(3), Left(7)), doubt.clone()];
        sale_is_right(&[&booked[..], &[known(4, 5, Read, Left(left))]].concat())
    };
    assert!(sale(7) && sale(5));
    assert!(!sale(3) && !sale(10) && !sale(8));
}

#[test]
fn a_double_sale_is_refused() {
    // Two bookings of the last tickets.
    let last = |second| {
        sale_is_right(&[
            known(0, 1, Book(7), Left(3)),
            known(2, 9, Book(3), Left(0)),
            known(3, 8, Book(3), second),
        ])
    };
    assert!(last(SoldOut(0)) && !last(SoldOut(3)));
    assert!(!last(Left(0)));
    // It was sold out, and nothing was cancelled.
    assert!(!sale_is_right(&[known(0, 1, Book(10), Left(0)), known(2, 3, Book(1), Left(9))]));
    assert!(sale_is_right(&[
        known(0, 1, Book(10), Left(0)),
        known(2, 3, Cancel(10), Left(10)),
        known(4, 5, Book(1), Left(9))
    ]));
}

#[test]
fn a_refusal_is_a_read() {
    let refused = |sent, left| {
        sale_is_right(&[
            known(2, 5, Cancel(4), Left(4)),
            known(0, 1, Book(10), Left(0)),
            known(sent, sent + 1, Book(4), SoldOut(left)),
        ])
    };
    assert!(refused(3, 0));
    assert!(!refused(6, 0), "four were left");
    assert!(!refused(6, 4), "four are enough for four");
}

#[test]
fn the_same_unknown_requests_are_executed_as_often_as_they_were_sent() {
    let sale = |count, left| {
        let unknown = (0..count).map(|sent| unknown(sent, Book(1)));
        let operations: Vec<_> = unknown.chain([known(50, 51, Read, Left(left))]).collect();
        sale_is_right(&operations)
    };
    assert!(sale(8, 2) && sale(8, 10) && sale(40, 0));
    assert!(!sale(8, 1));
}

/// Of an hour that is free for everybody.
fn hour_is_right(operations: &[Operation<Hour>]) -> bool {
    is_right(&Hour::default(), operations)
}

const MEETING: Meeting = Meeting { title: 7, host: 1 };

fn meet(sent: u64, received: u64, reply: HourReply) -> Operation<Hour> {
    known(sent, received, HourRequest::Meet { people: vec![0, 1], meeting: MEETING }, reply)
}

fn read(sent: u64, who: usize, cell: Cell) -> Operation<Hour> {
    known(sent, sent + 1, HourRequest::Read(who), HourReply::Shown(cell))
}

#[test]
fn an_hour_is_taken_once() {
    use HourReply::{Busy, Taken};
    let block = |sent, received, reply| known(sent, received, HourRequest::Block(0), reply);
    assert!(hour_is_right(&[block(0, 5, Taken), meet(1, 4, Busy(vec![0]))]));
    assert!(hour_is_right(&[block(0, 5, Busy(vec![0])), meet(1, 4, Taken)]));
    assert!(!hour_is_right(&[block(0, 5, Taken), meet(1, 4, Taken)]), "taken twice");
    assert!(!hour_is_right(&[block(0, 5, Busy(vec![0])), meet(1, 4, Busy(vec![0]))]), "of nobody");
    assert!(!hour_is_right(&[block(0, 1, Taken), meet(2, 3, Busy(vec![1]))]), "of another person");
}

#[test]
fn a_meeting_is_in_all_calendars_at_once() {
    let shown =
        |first, second| hour_is_right(&[meet(0, 9, HourReply::Taken), read(2, 0, first), read(4, 1, second)]);
    let meeting = Cell::Meeting(MEETING);
    assert!(shown(Cell::Free, Cell::Free) && shown(Cell::Free, meeting) && shown(meeting, meeting));
    assert!(!shown(meeting, Cell::Free), "half a meeting");
    assert!(!shown(Cell::Meeting(Meeting { title: 8, host: 1 }), meeting), "another meeting");
}

#[test]
fn a_deleted_entry_stays_deleted() {
    use HourReply::{DeletedBlock, DeletedMeeting, HostIs, Nothing, Taken};
    let delete = |sent, who, reply| known(sent, sent + 1, HourRequest::Delete(who), reply);
    let met = meet(0, 1, Taken);
    assert!(hour_is_right(&[met.clone(), delete(2, 1, DeletedMeeting), read(4, 0, Cell::Free)]));
    assert!(hour_is_right(&[met.clone(), delete(2, 0, HostIs(1)), read(4, 0, Cell::Meeting(MEETING))]));
    let again = |cell| hour_is_right(&[met.clone(), delete(2, 1, DeletedMeeting), read(4, 0, cell)]);
    assert!(!again(Cell::Meeting(MEETING)), "a stale read");
    assert!(!again(Cell::Block), "a block that nobody made");
    assert!(!hour_is_right(&[met.clone(), delete(2, 1, Nothing)]), "a lost meeting");
    assert!(!hour_is_right(&[met.clone(), delete(2, 1, DeletedBlock)]));
    assert!(!hour_is_right(&[met.clone(), delete(2, 0, DeletedMeeting)]), "by another than the host");
    // A deletion whose outcome is unknown is executed at any time, once.
    let doubt = unknown(2, HourRequest::Delete(1));
    let doubted = |second| hour_is_right(&[met.clone(), doubt.clone(), read(4, 0, Cell::Free), second]);
    assert!(doubted(read(6, 1, Cell::Free)));
    assert!(!doubted(read(6, 1, Cell::Meeting(MEETING))));
}

/// A history of an event that is right: each request is executed at a time between its request and its reply.
/// Some replies do not arrive.
fn random_sale(rng: &mut Rng) -> Vec<Operation<Available>> {
    const CLIENTS: usize = 8;
    const STEPS: usize = 400;
    let mut operations: Vec<Operation<Available>> = Vec::new();
    let (mut available, mut sold) = (Available(20), 0);
    // The operation of each client that is not answered, and its reply once it is executed.
    let mut open: Vec<Option<(usize, Option<EventReply>)>> = vec![None; CLIENTS];
    for now in 0..STEPS as u64 {
        let client = rng.below(CLIENTS);
        match open[client].take() {
            None => {
                let request = match rng.below(4) {
                    0 | 1 => Book(rng.within(1..5)),
                    2 if sold > 0 => {
                        let count = rng.within(1..5).min(sold);
                        sold -= count;
                        Cancel(count)
                    }
                    _ => Read,
                };
                open[client] = Some((operations.len(), None));
                operations.push(Operation { client, sent: now, request, answer: None });
            }
            Some((index, None)) if rng.one_in(30) => {
                // It is never executed, and the client does not know.
                let _ = index;
            }
            Some((index, None)) => {
                let request = operations[index].request.clone();
                let reply = match &request {
                    Book(count) if *count > available.0 => SoldOut(available.0),
                    request => Left(available.executed(request).0),
                };
                if let (Book(count), Left(_)) = (&request, &reply) {
                    sold += count;
                }
                available = available.executed(&request);
                open[client] = Some((index, Some(reply)));
            }
            Some((_, Some(_))) if rng.one_in(30) => {}
            Some((index, Some(reply))) => operations[index].answer = Some(Answer { received: now, reply }),
        }
    }
    operations.push(known(STEPS as u64, STEPS as u64 + 1, Read, Left(available.0)));
    operations
}

/// With cancellations of what was not sold in the end, which do not matter here.
#[test]
fn random_histories_are_right_and_with_a_wrong_number_they_are_not() {
    for_each_seed(200, |seed| {
        let mut rng = Rng::new(seed);
        let mut operations = random_sale(&mut rng);
        if let Err(what) = find_order(&Available(20), &operations) {
            panic!("{what}");
        }
        // More are left at the end than there can be, even if all that is in doubt is executed or is not.
        let doubt: u64 = operations
            .iter()
            .filter(|operation| operation.answer.is_none())
            .map(|operation| match operation.request {
                Book(count) | Cancel(count) => count,
                Read => 0,
            })
            .sum();
        let answer = operations.last_mut().and_then(|last| last.answer.as_mut()).expect("a read at the end");
        let Left(left) = &mut answer.reply else { panic!("a read") };
        *left += doubt + 1;
        assert!(!is_right(&Available(20), &operations), "seed {seed}");
    });
}

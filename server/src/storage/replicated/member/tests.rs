//! The rules of a member, one by one.

use super::*;
use crate::codec::frame::HEADER_BYTES;
use crate::codec::salt::Salt;

const LEASE: Duration = Duration::from_secs(3);

fn settings(nonce: u64) -> Settings {
    Settings {
        lease: LEASE,
        jitter: Duration::ZERO,
        salt: Salt::new([7; 16]),
        nonce,
        advertise: "a:2665".into(),
        seen: StreamSequence(0),
        resigned: None,
        genesis: "sales".into(),
        planted: None,
    }
}

fn at(millis: u64) -> BootTime {
    BootTime(Duration::from_millis(millis))
}

fn stored(sequence: u64) -> AppendResult {
    AppendResult::Stored { sequence: StreamSequence(sequence) }
}

fn message(append: &Append) -> StreamRead {
    StreamRead::Message { id: append.id.clone(), frame: append.frame.clone() }
}

/// The next step, which is an append. It has no batch to append.
fn appends(member: &mut Member, now: BootTime) -> Append {
    match member.next(now, &mut || None) {
        Step::Append(append) => append,
        step => panic!("{step:?} instead of an append"),
    }
}

fn step(member: &mut Member, now: BootTime) -> Step {
    member.next(now, &mut || None)
}

/// The member with this nonce, which has just begun the first term of a new stream, and its frames.
fn leader(nonce: u64) -> (Member, Vec<Append>) {
    let mut member = Member::new(settings(nonce), Position::default(), at(0));
    assert_eq!(step(&mut member, at(0)), Step::Read(StreamSequence(1)));
    assert_eq!(member.on_read(at(1), StreamRead::Absent), None);
    let genesis = appends(&mut member, at(30));
    assert!(matches!(member.on_append(at(31), stored(1)), Some(Event::Read(_))));
    assert_eq!(step(&mut member, at(31)), Step::Read(StreamSequence(2)));
    assert_eq!(member.on_read(at(32), StreamRead::Absent), None);
    let takeover = appends(&mut member, at(60));
    assert!(
        matches!(member.on_append(at(70), stored(2)), Some(Event::Leads(position)) if position.term == 1)
    );
    assert_eq!(member.confirmed(), Some(at(60)), "counted from when it was sent");
    (member, vec![genesis, takeover])
}

/// A standby that has read these frames, the last one at `now`.
fn standby(frames: &[Append], now: BootTime) -> Member {
    let mut member = Member::new(settings(2), Position::default(), now);
    for append in frames {
        assert_eq!(step(&mut member, now), Step::Read(append.expected.next()));
        assert!(matches!(member.on_read(now, message(append)), Some(Event::Read(_))));
    }
    member
}

fn batch(commits: u32) -> Batch {
    Batch { bytes: vec![0; HEADER_BYTES + 8], commits }
}

#[test]
fn one_append_is_in_flight_and_what_comes_in_meanwhile_is_the_next_batch() {
    let (mut leader, _) = leader(1);
    let mut waiting = vec![batch(2), batch(3)];
    let Step::Append(first) = leader.next(at(100), &mut || Some(waiting.remove(0))) else { panic!() };
    assert_eq!(first.expected, StreamSequence(2));
    assert!(first.id.starts_with("1-2-0000000000000001-"), "{}", first.id);
    // Until it is decided, nothing else is taken.
    assert_eq!(leader.on_append(at(1_100), AppendResult::Unknown), None);
    assert_eq!(leader.next(at(1_100), &mut || panic!("a second append in flight")), Step::Wait(at(1_150)));
    assert_eq!(appends(&mut leader, at(1_150)), first);
    assert_eq!(leader.on_append(at(1_160), stored(3)), Some(Event::Durable(Sequence(2))));
    assert_eq!(leader.confirmed(), Some(at(100)), "from the first sending, not the second");
    let Step::Append(second) = leader.next(at(1_160), &mut || Some(waiting.remove(0))) else { panic!() };
    assert_eq!(second.expected, StreamSequence(3));
    assert_eq!(leader.on_append(at(1_170), stored(4)), Some(Event::Durable(Sequence(5))));
}

#[test]
fn the_pause_before_a_repeat_is_counted_from_when_the_last_try_began() {
    let (mut leader, _) = leader(1);
    let Step::Append(append) = leader.next(at(100), &mut || Some(batch(1))) else { panic!() };
    let mut now = 100;
    // No responders: the pauses get longer.
    for pause in [50, 100, 200, 400, 500, 500] {
        assert_eq!(leader.on_append(at(now + 1), AppendResult::Unknown), None);
        let again = (now + pause).max(now + 1 + 50);
        assert_eq!(step(&mut leader, at(now + 1)), Step::Wait(at(again)));
        now = again;
        assert_eq!(appends(&mut leader, at(now)), append);
    }
    // A try that has timed out was a long enough pause.
    assert_eq!(leader.on_append(at(now + 1_000), AppendResult::Unknown), None);
    assert_eq!(step(&mut leader, at(now + 1_000)), Step::Wait(at(now + 1_050)));
}

#[test]
fn a_refused_place_is_looked_at_and_decides_by_what_is_there() {
    let (mut leader, _) = leader(1);
    let Step::Append(append) = leader.next(at(100), &mut || Some(batch(1))) else { panic!() };
    assert_eq!(leader.on_append(at(1_100), AppendResult::Unknown), None);
    assert_eq!(appends(&mut leader, at(1_200)), append);
    assert_eq!(leader.on_append(at(1_210), AppendResult::WrongLastSequence), None);
    // A server of NATS that is behind proves nothing.
    assert_eq!(step(&mut leader, at(1_210)), Step::Read(StreamSequence(3)));
    assert_eq!(leader.on_read(at(1_220), StreamRead::Absent), None);
    assert_eq!(step(&mut leader, at(1_220)), Step::Wait(at(1_270)));
    // It answers, and so is asked again soon, however often.
    for millis in [1_270, 1_340, 1_410, 1_480] {
        assert_eq!(appends(&mut leader, at(millis)), append);
        assert_eq!(leader.on_append(at(millis + 10), AppendResult::WrongLastSequence), None);
        assert_eq!(step(&mut leader, at(millis + 10)), Step::Read(StreamSequence(3)));
        assert_eq!(leader.on_read(at(millis + 20), StreamRead::Absent), None);
        assert_eq!(step(&mut leader, at(millis + 20)), Step::Wait(at(millis + 70)));
    }
    assert_eq!(appends(&mut leader, at(1_550)), append);
    assert_eq!(leader.on_append(at(1_560), AppendResult::WrongLastSequence), None);
    assert_eq!(step(&mut leader, at(1_560)), Step::Read(StreamSequence(3)));
    assert_eq!(leader.on_read(at(1_570), message(&append)), Some(Event::Durable(Sequence(1))));
}

#[test]
fn an_acknowledgment_of_another_place_decides_nothing() {
    let (mut leader, _) = leader(1);
    let Step::Append(append) = leader.next(at(100), &mut || Some(batch(1))) else { panic!() };
    assert_eq!(leader.on_append(at(110), stored(2)), None);
    assert_eq!(step(&mut leader, at(110)), Step::Read(StreamSequence(3)));
    assert_eq!(leader.on_read(at(120), message(&append)), Some(Event::Durable(Sequence(1))));
}

#[test]
fn a_leader_that_finds_anothers_frame_at_its_place_is_deposed_for_ever() {
    let (mut leader, frames) = leader(1);
    let mut other = standby(&frames, at(100));
    let _ = step(&mut other, at(100));
    for millis in (120..3_200).step_by(20) {
        assert_eq!(other.on_read(at(millis), StreamRead::Absent), None);
        let _ = step(&mut other, at(millis));
    }
    let takeover = appends(&mut other, at(3_210));
    assert_eq!(takeover.expected, StreamSequence(2));
    assert!(
        matches!(other.on_append(at(3_220), stored(3)), Some(Event::Leads(position)) if position.term == 2)
    );

    let heartbeat = appends(&mut leader, at(4_000));
    assert_eq!(heartbeat.expected, StreamSequence(2));
    assert_eq!(leader.on_append(at(4_010), AppendResult::WrongLastSequence), None);
    assert_eq!(step(&mut leader, at(4_010)), Step::Read(StreamSequence(3)));
    assert_eq!(leader.on_read(at(4_020), message(&takeover)), None);
    assert_eq!(step(&mut leader, at(4_020)), Step::Deposed);
    assert_eq!(step(&mut leader, at(9_000)), Step::Deposed);
}

#[test]
fn a_standby_takes_over_after_a_whole_lease_and_the_loser_follows() {
    let (_, frames) = leader(1);
    let mut loser = standby(&frames, at(100));
    let mut now = 100;
    let takeover = loop {
        match step(&mut loser, at(now)) {
            Step::Read(sequence) => {
                assert_eq!(sequence, StreamSequence(3));
                assert_eq!(loser.on_read(at(now), StreamRead::Absent), None);
            }
            Step::Wait(until) => now = u64::try_from(until.0.as_millis()).expect("a short test"),
            Step::Append(takeover) => break takeover,
            other => panic!("{other:?}"),
        }
    };
    assert!((3_100..3_200).contains(&now), "{now}");

    let mut winner = standby(&frames, at(100));
    winner.settings.nonce = 3;
    let Step::Append(won) = winner.take_over(at(3_100)) else { panic!() };
    assert_ne!(won.id, takeover.id, "two candidates never use one id");
    assert_eq!(loser.on_append(at(3_200), AppendResult::WrongLastSequence), None);
    assert_eq!(step(&mut loser, at(3_200)), Step::Read(StreamSequence(3)));
    let Some(Event::Read(read)) = loser.on_read(at(3_210), message(&won)) else { panic!() };
    assert_eq!(read.content, Content::Takeover { leader: "a:2665".into() });
    assert_eq!((read.position.term, loser.is_leader()), (2, false));
}

#[test]
fn a_barrier_is_an_append_that_is_sent_after_it_was_wanted() {
    let (mut leader, _) = leader(1);
    assert_eq!(step(&mut leader, at(100)), Step::Wait(at(1_060)));
    leader.want_barrier();
    let first = appends(&mut leader, at(200));
    // What was sent already does not show that it leads now.
    leader.want_barrier();
    assert_eq!(leader.on_append(at(210), stored(3)), Some(Event::Durable(Sequence(0))));
    let second = appends(&mut leader, at(220));
    assert_ne!(first.id, second.id);
    assert_eq!(leader.on_append(at(230), stored(4)), Some(Event::Durable(Sequence(0))));
    assert_eq!(leader.confirmed(), Some(at(220)));
    assert_eq!(step(&mut leader, at(240)), Step::Wait(at(1_220)));
}

#[test]
fn a_message_that_cannot_follow_is_read_again_and_then_stops_the_member() {
    let (mut leader, frames) = leader(1);
    let Step::Append(next) = leader.next(at(100), &mut || Some(batch(1))) else { panic!() };
    let mut flipped = next.frame.to_vec();
    flipped[HEADER_BYTES] ^= 1;
    let corrupt = StreamRead::Message { id: next.id.clone(), frame: flipped.into() };
    for (wrong, reason) in [(corrupt, Break::NoFrame), (message(&frames[1]), Break::OtherChain)] {
        let mut member = standby(&frames, at(100));
        let mut now = 100;
        for _ in 0..=BREAK_READS {
            assert_eq!(step(&mut member, at(now)), Step::Read(StreamSequence(3)));
            assert_eq!(member.on_read(at(now), wrong.clone()), None);
            now += 200;
        }
        let at_third = StreamSequence(3);
        assert_eq!(step(&mut member, at(now)), Step::Stop(Corrupt { at: at_third, reason }));
    }
    // Once is not for ever.
    let mut member = standby(&frames, at(100));
    assert_eq!(member.on_read(at(100), message(&frames[1])), None);
    assert!(matches!(member.on_read(at(300), message(&next)), Some(Event::Read(_))));
}

#[test]
fn a_frame_of_an_earlier_term_cannot_follow_a_takeover() {
    let (_, frames) = leader(1);
    let member = standby(&frames, at(100));
    let salt = Salt::new([7; 16]);
    for (kind, term, payload, reason) in [
        (Kind::Commits, 0, 1, Break::OtherTerm { found: 0, last: 1 }),
        (Kind::Heartbeat, 2, 0, Break::OtherTerm { found: 2, last: 1 }),
        (Kind::Takeover, 1, 0, Break::OtherTerm { found: 1, last: 1 }),
        (Kind::Genesis, 1, 0, Break::Invalid),
        (Kind::Marker, 1, 0, Break::Invalid),
        (Kind::Heartbeat, 1, 1, Break::Invalid),
        (Kind::Commits, 1, 0, Break::Invalid),
        (Kind::Resign, 1, 1, Break::Invalid),
        (Kind::Unknown(99), 1, 0, Break::UnknownKind(99)),
    ] {
        let (frame, _) = frames::write(kind, term, member.position(), batch(payload), &salt);
        assert_eq!(read_frame(&frame, member.position(), &salt), Err(reason), "{kind:?} of term {term}");
    }
}

/// A leader that resigns, with a batch left, until its resignation is sent at `at(120)`.
fn resigning() -> (Member, Vec<Append>) {
    let (mut leader, mut frames) = leader(1);
    leader.resign();
    assert!(leader.is_leader() && leader.is_resigning() && !leader.has_lease());
    let Step::Append(last) = leader.next(at(100), &mut || Some(batch(1))) else { panic!() };
    assert_eq!(leader.on_append(at(110), stored(3)), Some(Event::Durable(Sequence(1))));
    frames.push(last);
    frames.push(appends(&mut leader, at(120)));
    (leader, frames)
}

#[test]
fn a_leader_resigns_behind_its_last_batch_and_for_good() {
    let (mut leader, frames) = resigning();
    // It leads as long as it does not know whether the resignation is in the log.
    assert_eq!(leader.on_append(at(1_120), AppendResult::Unknown), None);
    assert_eq!(appends(&mut leader, at(1_200)), frames[3]);
    let Some(Event::Resigned(position)) = leader.on_append(at(1_210), stored(4)) else { panic!() };
    assert_eq!(
        (position.stream, position.commit, position.is_resigned),
        (StreamSequence(4), Sequence(1), true)
    );
    assert_eq!(leader.confirmed(), Some(at(120)), "what was looked up before it was sent may be shown");
    assert!(!leader.is_leader() && !leader.has_lease());
    leader.want_barrier();
    assert_eq!(leader.next(at(1_300), &mut || Some(batch(1))), Step::Resigned);
}

#[test]
fn a_leader_that_was_deposed_before_it_could_resign_is_deposed() {
    let (mut leader, frames) = resigning();
    let mut other = standby(&frames[..3], at(100));
    let Step::Append(takeover) = other.take_over(at(130)) else { panic!() };
    assert_eq!(leader.on_append(at(140), AppendResult::WrongLastSequence), None);
    assert_eq!(step(&mut leader, at(140)), Step::Read(StreamSequence(4)));
    assert_eq!(leader.on_read(at(150), message(&takeover)), None);
    assert_eq!(step(&mut leader, at(150)), Step::Deposed);
}

/// When a standby with these settings takes over behind the frames of a leader that has resigned.
fn takes_over_after(settings: Settings) -> u64 {
    let (_, frames) = resigning();
    let mut member = Member::new(settings, Position::default(), at(0));
    for frame in &frames {
        assert!(matches!(member.on_read(at(0), message(frame)), Some(Event::Read(_))));
    }
    let mut now = 0;
    loop {
        match step(&mut member, at(now)) {
            Step::Read(_) => assert_eq!(member.on_read(at(now), StreamRead::Absent), None),
            Step::Wait(until) => now = u64::try_from(until.0.as_millis()).expect("a short test"),
            Step::Append(append) => {
                assert_eq!(append.expected, StreamSequence(4));
                return now;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_standby_that_has_read_a_resignation_takes_over_at_once_and_who_has_resigned_does_not() {
    let at_once = u64::try_from(POLL_AFTER.as_millis()).expect("a short time");
    assert_eq!(takes_over_after(settings(2)), at_once);
    let jitter = Duration::from_millis(200);
    assert!((50..100).contains(&takes_over_after(Settings { jitter, ..settings(2) })));
    let of_resigned = takes_over_after(Settings { resigned: Some(1), ..settings(1) });
    assert!((6_000..6_100).contains(&of_resigned), "{of_resigned}");
    assert_eq!(
        takes_over_after(Settings { resigned: Some(7), ..settings(1) }),
        at_once,
        "of an earlier term"
    );
}

#[test]
fn a_standby_that_has_not_read_the_resignation_waits_for_a_lease() {
    let (_, frames) = resigning();
    let mut member = standby(&frames[..3], at(100));
    let _ = step(&mut member, at(100));
    // A server of NATS that is behind does not show it.
    assert_eq!(member.on_read(at(120), StreamRead::Absent), None);
    assert!(matches!(step(&mut member, at(140)), Step::Read(StreamSequence(4)) | Step::Wait(_)));
}

#[test]
fn nothing_but_a_takeover_follows_a_resignation() {
    let (_, frames) = resigning();
    let member = standby(&frames, at(100));
    let salt = Salt::new([7; 16]);
    for (kind, commits) in [(Kind::Commits, 1), (Kind::Heartbeat, 0), (Kind::Resign, 0)] {
        let (frame, _) = frames::write(kind, 1, member.position(), batch(commits), &salt);
        assert_eq!(read_frame(&frame, member.position(), &salt), Err(Break::Resigned(1)), "{kind:?}");
    }
    let takeover =
        frames::write(Kind::Takeover, 2, member.position(), Batch::without_commits(b"b:1"), &salt).0;
    let read = read_frame(&takeover, member.position(), &salt).expect("it may follow");
    assert!(!read.position.is_resigned);
}

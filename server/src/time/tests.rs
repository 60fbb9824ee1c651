//! The clock with clocks that the test sets.

use std::io::{self, Write};
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

use super::clock::Clock;
use super::source::{ManualTime, OsTime, TimeSource};

/// 2027-01-15T08:00:00Z.
const START: i64 = 1_800_000_000_000_000;

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;

/// A reading looks at the system clock after so many microseconds.
const LOOK_INTERVAL: i64 = 10_000;

fn started(last_commit: Option<i64>) -> (Arc<ManualTime>, Clock) {
    let time = Arc::new(ManualTime::new(START));
    let clock = Clock::new(time.clone(), last_commit);
    (time, clock)
}

/// The lines that `action` logs on this thread.
fn logged(action: impl FnOnce()) -> Vec<String> {
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false);
    tracing::subscriber::with_default(log.without_time().with_target(false).finish(), action);
    let bytes = lines.0.lock().expect("no panic");
    String::from_utf8_lossy(&bytes).lines().map(|line| line.trim_start().to_owned()).collect()
}

#[test]
fn clock_begins_at_the_system_clock_or_at_a_later_last_commit() {
    for last_commit in [None, Some(i64::MIN), Some(START - 1), Some(START)] {
        assert_eq!(started(last_commit).1.now(), START, "{last_commit:?}");
    }
    let (time, clock) = started(Some(START + 1_000));
    assert_eq!(clock.now(), START + 1_000);
    time.advance(1_000);
    assert_eq!(clock.now(), START + 1_500, "half speed");
    time.advance(1_000);
    assert_eq!(clock.now(), START + 2_000, "the system clock has caught up");
    time.advance(1_000);
    assert_eq!(clock.now(), START + 3_000);
}

#[test]
fn start_logs_a_last_commit_over_a_minute_later_than_the_system_clock() {
    assert_eq!(logged(|| drop(started(Some(START + 60 * SECOND)))), [""; 0]);
    let lines = logged(|| drop(started(Some(START + HOUR))));
    let expected = "WARN the last commit is 1h later than the system clock: the server's time never goes \
                    back. It is 1h ahead and runs at half speed for 2h, until the system clock has caught \
                    up. Until then bookings get times that lie ahead. Check the system clock";
    assert_eq!(lines, [expected]);
    // The time of a commit is any number.
    assert!(logged(|| drop(started(Some(i64::MAX)))).concat().contains("half speed"));
}

#[test]
fn time_passes_as_boot_time_does() {
    let (time, clock) = started(None);
    let mut now = START;
    for micros in [1, 2, LOOK_INTERVAL - 4, 1, 1, HOUR] {
        time.advance(micros);
        now += micros;
        assert_eq!(clock.now(), now);
    }
}

#[test]
fn step_forward_is_followed_by_the_first_reading_after_ten_milliseconds() {
    let (time, clock) = started(None);
    let lines = logged(|| {
        time.step(60 * SECOND);
        time.advance(LOOK_INTERVAL - 1);
        assert_eq!(clock.now(), START + LOOK_INTERVAL - 1);
        time.advance(1);
        assert_eq!(clock.now(), time.system_micros());
        time.advance(1);
        assert_eq!(clock.now(), START + 60 * SECOND + LOOK_INTERVAL + 1);
    });
    assert_eq!(lines, [""; 0], "a minute is not logged");
}

#[test]
fn step_forward_above_a_minute_is_logged_once() {
    let (time, clock) = started(None);
    let lines = logged(|| {
        time.step(HOUR);
        for _ in 0..3 {
            time.advance(LOOK_INTERVAL);
            assert_eq!(clock.now(), time.system_micros());
        }
    });
    assert_eq!(lines, ["WARN the system clock was set forward: the server's time follows it at once, by 1h"]);
}

/// A clock that has found its system clock set back by a second, and its time then.
fn set_back() -> (Arc<ManualTime>, Clock, i64) {
    let (time, clock) = started(None);
    time.step(-SECOND);
    time.advance(LOOK_INTERVAL);
    let found = clock.now();
    assert_eq!(found, START + LOOK_INTERVAL, "full speed until the step is found");
    (time, clock, found)
}

#[test]
fn step_back_halves_the_speed_until_the_system_clock_has_caught_up() {
    for passed in [1, 2, 3, LOOK_INTERVAL, SECOND, 2 * SECOND - 1, 2 * SECOND] {
        let (time, clock, found) = set_back();
        time.advance(passed);
        assert_eq!(clock.now(), found + passed / 2, "after {passed} µs");
        time.advance(2 * SECOND - passed);
        assert_eq!(clock.now(), found + SECOND, "it has caught up");
        assert_eq!(clock.now(), time.system_micros());
        time.advance(passed);
        assert_eq!(clock.now(), found + SECOND + passed, "full speed");
    }
}

#[test]
fn another_step_back_lengthens_the_half_speed() {
    let (time, clock, found) = set_back();
    time.advance(SECOND);
    assert_eq!(clock.now(), found + SECOND / 2);
    time.step(-SECOND);
    time.advance(LOOK_INTERVAL);
    assert_eq!(clock.now(), found + (SECOND + LOOK_INTERVAL) / 2);
    time.advance(3 * SECOND - LOOK_INTERVAL);
    assert_eq!(clock.now(), found + 2 * SECOND);
    assert_eq!(clock.now(), time.system_micros());
    time.advance(1);
    assert_eq!(clock.now(), found + 2 * SECOND + 1);
}

#[test]
fn step_forward_shortens_the_half_speed_or_ends_it() {
    let (time, clock, found) = set_back();
    time.step(SECOND / 2);
    time.advance(LOOK_INTERVAL);
    assert_eq!(clock.now(), found + LOOK_INTERVAL / 2, "still ahead");
    time.advance(SECOND - LOOK_INTERVAL);
    assert_eq!(clock.now(), found + SECOND / 2);
    assert_eq!(clock.now(), time.system_micros(), "it has caught up");

    let (time, clock, found) = set_back();
    time.step(2 * SECOND);
    time.advance(LOOK_INTERVAL);
    assert_eq!(clock.now(), found + LOOK_INTERVAL + SECOND);
    assert_eq!(clock.now(), time.system_micros());
}

#[test]
fn step_back_above_a_minute_is_logged_once() {
    let (time, clock) = started(None);
    let lines = logged(|| {
        time.step(-60 * SECOND);
        time.advance(LOOK_INTERVAL);
        clock.now();
    });
    assert_eq!(lines, [""; 0], "a minute is not logged");
    let (time, clock) = started(None);
    let lines = logged(|| {
        time.step(-HOUR);
        for _ in 0..3 {
            time.advance(LOOK_INTERVAL);
            clock.now();
        }
    });
    let expected = "WARN the system clock was set back by 1h: the server's time never goes back. It is 1h \
                    ahead and runs at half speed for 2h, until the system clock has caught up. Until then \
                    bookings get times that lie ahead. Check the system clock";
    assert_eq!(lines, [expected]);
}

#[test]
fn suspended_machine_is_no_step() {
    let (time, clock) = started(None);
    let lines = logged(|| {
        time.advance(8 * HOUR);
        assert_eq!(clock.now(), START + 8 * HOUR);
    });
    assert_eq!(lines, [""; 0]);
}

#[test]
fn system_clock_outside_of_the_calendar_is_followed_to_its_end() {
    let (time, clock) = started(None);
    for _ in 0..3 {
        time.step(100_000_000 * HOUR);
        time.advance(LOOK_INTERVAL);
        let now = clock.now();
        time.advance(2);
        assert!(clock.now() > now);
    }
    assert!(clock.now() < super::zone::MICROS_MAX + SECOND);
}

/// A clock of the system that is read while other threads run: between two readings any time may pass.
#[derive(Debug, Default)]
struct SlowReader {
    boot: AtomicI64,
    /// What passes before each of the next readings.
    delays: Mutex<Vec<i64>>,
}

impl TimeSource for SlowReader {
    fn boot_micros(&self) -> i64 {
        let delay = self.delays.lock().expect("no panic").pop().unwrap_or_default();
        self.boot.fetch_add(delay, Relaxed) + delay
    }

    fn system_micros(&self) -> i64 {
        START + self.boot_micros()
    }
}

#[test]
fn delay_between_the_readings_of_a_look_is_no_step() {
    for delays in [[0, 5_000, 0], [0, 0, 5_000], [0, 5_000, 5_000]] {
        let time = Arc::new(SlowReader::default());
        let clock = Clock::new(time.clone(), None);
        // First the reading that finds the look due, then those of the look: boot, system, boot.
        *time.delays.lock().expect("no panic") = [LOOK_INTERVAL].into_iter().chain(delays).rev().collect();
        assert_eq!(clock.now(), START + LOOK_INTERVAL + delays.iter().sum::<i64>(), "{delays:?}");
        time.boot.fetch_add(LOOK_INTERVAL, Relaxed);
        assert_eq!(clock.now(), time.system_micros(), "{delays:?}");
    }
}

/// It would fail if a reading mixed two timelines, or used the old one after the new one began.
#[test]
fn time_goes_back_in_no_thread_while_the_system_clock_is_set() {
    const READERS: usize = 3;
    const READINGS: usize = 100_000;
    let (time, clock) = started(None);
    let latest = AtomicI64::new(START);
    let read = || {
        let before = latest.load(SeqCst);
        let now = clock.now();
        assert!(now >= before, "{now} after {before}");
        latest.fetch_max(now, SeqCst);
    };
    thread::scope(|scope| {
        let readers = [(); READERS].map(|()| scope.spawn(|| (0..READINGS).for_each(|_| read())));
        let steps = [-SECOND, SECOND, -SECOND, -SECOND, 2 * SECOND];
        for step in steps.into_iter().cycle() {
            if readers.iter().all(|reader| reader.is_finished()) {
                break;
            }
            time.step(step);
            for _ in 0..10 {
                time.advance(LOOK_INTERVAL / 10);
                read();
            }
        }
    });
}

#[test]
fn clock_of_the_operating_system_advances_and_agrees_with_the_standard_library() {
    let clock = Clock::new(Arc::new(OsTime), None);
    let mut last = clock.now();
    // For more than two looks.
    let end = OsTime.boot_micros() + 3 * LOOK_INTERVAL;
    while OsTime.boot_micros() < end {
        let read = OsTime.boot_micros();
        while OsTime.boot_micros() < read + 2 {}
        let now = clock.now();
        assert!(now > last, "{now} after {last}");
        last = now;
    }
    let system = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970");
    let difference = clock.now() - i64::try_from(system.as_micros()).expect("before the year 294276");
    assert!(difference.abs() < SECOND, "{difference} µs");
}

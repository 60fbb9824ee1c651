//! `booklined check`: is everything whole?

use std::fmt::Display;
use std::io::{self, Read};

use chrono_tz::Tz;
use rustix::fs::{CWD, OFlags};

use super::{Parts, is_lasting, print, settled};
use crate::codec::Sequence;
use crate::escaped::Shown;
use crate::storage::data_dir::clean_stop::CleanStop;
use crate::storage::journal::{self, segment};
use crate::storage::plain_file;
use crate::storage::snapshot;
use crate::storage::snapshot::read::{self, Snapshot};

/// The files that hold a line of text are read so far.
const LINE_MAX: u64 = 256;

/// Reads every snapshot and every segment, and says what it found.
pub(super) fn run(parts: &Parts) -> anyhow::Result<bool> {
    let done = |found: &Found| found.corrupt == 0 || found.lasting;
    let found = settled(|| parts.last_change(), done, || Found::of(parts));
    let verdict = match (found.corrupt, found.torn) {
        (0, false) => "all is well",
        (0, true) => {
            "nothing is corrupt: the next start truncates the torn tail, of which nothing was acknowledged"
        }
        _ => "corruption was found",
    };
    print(&format!("{}{verdict}\n", found.report))?;
    Ok(found.corrupt == 0)
}

/// What one look found.
#[derive(Debug, Default)]
struct Found {
    report: String,
    corrupt: usize,
    /// Another look would find it as well.
    lasting: bool,
    /// Does the journal end in a write that was not finished?
    torn: bool,
}

impl Found {
    fn of(parts: &Parts) -> Self {
        let mut found = Self::default();
        let oldest = found.snapshots(parts);
        found.journal(parts, oldest);
        let (lock, zone, stop) = (check_lock(parts), check_zone(parts), check_clean_stop(parts));
        for (name, checked) in [("lock", lock), ("time-zone", zone), ("clean-stop", stop)] {
            if let Err(what) = checked {
                found.corruption(&format_args!("{name}: {what:#}"), is_lasting(&what));
            }
        }
        found
    }

    fn say(&mut self, line: &dyn Display) {
        self.report.push_str(&format!("{line}\n"));
    }

    fn corruption(&mut self, what: &dyn Display, lasting: bool) {
        self.corrupt += 1;
        self.lasting |= lasting;
        self.say(what);
    }

    /// Reads all snapshots. Says the sequence of the oldest whole one.
    fn snapshots(&mut self, parts: &Parts) -> Option<Sequence> {
        let sequences = match read::list(parts.snapshots()) {
            Ok(sequences) => sequences,
            Err(e) => {
                self.corruption(&format_args!("snapshots: {e}"), true);
                return None;
            }
        };
        let mut oldest = None;
        for sequence in sequences {
            match Snapshot::open(parts.snapshots(), sequence).and_then(|s| Ok((s.verify()?, s.bytes()?))) {
                Ok((changes, bytes)) => {
                    let (name, last) = (snapshot::name(sequence), sequence.0);
                    self.say(&format_args!(
                        "snapshot {name}: sequences 1 to {last}, {changes} changes, {bytes} bytes, whole"
                    ));
                    oldest = Some(sequence);
                }
                Err(bad) => {
                    let bad = anyhow::Error::from(bad);
                    self.corruption(&bad, is_lasting(&bad));
                }
            }
        }
        oldest
    }

    /// From the oldest snapshot on the journal must be whole: that is what a corrupt newer one falls back to.
    fn journal(&mut self, parts: &Parts, oldest: Option<Sequence>) {
        let from = oldest.unwrap_or_default();
        let checked = parts.base().map_err(anyhow::Error::from).and_then(|base| {
            let base = journal::Base { snapshot: from, ..base };
            Ok(journal::check(parts.journal(), base, &mut |commit| commit.check())?)
        });
        match checked {
            Ok(recovered) => self.tell(&recovered, from),
            Err(error) => self.corruption(&format_args!("{error:#}"), is_lasting(&error)),
        }
    }

    fn tell(&mut self, recovered: &journal::Recovered, from: Sequence) {
        let (last, changes, segments) = (recovered.last.0, recovered.changes, recovered.segments);
        match last - from.0 {
            0 => self.say(&format_args!("journal: nothing behind sequence {last}, {segments} segments")),
            _ => {
                let first = from.next().0;
                self.say(&format_args!(
                    "journal: sequences {first} to {last}, {changes} changes, {segments} segments, whole"
                ));
            }
        }
        if let Some((file, offset)) = &recovered.torn_tail {
            self.torn = true;
            self.say(&format_args!(
                "journal {file}, offset {offset}: a torn tail, of a write that a crash interrupted or that is under way"
            ));
        }
    }
}

/// What a file of one line says; nothing if it is not there.
fn line(parts: &Parts, name: &str) -> io::Result<Option<String>> {
    let file = match plain_file::open_own(CWD, &parts.data_dir().join(name), OFlags::RDONLY) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    file.take(LINE_MAX).read_to_end(&mut bytes)?;
    Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// It holds the pid of a running server, or nothing. The next start makes one that is not there.
fn check_lock(parts: &Parts) -> anyhow::Result<()> {
    let Some(pid) = line(parts, "lock")? else { return Ok(()) };
    if pid.is_empty() || pid.parse::<u32>().is_ok_and(|pid| pid > 0) {
        return Ok(());
    }
    anyhow::bail!("it holds {} and not the pid of a server: is this another program's file?", Shown(&pid))
}

/// Where it is, it says where the journal ends.
fn check_clean_stop(parts: &Parts) -> anyhow::Result<()> {
    match CleanStop::read(&parts.root)? {
        CleanStop::Corrupt => {
            anyhow::bail!(
                "it is corrupt: whether the journal ends where the last stop left it cannot be checked"
            )
        }
        CleanStop::None | CleanStop::At(_) => Ok(()),
    }
}

/// Where a journal was begun, the zone in which its hours are meant is recorded.
fn check_zone(parts: &Parts) -> anyhow::Result<()> {
    match line(parts, "time-zone")? {
        Some(zone) if zone.parse::<Tz>().is_ok() => Ok(()),
        Some(zone) => anyhow::bail!(
            "it holds {}, which is not a known time zone: write the one in which the calendar's hours are meant, as in \
             Europe/Berlin",
            Shown(&zone)
        ),
        None if segment::list(parts.journal())?.is_empty() => Ok(()),
        None => anyhow::bail!(
            "it is missing: write the time zone in which the calendar's hours are meant into it, as in Europe/Berlin; \
             the next start writes its own"
        ),
    }
}

//! `booklined check`: searches a data directory for corruption.

use std::fmt::Display;
use std::io::{self, Read};

use chrono_tz::Tz;
use rustix::fs::{CWD, OFlags};

use super::{Parts, is_lasting, print, settled};
use crate::codec::Sequence;
use crate::escaped::Shown;
use crate::storage::data_dir::clean_stop::CleanStop;
use crate::storage::data_dir::ticket_key;
use crate::storage::journal::{self, segment};
use crate::storage::plain_file;
use crate::storage::snapshot;
use crate::storage::snapshot::read::{self, Snapshot};

/// The most that is read of a file that contains a line of text.
const LINE_BYTES_MAX: u64 = 256;

/// Reads every snapshot and every segment, and prints a report. Returns whether nothing is corrupt.
pub(super) fn run(parts: &Parts) -> anyhow::Result<bool> {
    run_with(parts, &Preface::default())
}

/// What is known before the data directory is read: lines of the report, those of corruption apart.
#[derive(Debug, Default)]
pub(super) struct Preface {
    pub lines: Vec<String>,
    pub corruptions: Vec<String>,
}

/// As [`run`], with a preface.
pub(super) fn run_with(parts: &Parts, preface: &Preface) -> anyhow::Result<bool> {
    let done = |report: &Report| report.corruptions == 0 || report.lasting;
    let report = settled(|| parts.last_change(), done, || Report::of(parts, preface));
    let verdict = match (report.corruptions, report.torn_tail) {
        (1.., _) if report.corruptions == report.newer => {
            "a newer version has written part of it: check it with that version"
        }
        (0, false) => "all is well",
        (0, true) => {
            "nothing is corrupt: the next start truncates the torn tail, of which nothing was acknowledged"
        }
        _ => "corruption was found",
    };
    print(&format!("{}{verdict}\n", report.text))?;
    Ok(report.corruptions == 0)
}

/// The result of one read of the data directory.
#[derive(Debug, Default)]
struct Report {
    text: String,
    corruptions: usize,
    /// Those of them that a newer version has written, and are none for that.
    newer: usize,
    /// Whether a retry would find the same corruption.
    lasting: bool,
    /// Whether the journal ends in a torn tail.
    torn_tail: bool,
}

impl Report {
    fn of(parts: &Parts, preface: &Preface) -> Self {
        let mut report = Self::default();
        preface.lines.iter().for_each(|line| report.add_line(line));
        preface.corruptions.iter().for_each(|line| report.add_corruption(line, true));
        let oldest = report.add_snapshots(parts);
        report.add_journal(parts, oldest);
        let (lock, zone, stop) = (check_lock(parts), check_zone(parts), check_clean_stop(parts));
        let key = check_ticket_key(parts);
        for (name, result) in
            [("lock", lock), ("time-zone", zone), ("clean-stop", stop), (ticket_key::NAME, key)]
        {
            if let Err(error) = result {
                report.add_corruption(&format_args!("{name}: {error:#}"), is_lasting(&error));
            }
        }
        report
    }

    fn add_line(&mut self, line: &dyn Display) {
        self.text.push_str(&format!("{line}\n"));
    }

    fn add_corruption(&mut self, line: &dyn Display, lasting: bool) {
        self.corruptions += 1;
        self.lasting |= lasting;
        self.add_line(line);
    }

    /// Reads all snapshots. Returns the sequence number of the oldest valid one.
    fn add_snapshots(&mut self, parts: &Parts) -> Option<Sequence> {
        let sequences = match read::list(parts.snapshots()) {
            Ok(sequences) => sequences,
            Err(e) => {
                self.add_corruption(&format_args!("snapshots: {e}"), true);
                return None;
            }
        };
        let mut oldest = None;
        for sequence in sequences {
            match Snapshot::open(parts.snapshots(), sequence).and_then(|s| Ok((s.verify()?, s.bytes()?))) {
                Ok((changes, bytes)) => {
                    let (name, last) = (snapshot::name(sequence), sequence.0);
                    self.add_line(&format_args!(
                        "snapshot {name}: sequences 1 to {last}, {changes} changes, {bytes} bytes, valid"
                    ));
                    oldest = Some(sequence);
                }
                Err(error) => {
                    self.newer += usize::from(error.is_newer());
                    let error = anyhow::Error::from(error);
                    self.add_corruption(&error, is_lasting(&error));
                }
            }
        }
        oldest
    }

    /// Reads the journal since the oldest snapshot. Recovery needs all of it if the newer snapshot is
    /// corrupt.
    fn add_journal(&mut self, parts: &Parts, oldest: Option<Sequence>) {
        let from = oldest.unwrap_or_default();
        let result = parts.base().map_err(anyhow::Error::from).and_then(|base| {
            let base = journal::Base { snapshot: from, ..base };
            Ok(journal::check(parts.journal(), base, &mut |commit| commit.check())?)
        });
        match result {
            Ok(recovered) => self.add_recovered(&recovered, from),
            Err(error) => self.add_corruption(&format_args!("{error:#}"), is_lasting(&error)),
        }
    }

    fn add_recovered(&mut self, recovered: &journal::Recovered, from: Sequence) {
        let (last, changes, segments) = (recovered.last.0, recovered.changes, recovered.segments);
        match last - from.0 {
            0 => self.add_line(&format_args!("journal: nothing after sequence {last}, {segments} segments")),
            _ => {
                let first = from.next().0;
                self.add_line(&format_args!(
                    "journal: sequences {first} to {last}, {changes} changes, {segments} segments, valid"
                ));
            }
        }
        if let Some((file, offset)) = &recovered.torn_tail {
            self.torn_tail = true;
            self.add_line(&format_args!(
                "journal {file}, offset {offset}: a torn tail, of a write that a crash interrupted or that \
                 is in progress"
            ));
        }
    }
}

/// The text of a file of one line. `None` if the file does not exist.
fn line(parts: &Parts, name: &str) -> io::Result<Option<String>> {
    let file = match plain_file::open_own(CWD, &parts.data_dir().join(name), OFlags::RDONLY) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    file.take(LINE_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// The file contains the pid of a running server, or is empty. A missing one is created by the next start.
fn check_lock(parts: &Parts) -> anyhow::Result<()> {
    let Some(pid) = line(parts, "lock")? else { return Ok(()) };
    if pid.is_empty() || pid.parse::<u32>().is_ok_and(|pid| pid > 0) {
        return Ok(());
    }
    anyhow::bail!("it holds {} and not the pid of a server: is this another program's file?", Shown(&pid))
}

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

/// The file holds a key, or does not exist. The next start replaces one that holds something else.
fn check_ticket_key(parts: &Parts) -> anyhow::Result<()> {
    ticket_key::read(&parts.root)?;
    Ok(())
}

/// The file names a time zone, and exists if there is a journal.
fn check_zone(parts: &Parts) -> anyhow::Result<()> {
    match line(parts, "time-zone")? {
        Some(zone) if zone.parse::<Tz>().is_ok() => Ok(()),
        Some(zone) => anyhow::bail!(
            "it holds {}, which is not a known time zone: write the one in which the calendar's hours are \
             meant, as in Europe/Berlin",
            Shown(&zone)
        ),
        None if segment::list(parts.journal())?.is_empty() => Ok(()),
        None => anyhow::bail!(
            "it is missing: write the time zone in which the calendar's hours are meant into it, as in \
             Europe/Berlin; the next start writes its own"
        ),
    }
}

//! Counts the instructions of the pieces of the hot path, and holds them against those written down.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use bookline_bench::baseline::{Baseline, TOLERATED_PERCENT, Verdict};
use bookline_bench::{PIECES, Piece, count};
use clap::{Parser, Subcommand};

/// Counts the instructions of the pieces of the hot path
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Count, and fail when a piece needs a tenth more than is written down
    Check,
    /// Count, and write it down
    Record,
    /// Do one piece, to be counted from outside
    Run {
        /// Its name
        piece: String,
        /// How often
        times: u64,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let task = Arguments::parse().task;
    if let Task::Run { piece, times } = &task {
        return run(piece, *times);
    }
    if let Some(obstacle) = count::obstacle() {
        println!("instructions were not checked: {obstacle}");
        return Ok(ExitCode::SUCCESS);
    }
    if let Task::Record = task { record() } else { check() }
}

fn run(name: &str, times: u64) -> anyhow::Result<ExitCode> {
    let piece = PIECES.iter().find(|piece| piece.name == name);
    let mut work = (piece.with_context(|| format!("there is no piece {name}"))?.ready)();
    for _ in 0..times {
        work();
    }
    Ok(ExitCode::SUCCESS)
}

fn check() -> anyhow::Result<ExitCode> {
    let baseline = read_baseline()?;
    let mut worse = 0;
    println!("{:>12} {:>12}", "instructions", "written down");
    for piece in PIECES {
        let count = counted(piece)?;
        let verdict = baseline.judge(piece.name, count);
        let (before, remark) = match verdict {
            Verdict::New => ("-".into(), "  new: write it down with record"),
            Verdict::Same { before } => (before.to_string(), ""),
            Verdict::Better { before } => (before.to_string(), "  better: write it down with record"),
            Verdict::Worse { before } => (before.to_string(), "  WORSE"),
        };
        println!("{count:>12} {before:>12}  {}{remark}", piece.name);
        worse += u32::from(matches!(verdict, Verdict::Worse { .. }));
    }
    if worse == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "{worse} pieces need over {TOLERATED_PERCENT}% more than before: find out why, or write it down and say why"
    );
    Ok(ExitCode::FAILURE)
}

fn record() -> anyhow::Result<ExitCode> {
    let mut baseline = Baseline::default();
    for piece in PIECES {
        baseline.0.insert(piece.name.to_owned(), counted(piece)?);
    }
    std::fs::write(baseline_file(), baseline.text())?;
    print!("{}", baseline.text());
    Ok(ExitCode::SUCCESS)
}

fn counted(piece: &Piece) -> anyhow::Result<u64> {
    ensure!(!cfg!(debug_assertions), "only a release build says something: cargo run --release …");
    count::instructions(&std::env::current_exe()?, piece.name)
}

fn read_baseline() -> anyhow::Result<Baseline> {
    let file = baseline_file();
    Baseline::read(&std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?)
}

fn baseline_file() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "instructions.tsv"].iter().collect()
}

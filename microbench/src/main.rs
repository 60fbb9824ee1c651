//! Counts the instructions of the operations on the hot path, and compares them with the baseline.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use bookline_microbench::baseline::{Baseline, Comparison, EXCESS_PERCENT_MAX};
use bookline_microbench::count::{self, Iterations};
use bookline_microbench::{BOUNDS, OPERATIONS, Operation, SLOW_OPERATIONS};
use clap::{Parser, Subcommand};

/// Counts the instructions of the operations on the hot path
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Count, and fail if an operation needs over a tenth more instructions than in the baseline
    Check,
    /// Count, and write the baseline
    Record,
    /// Run one operation under valgrind
    Run { operation: String, iterations: u64 },
}

fn main() -> anyhow::Result<ExitCode> {
    let task = Arguments::parse().task;
    if let Task::Run { operation, iterations } = &task {
        return run(operation, *iterations);
    }
    if let Some(obstacle) = count::obstacle() {
        println!("instructions were not checked: {obstacle}");
        return Ok(ExitCode::SUCCESS);
    }
    if let Task::Record = task { record() } else { check() }
}

fn run(name: &str, iterations: u64) -> anyhow::Result<ExitCode> {
    let operation = all_operations().map(|(operation, _)| operation).find(|operation| operation.name == name);
    let mut iteration = (operation.with_context(|| format!("there is no operation {name}"))?.prepare)();
    for _ in 0..iterations {
        iteration();
    }
    Ok(ExitCode::SUCCESS)
}

fn check() -> anyhow::Result<ExitCode> {
    let baseline = read_baseline()?;
    let mut worse = 0;
    let mut counts = HashMap::new();
    println!("{:>12} {:>12}", "instructions", "baseline");
    for (operation, iterations) in all_operations() {
        let count = count_instructions(operation, iterations)?;
        counts.insert(operation.name, count);
        let comparison = baseline.compare(operation.name, count);
        let (before, remark) = match comparison {
            Comparison::New => ("-".into(), "  new: record the baseline"),
            Comparison::Same { before } => (before.to_string(), ""),
            Comparison::Better { before } => (before.to_string(), "  better: record the baseline"),
            Comparison::Worse { before } => (before.to_string(), "  WORSE"),
        };
        println!("{count:>12} {before:>12}  {}{remark}", operation.name);
        worse += u32::from(matches!(comparison, Comparison::Worse { .. }));
    }
    let exceeded: Vec<_> = BOUNDS
        .iter()
        .filter(|(operation, other, percent)| counts[operation] * 100 > counts[other] * (100 + percent))
        .collect();
    for (operation, other, percent) in &exceeded {
        println!("{operation} needs over {percent}% more than {other}");
    }
    if worse == 0 && exceeded.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "{worse} operations need over {EXCESS_PERCENT_MAX}% more than before: find the cause, or record the baseline and say why"
    );
    Ok(ExitCode::FAILURE)
}

fn record() -> anyhow::Result<ExitCode> {
    let mut baseline = Baseline::default();
    for (operation, iterations) in all_operations() {
        baseline.0.insert(operation.name.to_owned(), count_instructions(operation, iterations)?);
    }
    std::fs::write(baseline_file(), baseline.text())?;
    print!("{}", baseline.text());
    Ok(ExitCode::SUCCESS)
}

/// All operations, with the iterations that count their instructions.
fn all_operations() -> impl Iterator<Item = (&'static Operation, Iterations)> {
    let fast = OPERATIONS.iter().map(|operation| (operation, Iterations::OF_FAST));
    fast.chain(SLOW_OPERATIONS.iter().map(|operation| (operation, Iterations::OF_SLOW)))
}

fn count_instructions(operation: &Operation, iterations: Iterations) -> anyhow::Result<u64> {
    ensure!(!cfg!(debug_assertions), "only a release build is comparable: cargo run --release …");
    count::instructions(&std::env::current_exe()?, operation.name, iterations)
}

fn read_baseline() -> anyhow::Result<Baseline> {
    let file = baseline_file();
    Baseline::parse(&std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?)
}

fn baseline_file() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "instructions.tsv"].iter().collect()
}

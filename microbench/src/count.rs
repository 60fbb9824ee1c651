//! Counting of instructions with valgrind. It runs the program on a simulated processor, so that the count
//! does not depend on the load of the machine. Only the thread that runs the operation counts: the
//! instructions of the journal's threads depend on how commits fall into batches, which differs from run to
//! run.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use tempfile::TempDir;

/// Iterations of the short and the long run. The difference of their counts excludes the start and the end of
/// the process, which are the same in both.
#[derive(Debug, Clone, Copy)]
pub struct Iterations {
    short_run: u64,
    long_run: u64,
}

impl Iterations {
    pub const OF_FAST: Self = Self { short_run: 1_000, long_run: 6_000 };

    /// Few enough for some seconds under valgrind.
    pub const OF_SLOW: Self = Self { short_run: 10, long_run: 60 };
}

/// Why this machine cannot count instructions, or not comparably with the baseline.
pub fn obstacle() -> Option<&'static str> {
    let valgrind = Command::new("valgrind").arg("--version").output();
    if !valgrind.is_ok_and(|output| output.status.success()) {
        return Some("there is no valgrind on this machine");
    }
    // Without it, memchr and the C library choose other code.
    (!has_avx2()).then_some("the baseline was counted on a processor with AVX2")
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}

/// Instructions of one iteration of an operation. It runs `program`, which is this one, with the name of the
/// operation and the number of iterations.
pub fn instructions(program: &Path, operation: &str, iterations: Iterations) -> anyhow::Result<u64> {
    let Iterations { short_run, long_run } = iterations;
    let (short, long) = (run(program, operation, short_run)?, run(program, operation, long_run)?);
    Ok(long.saturating_sub(short) / (long_run - short_run))
}

fn run(program: &Path, operation: &str, iterations: u64) -> anyhow::Result<u64> {
    let directory = TempDir::with_prefix("bookline-microbench").context("making a directory")?;
    let counts = directory.path().join("counts");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--separate-threads=yes"]);
    valgrind.arg(format!("--callgrind-out-file={}", counts.display())).arg(program);
    let output =
        valgrind.args(["run", operation, &iterations.to_string()]).output().context("running valgrind")?;
    if !output.status.success() {
        bail!("{operation} failed under valgrind: {}", String::from_utf8_lossy(&output.stderr));
    }
    // The main thread's; the others are numbered from 02.
    let counts = fs::read_to_string(counts.with_file_name("counts-01"))
        .with_context(|| format!("reading the counts of {operation}"))?;
    instructions_of_thread(&counts).with_context(|| format!("valgrind printed no count of {operation}"))
}

/// The number after `summary:`.
fn instructions_of_thread(counts: &str) -> Option<u64> {
    counts.lines().find_map(|line| line.strip_prefix("summary:"))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::instructions_of_thread;

    #[test]
    fn count_is_read_from_the_output_of_valgrind() {
        let counts = "version: 1\nthread: 1\nevents: Ir\nsummary: 4711\n\nob=(1) x\n";
        assert_eq!(instructions_of_thread(counts), Some(4711));
        assert_eq!(instructions_of_thread("version: 1\n"), None);
    }
}

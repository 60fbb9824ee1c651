//! Counting of instructions with valgrind. It runs the program on a simulated processor, so that the count
//! does not depend on the load of the machine.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

/// Iterations of the short and the long run. The difference of their counts excludes the start and the end of
/// the process, which are the same in both.
const SHORT_RUN_ITERATIONS: u64 = 1_000;
const LONG_RUN_ITERATIONS: u64 = 6_000;

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
pub fn instructions(program: &Path, operation: &str) -> anyhow::Result<u64> {
    let (short, long) =
        (run(program, operation, SHORT_RUN_ITERATIONS)?, run(program, operation, LONG_RUN_ITERATIONS)?);
    Ok(long.saturating_sub(short) / (LONG_RUN_ITERATIONS - SHORT_RUN_ITERATIONS))
}

fn run(program: &Path, operation: &str, iterations: u64) -> anyhow::Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    let output =
        valgrind.args(["run", operation, &iterations.to_string()]).output().context("running valgrind")?;
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{operation} failed under valgrind: {log}");
    }
    collected(&log).with_context(|| format!("valgrind printed no count of {operation}: {log}"))
}

/// The number after `Collected :`.
fn collected(log: &str) -> Option<u64> {
    let line = log.lines().find(|line| line.contains("Collected :"))?;
    line.split_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::collected;

    #[test]
    fn count_is_read_from_the_output_of_valgrind() {
        let log = "==7== Events    : Ir\n==7== Collected : 4711\n==7== \n==7== I   refs:      4,711\n";
        assert_eq!(collected(log), Some(4711));
        assert_eq!(collected("==7== nothing"), None);
    }
}

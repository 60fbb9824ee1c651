//! Counting instructions with valgrind, which runs the program on a processor of its own making: the count does not
//! depend on what else the machine does.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

/// How often a piece does its work in the short and in the long run. What is the same in both, the start and the end,
/// falls out of their difference.
const SHORT: u64 = 1_000;
const LONG: u64 = 6_000;

/// Why this machine cannot count, or not so that the counts could be compared.
pub fn obstacle() -> Option<&'static str> {
    let valgrind = Command::new("valgrind").arg("--version").output();
    if !valgrind.is_ok_and(|ran| ran.status.success()) {
        return Some("there is no valgrind on this machine");
    }
    // memchr and the C library choose other code where it is missing.
    (!has_avx2()).then_some("the counts written down are those of a processor with AVX2")
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}

/// Instructions of a piece, done once. `program` is this program: it is run with the piece's name and a number.
pub fn instructions(program: &Path, piece: &str) -> anyhow::Result<u64> {
    let (short, long) = (run(program, piece, SHORT)?, run(program, piece, LONG)?);
    Ok(long.saturating_sub(short) / (LONG - SHORT))
}

fn run(program: &Path, piece: &str, times: u64) -> anyhow::Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
    let ran = valgrind.args(["run", piece, &times.to_string()]).output().context("running valgrind")?;
    let told = String::from_utf8_lossy(&ran.stderr);
    if !ran.status.success() {
        bail!("{piece} failed under valgrind: {told}");
    }
    collected(&told).with_context(|| format!("valgrind told no count of {piece}: {told}"))
}

/// The number behind `Collected :`.
fn collected(told: &str) -> Option<u64> {
    let line = told.lines().find(|line| line.contains("Collected :"))?;
    line.split_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::collected;

    #[test]
    fn the_count_is_found_in_what_valgrind_tells() {
        let told = "==7== Events    : Ir\n==7== Collected : 4711\n==7== \n==7== I   refs:      4,711\n";
        assert_eq!(collected(told), Some(4711));
        assert_eq!(collected("==7== nothing"), None);
    }
}

//! The picture of throughput and latency is drawn from the table of measurements beside it.
//!
//! Catches: a table that was measured again without its picture, a script that draws another picture than the
//! one in docs/performance.md.

use std::process::Command;

use super::text;

const DIRECTORY: &str = "docs/performance";

#[test]
fn the_picture_is_drawn_from_the_table() {
    let draw = format!("{DIRECTORY}/curve.py draw {DIRECTORY}/curve.tsv --out");
    let mut python = Command::new("python3");
    let output = python.args(draw.split(' ')).arg("-").current_dir(text::root()).output();
    let output = output.expect("python3 is installed, as CONTRIBUTING.md says");
    assert!(output.status.success(), "{draw} -: {}", String::from_utf8_lossy(&output.stderr));
    let committed = text::read(&format!("{DIRECTORY}/curve.svg"));
    // The two texts are long, and their difference says nothing.
    assert!(
        output.stdout == committed.as_bytes(),
        "curve.svg is not what {draw} - prints; draw it again: {draw} {DIRECTORY}/curve.svg"
    );
}

//! Printing of figures.

/// Prints a figure and the target that it must not exceed.
pub fn at_most(what: &str, figure: f64, unit: &str, target: f64) {
    line(what, figure, unit, "at most", target, figure <= target);
}

/// Prints a figure and the target that it must reach.
pub fn at_least(what: &str, figure: f64, unit: &str, target: f64) {
    line(what, figure, unit, "at least", target, figure >= target);
}

fn line(what: &str, figure: f64, unit: &str, which: &str, target: f64, met: bool) {
    let met = if met { "met" } else { "MISSED" };
    println!("{what:<46} {figure:>9.2} {unit:<6} {which:>8} {target:>7.2}  {met}");
}

//! Numbers that the environment sets.

/// The number in this environment variable.
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// The seeds to run: `BOOKLINE_TEST_SEED` alone, or the first `BOOKLINE_TEST_SEEDS`.
pub fn seeds(default_count: u64) -> std::ops::Range<u64> {
    match number("BOOKLINE_TEST_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("BOOKLINE_TEST_SEEDS").unwrap_or(default_count),
    }
}

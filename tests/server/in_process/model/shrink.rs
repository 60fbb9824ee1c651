//! Reduction of a failing scenario.

use super::steps::Step;
use super::transcript::Failure;

/// The number of attempts. Each of them starts a server.
const ATTEMPTS_MAX: usize = 400;

/// Removes ever smaller pieces as long as the scenario still fails (Zeller's ddmin, without the complements).
pub fn shrink(
    mut steps: Vec<Step>,
    mut failure: Failure,
    attempt: &mut impl FnMut(&[Step]) -> Result<(), Failure>,
) -> (Vec<Step>, Failure) {
    steps.truncate(failure.at + 1);
    let (mut piece, mut attempts) = (steps.len().div_ceil(2), 0);
    while piece > 0 {
        let (mut from, mut shorter) = (0, false);
        while from < steps.len() && attempts < ATTEMPTS_MAX {
            let mut fewer = steps.clone();
            fewer.drain(from..steps.len().min(from + piece));
            attempts += 1;
            match attempt(&fewer) {
                Err(failed) => {
                    fewer.truncate(failed.at + 1);
                    (steps, failure, shorter) = (fewer, failed, true);
                }
                Ok(()) => from += piece,
            }
        }
        if !shorter || piece > 1 {
            piece /= 2;
        }
        if attempts == ATTEMPTS_MAX {
            break;
        }
    }
    (steps, failure)
}

//! The shortest scenario that still fails.

use super::run::Failure;
use super::steps::Step;

/// Attempts at the most: each takes a server.
const ATTEMPTS: usize = 400;

/// Leaves out all that can be left out, in ever smaller pieces (Zeller's ddmin, without its complements).
pub fn shrink(
    mut steps: Vec<Step>,
    mut failure: Failure,
    attempt: &mut impl FnMut(&[Step]) -> Result<(), Failure>,
) -> (Vec<Step>, Failure) {
    steps.truncate(failure.at + 1);
    let (mut piece, mut attempts) = (steps.len().div_ceil(2), 0);
    while piece > 0 {
        let (mut from, mut shorter) = (0, false);
        while from < steps.len() && attempts < ATTEMPTS {
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
        if attempts == ATTEMPTS {
            break;
        }
    }
    (steps, failure)
}

//! The tickets of an event.

use super::{Contradiction, EventNumber, SoldOut};

/// The tickets of an event. Invariant: `issued` is at most `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sale {
    pub number: EventNumber,
    pub total: u32,
    /// Includes tickets that another system issued, whose ids are unknown.
    pub issued: u32,
}

impl Sale {
    pub fn available(&self) -> u32 {
        self.total - self.issued
    }

    /// Decides whether `count` tickets may be issued: all of them or none.
    pub fn decide_booking(&self, count: u32) -> Result<(), SoldOut> {
        let available = self.available();
        if count > available {
            return Err(SoldOut { available, requested: count });
        }
        Ok(())
    }

    /// Counts `count` more tickets as issued.
    pub fn issue(&mut self, count: u32) -> Result<(), Contradiction> {
        if count > self.available() {
            return Err(Contradiction(format!(
                "event {} issues {count} tickets and has {} left",
                self.number.0,
                self.available()
            )));
        }
        self.issued += count;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn booking_of_more_than_available_is_rejected() {
        let mut sale = Sale { number: EventNumber(1), total: 10, issued: 7 };
        assert_eq!(sale.decide_booking(4), Err(SoldOut { available: 3, requested: 4 }));
        assert_eq!(sale.decide_booking(3), Ok(()));
        assert_eq!(sale.issue(3), Ok(()));
        assert_eq!(sale.available(), 0);
        assert_eq!(sale.decide_booking(1), Err(SoldOut { available: 0, requested: 1 }));
    }

    #[test]
    fn issuing_more_than_available_is_a_contradiction() {
        let mut sale = Sale { number: EventNumber(9), total: 2, issued: 1 };
        let message = sale.issue(2).unwrap_err().to_string();
        assert_eq!(message, "event 9 issues 2 tickets and has 1 left");
        assert_eq!(sale.issued, 1);
    }
}

//! Tickets of an event: a counter that never goes below zero.

use super::{Contradiction, EventNumber, Rejection};

/// What an event has sold and still has. `issued` never exceeds `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sale {
    /// The event's permanent number.
    pub number: EventNumber,
    /// Tickets in all.
    pub total: u32,
    /// Tickets given out, also those whose ids nobody knows.
    pub issued: u32,
}

impl Sale {
    /// Tickets left.
    pub fn available(&self) -> u32 {
        self.total - self.issued
    }

    /// May `count` tickets be taken? All or nothing.
    pub fn decide_booking(&self, count: u32) -> Result<(), Rejection> {
        let available = self.available();
        if count > available {
            return Err(Rejection::SoldOut { available, requested: count });
        }
        Ok(())
    }

    /// Takes note of `count` tickets given out.
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
    fn the_last_seats_are_sold_once() {
        let mut sale = Sale { number: EventNumber(1), total: 10, issued: 7 };
        assert_eq!(sale.decide_booking(4), Err(Rejection::SoldOut { available: 3, requested: 4 }));
        assert_eq!(sale.decide_booking(3), Ok(()));
        assert_eq!(sale.issue(3), Ok(()));
        assert_eq!(sale.available(), 0);
        assert_eq!(sale.decide_booking(1), Err(Rejection::SoldOut { available: 0, requested: 1 }));
    }

    #[test]
    fn more_than_there_are_cannot_be_issued() {
        let mut sale = Sale { number: EventNumber(9), total: 2, issued: 1 };
        let message = sale.issue(2).unwrap_err().to_string();
        assert_eq!(message, "event 9 issues 2 tickets and has 1 left");
        assert_eq!(sale.issued, 1);
    }
}

//! The tickets of an event.

use bookline_protocol::{SaleTerms, Sales};

use super::event::EventUpdate;
use super::{AboveLimit, BelowIssued, Contradiction, EventNumber, SaleRejection, SoldOut};

/// The tickets of an event. Invariant: `issued` is at most `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sale {
    pub number: EventNumber,
    pub total: u32,
    /// Includes tickets that another system issued, whose ids are unknown.
    pub issued: u32,
    pub terms: SaleTerms,
}

// Every booking copies it, and every event has one.
const _: () = assert!(size_of::<Sale>() <= 24);

impl Sale {
    pub fn available(&self) -> u32 {
        self.total - self.issued
    }

    /// Decides whether `count` tickets may be issued: all of them or none.
    #[inline]
    pub fn decide_booking(&self, count: u32) -> Result<(), SaleRejection> {
        let SaleTerms { sales, max_per_booking } = self.terms;
        if sales == Sales::Closed {
            return Err(SaleRejection::Closed);
        }
        if let Some(limit) = max_per_booking.get().filter(|limit| count > *limit) {
            return Err(SaleRejection::AboveLimit(AboveLimit { limit, requested: count }));
        }
        let available = self.available();
        if count > available {
            return Err(SaleRejection::SoldOut(SoldOut { available, requested: count }));
        }
        Ok(())
    }

    /// Decides an update, and returns the sale after it. At least the issued tickets remain.
    pub fn decide_update(&self, update: &EventUpdate<'_>) -> Result<Self, BelowIssued> {
        let total = update.total.unwrap_or(self.total);
        if total < self.issued {
            return Err(BelowIssued { issued: self.issued, requested: total });
        }
        let terms = SaleTerms {
            sales: update.sales.unwrap_or(self.terms.sales),
            max_per_booking: update.max_per_booking.unwrap_or(self.terms.max_per_booking),
        };
        Ok(Self { total, terms, ..*self })
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

    /// Sets the number of tickets and the terms.
    pub fn update(&mut self, total: u32, terms: SaleTerms) -> Result<(), Contradiction> {
        if total < self.issued {
            return Err(Contradiction(format!(
                "event {} gets {total} tickets in all and has issued {}",
                self.number.0, self.issued
            )));
        }
        (self.total, self.terms) = (total, terms);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bookline_protocol::MaxPerBooking;

    use super::*;

    fn sale(number: u64, total: u32, issued: u32) -> Sale {
        Sale { number: EventNumber(number), total, issued, terms: SaleTerms::default() }
    }

    fn sold_out(available: u32, requested: u32) -> Result<(), SaleRejection> {
        Err(SaleRejection::SoldOut(SoldOut { available, requested }))
    }

    #[test]
    fn booking_of_more_than_available_is_rejected() {
        let mut sale = sale(1, 10, 7);
        assert_eq!(sale.decide_booking(4), sold_out(3, 4));
        assert_eq!(sale.decide_booking(3), Ok(()));
        assert_eq!(sale.issue(3), Ok(()));
        assert_eq!(sale.available(), 0);
        assert_eq!(sale.decide_booking(1), sold_out(0, 1));
    }

    #[test]
    fn booking_is_rejected_for_closed_sales_then_for_the_limit_then_for_too_few_tickets() {
        let mut sale = sale(1, 5, 0);
        sale.terms.max_per_booking = MaxPerBooking::new(4).unwrap();
        assert_eq!(sale.decide_booking(4), Ok(()));
        let above = |limit, requested| Err(SaleRejection::AboveLimit(AboveLimit { limit, requested }));
        assert_eq!(sale.decide_booking(5), above(4, 5));
        assert_eq!(sale.decide_booking(6), above(4, 6));
        sale.issued = 2;
        assert_eq!(sale.decide_booking(4), sold_out(3, 4));
        sale.terms.sales = Sales::Closed;
        for count in [1, 4, 6] {
            assert_eq!(sale.decide_booking(count), Err(SaleRejection::Closed));
        }
    }

    #[test]
    fn update_to_fewer_tickets_than_issued_is_rejected() {
        let sale = sale(1, 10, 7);
        let to = |total| sale.decide_update(&EventUpdate { total: Some(total), ..EventUpdate::default() });
        assert_eq!(to(6), Err(BelowIssued { issued: 7, requested: 6 }));
        for total in [7, 10, 11] {
            assert_eq!(to(total), Ok(Sale { total, ..sale }));
        }
    }

    #[test]
    fn update_without_a_value_leaves_it_unchanged() {
        let limit = MaxPerBooking::new(4);
        let closed = SaleTerms { sales: Sales::Closed, max_per_booking: limit.unwrap() };
        let sale = Sale { terms: closed, ..sale(1, 10, 7) };
        assert_eq!(sale.decide_update(&EventUpdate::default()), Ok(sale));
        let opened = EventUpdate { sales: Some(Sales::Open), ..EventUpdate::default() };
        let terms = SaleTerms { sales: Sales::Open, ..closed };
        assert_eq!(sale.decide_update(&opened), Ok(Sale { terms, ..sale }));
        let unlimited =
            EventUpdate { max_per_booking: Some(MaxPerBooking::default()), ..EventUpdate::default() };
        let terms = SaleTerms { max_per_booking: MaxPerBooking::default(), ..closed };
        assert_eq!(sale.decide_update(&unlimited), Ok(Sale { terms, ..sale }));
    }

    #[test]
    fn issuing_more_than_available_is_a_contradiction() {
        let mut sale = sale(9, 2, 1);
        let message = sale.issue(2).unwrap_err().to_string();
        assert_eq!(message, "event 9 issues 2 tickets and has 1 left");
        assert_eq!(sale.issued, 1);
    }

    #[test]
    fn total_below_the_issued_tickets_is_a_contradiction() {
        let mut sale = sale(9, 5, 3);
        let message = sale.update(2, SaleTerms::default()).unwrap_err().to_string();
        assert_eq!(message, "event 9 gets 2 tickets in all and has issued 3");
        assert_eq!(sale.update(3, SaleTerms::default()), Ok(()));
        assert_eq!((sale.total, sale.available()), (3, 0));
    }
}

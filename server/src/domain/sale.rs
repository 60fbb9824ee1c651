//! The tickets of an event.

use bookline_protocol::{SaleTerms, Sales};

use super::event::EventUpdate;
use super::{AboveLimit, BelowSold, Contradiction, EventNumber, SaleRejection, SoldOut};

/// The tickets of an event. Invariant: `issued` and `held` together are at most `total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sale {
    pub number: EventNumber,
    pub total: u32,
    /// Tickets that are valid: issued and not cancelled. Includes those that another system issued, whose ids
    /// are unknown.
    pub issued: u32,
    /// Tickets that holds put aside.
    pub held: u32,
    pub terms: SaleTerms,
}

// Every booking copies it, and every event has one.
const _: () = assert!(size_of::<Sale>() <= 32);

impl Sale {
    pub fn available(&self) -> u32 {
        self.total - self.issued - self.held
    }

    /// Decides whether `count` tickets may be issued or held: all of them or none.
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
            return Err(SaleRejection::SoldOut(SoldOut { available, held: self.held, requested: count }));
        }
        Ok(())
    }

    /// Decides an update, and returns the sale after it. At least the issued and held tickets remain.
    pub fn decide_update(&self, update: &EventUpdate<'_>) -> Result<Self, BelowSold> {
        let total = update.total.unwrap_or(self.total);
        if total < self.issued + self.held {
            return Err(BelowSold { issued: self.issued, held: self.held, requested: total });
        }
        let terms = SaleTerms {
            sales: update.sales.unwrap_or(self.terms.sales),
            max_per_booking: update.max_per_booking.unwrap_or(self.terms.max_per_booking),
        };
        Ok(Self { total, terms, ..*self })
    }

    /// Counts `count` more tickets as issued.
    #[inline]
    pub fn issue(&mut self, count: u32) -> Result<(), Contradiction> {
        self.issued += self.take("issues", count)?;
        Ok(())
    }

    /// Counts `count` tickets as cancelled.
    pub fn cancel(&mut self, count: u32) -> Result<(), Contradiction> {
        self.issued = self.give_back("cancels", count, self.issued)?;
        Ok(())
    }

    /// Counts `count` more tickets as held.
    pub fn hold(&mut self, count: u32) -> Result<(), Contradiction> {
        self.held += self.take("holds", count)?;
        Ok(())
    }

    /// Counts `count` tickets as held no longer.
    pub fn release(&mut self, count: u32) -> Result<(), Contradiction> {
        self.held = self.give_back("releases", count, self.held)?;
        Ok(())
    }

    /// Sets the number of tickets and the terms.
    pub fn update(&mut self, total: u32, terms: SaleTerms) -> Result<(), Contradiction> {
        if total < self.issued + self.held {
            return Err(Contradiction(format!(
                "event {} gets {total} tickets in all, has issued {} and holds {}",
                self.number.0, self.issued, self.held
            )));
        }
        (self.total, self.terms) = (total, terms);
        Ok(())
    }

    /// `count`, if as many are available.
    #[inline]
    fn take(&self, what: &str, count: u32) -> Result<u32, Contradiction> {
        if count <= self.available() {
            Ok(count)
        } else {
            Err(self.contradiction(what, count, self.available()))
        }
    }

    /// What remains of `of` without `count`.
    fn give_back(&self, what: &str, count: u32, of: u32) -> Result<u32, Contradiction> {
        of.checked_sub(count).ok_or_else(|| self.contradiction(what, count, of))
    }

    #[cold]
    fn contradiction(&self, what: &str, count: u32, of: u32) -> Contradiction {
        Contradiction(format!("event {} {what} {count} tickets and has {of}", self.number.0))
    }
}

#[cfg(test)]
mod tests {
    use bookline_protocol::MaxPerBooking;

    use super::*;

    fn sale(number: u64, total: u32, issued: u32) -> Sale {
        Sale { number: EventNumber(number), total, issued, held: 0, terms: SaleTerms::default() }
    }

    fn sold_out(available: u32, requested: u32) -> Result<(), SaleRejection> {
        Err(SaleRejection::SoldOut(SoldOut { available, held: 0, requested }))
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
    fn update_to_fewer_tickets_than_issued_and_held_is_rejected() {
        let sale = sale(1, 10, 7);
        let to = |total| sale.decide_update(&EventUpdate { total: Some(total), ..EventUpdate::default() });
        assert_eq!(to(6), Err(BelowSold { issued: 7, held: 0, requested: 6 }));
        for total in [7, 10, 11] {
            assert_eq!(to(total), Ok(Sale { total, ..sale }));
        }
        let sale = Sale { held: 2, ..sale };
        let to = |total| sale.decide_update(&EventUpdate { total: Some(total), ..EventUpdate::default() });
        assert_eq!(to(8), Err(BelowSold { issued: 7, held: 2, requested: 8 }));
        assert_eq!(to(9), Ok(Sale { total: 9, ..sale }));
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
        assert_eq!(message, "event 9 issues 2 tickets and has 1");
        assert_eq!(sale.issued, 1);
    }

    #[test]
    fn held_tickets_are_neither_available_nor_issued() {
        let mut sale = sale(9, 5, 1);
        assert_eq!(sale.hold(3), Ok(()));
        assert_eq!((sale.issued, sale.held, sale.available()), (1, 3, 1));
        let sold_out = SoldOut { available: 1, held: 3, requested: 2 };
        assert_eq!(sale.decide_booking(2), Err(SaleRejection::SoldOut(sold_out)));
        assert_eq!(sale.release(2), Ok(()));
        assert_eq!((sale.issued, sale.held, sale.available()), (1, 1, 3));
        assert_eq!(sale.cancel(1), Ok(()));
        assert_eq!((sale.issued, sale.held, sale.available()), (0, 1, 4));
    }

    #[test]
    fn giving_back_more_than_there_is_is_a_contradiction() {
        let mut sale = sale(9, 5, 1);
        assert_eq!(sale.cancel(2).unwrap_err().to_string(), "event 9 cancels 2 tickets and has 1");
        assert_eq!(sale.release(1).unwrap_err().to_string(), "event 9 releases 1 tickets and has 0");
        assert_eq!(sale.hold(5).unwrap_err().to_string(), "event 9 holds 5 tickets and has 4");
        assert_eq!((sale.issued, sale.held, sale.available()), (1, 0, 4));
    }

    #[test]
    fn total_below_the_issued_tickets_is_a_contradiction() {
        let mut sale = sale(9, 5, 3);
        let message = sale.update(2, SaleTerms::default()).unwrap_err().to_string();
        assert_eq!(message, "event 9 gets 2 tickets in all, has issued 3 and holds 0");
        assert_eq!(sale.update(3, SaleTerms::default()), Ok(()));
        assert_eq!((sale.total, sale.available()), (3, 0));
    }
}

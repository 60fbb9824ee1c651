//! Tickets that were sold in the last minute.

use bookline_protocol::Timestamp;

/// The seconds that are counted.
pub const SECONDS: i64 = 60;

const SECOND_MICROS: i64 = 1_000_000;

/// What was sold in each of the last 60 seconds. It has no more memory after a million sales than after one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SoldLately {
    /// The second of the last sale, from 1970 on.
    last: i64,
    /// Tickets by second, modulo 60. There are none before the first sale.
    tickets: Option<Box<[u32; SECONDS as usize]>>,
}

impl SoldLately {
    /// Adds tickets that were sold at this moment. Sales of more than a minute before the last one are not
    /// counted.
    pub fn add(&mut self, tickets: u32, at: Timestamp) {
        let second = at.0.div_euclid(SECOND_MICROS);
        let Some(counts) = &mut self.tickets else {
            let mut counts = Box::new([0; SECONDS as usize]);
            counts[index(second)] = tickets;
            *self = Self { last: second, tickets: Some(counts) };
            return;
        };
        if second > self.last {
            let passed = (self.last + 1..=second).take(SECONDS as usize);
            // After a longer pause, each of them is passed once.
            passed.for_each(|passed| counts[index(passed)] = 0);
            self.last = second;
        }
        if second > self.last - SECONDS {
            let count = &mut counts[index(second)];
            *count = count.saturating_add(tickets);
        }
    }

    /// Tickets that were sold in the 60 seconds up to this moment.
    pub fn count(&self, now: Timestamp) -> u32 {
        let now = now.0.div_euclid(SECOND_MICROS);
        let Some(counts) = &self.tickets else { return 0 };
        // The second of the last sale may be a little ahead of the clock.
        let shown = (self.last - SECONDS + 1..=self.last).filter(|second| *second > now - SECONDS);
        shown.map(|second| counts[index(second)]).fold(0, u32::saturating_add)
    }

    /// Whether any were sold in the 60 seconds up to this moment.
    pub fn is_any(&self, now: Timestamp) -> bool {
        self.tickets.is_some() && self.last > now.0.div_euclid(SECOND_MICROS) - SECONDS
    }
}

fn index(second: i64) -> usize {
    second.rem_euclid(SECONDS) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp(second * SECOND_MICROS + 500_000)
    }

    #[test]
    fn sales_are_counted_for_sixty_seconds() {
        let mut sold = SoldLately::default();
        assert_eq!((sold.count(at(0)), sold.is_any(at(0))), (0, false));
        sold.add(2, at(1_000));
        sold.add(3, at(1_030));
        sold.add(1, at(1_000));
        assert_eq!(sold.count(at(1_030)), 6);
        assert_eq!(sold.count(at(1_059)), 6);
        assert_eq!(sold.count(at(1_060)), 3);
        assert_eq!((sold.count(at(1_089)), sold.is_any(at(1_089))), (3, true));
        assert_eq!((sold.count(at(1_090)), sold.is_any(at(1_090))), (0, false));
    }

    #[test]
    fn old_sales_do_not_come_back() {
        let mut sold = SoldLately::default();
        sold.add(5, at(100));
        sold.add(7, at(100 + 2 * SECONDS));
        assert_eq!(sold.count(at(100 + 2 * SECONDS)), 7);
        sold.add(9, at(100));
        assert_eq!(sold.count(at(100 + 2 * SECONDS)), 7);
        sold.add(1, at(100 + 10 * SECONDS + 1));
        assert_eq!(sold.count(at(100 + 10 * SECONDS + 1)), 1);
        sold.add(u32::MAX, at(100 + 10 * SECONDS + 1));
        assert_eq!(sold.count(at(100 + 10 * SECONDS + 1)), u32::MAX);
    }
}

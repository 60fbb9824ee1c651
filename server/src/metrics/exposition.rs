//! Writes metrics.

use std::fmt::{self, Display};

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::histogram::{Histogram, Observed};

/// Writes metrics, whose names have the prefix of this server. The names are those of the metrics without
/// `_total`, `_info` and what a histogram adds.
#[derive(Debug)]
pub struct Exposition<'a>(DescriptorEncoder<'a>);

/// What the integers of a histogram count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    Count,
    /// Written in seconds.
    Micros,
}

impl<'a> Exposition<'a> {
    pub fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }

    fn begin(
        &mut self,
        name: &'a str,
        help: &str,
        of_type: MetricType,
    ) -> Result<MetricEncoder<'_>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, of_type)
    }

    /// A number that goes up and down.
    pub fn gauge(&mut self, name: &'a str, help: &str, value: f64) -> fmt::Result {
        ConstGauge::new(value).encode(self.begin(name, help, MetricType::Gauge)?)
    }

    /// A whole number that goes up and down.
    pub fn count(&mut self, name: &'a str, help: &str, value: u64) -> fmt::Result {
        ConstGauge::new(value).encode(self.begin(name, help, MetricType::Gauge)?)
    }

    /// 1 or 0.
    pub fn flag(&mut self, name: &'a str, help: &str, is_set: bool) -> fmt::Result {
        self.count(name, help, is_set.into())
    }

    /// Whole numbers that go up and down, one for each value of a label.
    pub fn counts<V: Display>(
        &mut self,
        name: &'a str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (V, u64)>,
    ) -> fmt::Result {
        let values = values.into_iter().map(|(of, value)| (of, ConstGauge::new(value)));
        encode_family(self.begin(name, help, MetricType::Gauge)?, label, values)
    }

    /// A number that only grows.
    pub fn counter(&mut self, name: &'a str, help: &str, value: u64) -> fmt::Result {
        ConstCounter::new(value).encode(self.begin(name, help, MetricType::Counter)?)
    }

    /// Seconds that only grow.
    pub fn seconds_counter(&mut self, name: &'a str, help: &str, value: f64) -> fmt::Result {
        ConstCounter::new(value).encode(self.begin(name, help, MetricType::Counter)?)
    }

    /// Numbers that only grow, one for each value of a label.
    pub fn counters<V: Display>(
        &mut self,
        name: &'a str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (V, u64)>,
    ) -> fmt::Result {
        let values = values.into_iter().map(|(of, value)| (of, ConstCounter::new(value)));
        encode_family(self.begin(name, help, MetricType::Counter)?, label, values)
    }

    /// What does not change while the process runs.
    pub fn info(&mut self, name: &'a str, help: &str, label: &str, value: &str) -> fmt::Result {
        self.begin(name, help, MetricType::Info)?.encode_info(&[(label, value)])
    }

    pub fn histogram(
        &mut self,
        name: &'a str,
        help: &str,
        histogram: &Histogram,
        of: Observation,
    ) -> fmt::Result {
        let scaled = |value: u64| match of {
            Observation::Count => value as f64,
            Observation::Micros => value as f64 / 1e6,
        };
        let Observed { buckets, count, sum } = histogram.observed();
        let bound = |bound: Option<u64>| bound.map_or(f64::INFINITY, scaled);
        let buckets: Vec<_> = buckets.into_iter().map(|(upper, count)| (bound(upper), count)).collect();
        let mut encoder = self.begin(name, help, MetricType::Histogram)?;
        encoder.encode_histogram::<NoLabelSet>(scaled(sum), count, &buckets, None)
    }
}

fn encode_family<V: Display>(
    mut family: MetricEncoder<'_>,
    label: &str,
    mut values: impl Iterator<Item = (V, impl EncodeMetric)>,
) -> fmt::Result {
    values.try_for_each(|(of, value)| value.encode(family.encode_family(&[(label, of.to_string())])?))
}

//! docs/metrics.md and the files in packaging/ are about the metrics that there are.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use super::start;
use crate::repository::text::{read, root};

/// What a histogram adds to its name.
const HISTOGRAM_SUFFIXES: [&str; 3] = ["_bucket", "_sum", "_count"];

/// The metrics of a section of docs/metrics.md.
fn documented(section: &str) -> Vec<String> {
    let document = read("docs/metrics.md");
    let section = document.split("\n## ").find(|part| part.starts_with(section)).expect("the section");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    rows.map(|(name, _)| name.to_owned()).collect()
}

/// All metrics. The tests of clusters compare those of a member.
fn all() -> BTreeSet<String> {
    ["Of every server", "Of a single server", "Of a member of a cluster"]
        .into_iter()
        .flat_map(documented)
        .collect()
}

/// The metrics in an expression, without what histograms add.
fn used_in(expression: &str) -> Vec<String> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let names = words.filter(|word| word.starts_with("bookline_"));
    let known = all();
    let name = |word: &str| {
        let base = HISTOGRAM_SUFFIXES.iter().find_map(|suffix| word.strip_suffix(suffix));
        base.filter(|base| known.contains(*base)).unwrap_or(word).to_owned()
    };
    names.map(name).collect()
}

fn assert_known(file: &str, used: &[String]) {
    assert!(!used.is_empty(), "{file} uses no metric");
    let known = all();
    let unknown: Vec<_> = used.iter().filter(|name| !known.contains(*name)).collect();
    assert!(unknown.is_empty(), "{file} uses metrics that there are not: {unknown:?}");
}

#[test]
fn metrics_of_a_single_server_are_documented() {
    let (server, monitoring) = start(&[]);
    // Some are there only after a snapshot.
    server.connect().ask("SNAPSHOT").ok();
    let exposed: BTreeSet<String> = monitoring.metrics().names().into_iter().collect();
    let of_single: BTreeSet<String> =
        ["Of every server", "Of a single server"].into_iter().flat_map(documented).collect();
    assert_eq!(exposed, of_single);
}

/// The values under a key, anywhere in a document.
fn values<'v>(value: &'v Value, key: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            if name == key {
                found.push(value);
            }
            values(value, key, found);
        }),
        Value::Array(items) => items.iter().for_each(|item| values(item, key, found)),
        _ => {}
    }
}

#[test]
fn dashboard_shows_metrics_that_there_are() {
    let dashboard: Value = serde_json::from_str(&read("packaging/grafana-dashboard.json")).expect("JSON");
    let mut expressions = Vec::new();
    values(&dashboard, "expr", &mut expressions);
    assert!(expressions.len() > 20);
    let used: Vec<String> =
        expressions.iter().flat_map(|expression| used_in(expression.as_str().expect("a text"))).collect();
    assert_known("the dashboard", &used);
    let mut places = Vec::new();
    values(&dashboard, "gridPos", &mut places);
    let distinct: BTreeSet<String> = places.iter().map(ToString::to_string).collect();
    assert_eq!(distinct.len(), places.len(), "panels are in each other's places");
    for metric in
        ["commands_total", "refusals_total", "connections", "cluster_term", "role", "log_applied_sequence"]
    {
        assert!(used.contains(&format!("bookline_{metric}")), "the dashboard does not show {metric}");
    }
}

#[test]
fn alerts_are_about_metrics_that_there_are_and_say_what_to_do() {
    let rules = read("packaging/alerts.yml");
    let alerts: Vec<&str> = rules.split("      - alert: ").skip(1).collect();
    assert!(alerts.len() > 10);
    for alert in alerts {
        let field = |name: &str| {
            let found =
                alert.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(": "));
            found.unwrap_or_else(|| panic!("an alert without {name}: {alert}"))
        };
        let expression = field("expr");
        // `up` is of Prometheus itself.
        if !expression.starts_with("up{") {
            assert_known(alert, &used_in(expression));
        }
        for text in [field("summary"), field("description")] {
            assert!(text.starts_with('"') && text.ends_with('"'), "{text}");
            assert_eq!(text.matches("{{").count(), text.matches("}}").count(), "{text}");
        }
        assert!(field("description").len() > 80, "it says too little: {alert}");
        assert!(["warning", "critical"].contains(&field("severity")), "{alert}");
    }
    match Command::new("promtool").args(["check", "rules"]).arg(root().join("packaging/alerts.yml")).output()
    {
        Err(error) => println!("the rules are not checked by promtool: {error}"),
        Ok(checked) => assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr)),
    }
}

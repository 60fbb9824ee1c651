//! The forms of commands, of HELP, by topic.

use bookline_protocol::commands::help::HelpRow;

use crate::help::HelpTopic;
use crate::render::layout::{Indent, fill, fill_indented};
use crate::render::page::Page;
use crate::render::text::{capitalized, printable, words_of};
use crate::screen::Role;

const USAGE_INDENT: Indent = Indent { first: 2, next: 8 };
const HELP_INDENT: Indent = Indent { first: 4, next: 4 };
const EXAMPLE_INDENT: Indent = Indent { first: 4, next: 8 };

/// The heading of commands without a topic, where others have one.
const NO_TOPIC: &str = "other";

/// The forms of several commands have a heading for each topic, in the order of the server, and an end that
/// says what else there is to ask for.
pub fn forms(forms: &[HelpRow<'_>], page: &Page) -> String {
    let page = &page.or_width(Page::COLUMNS_DEFAULT);
    let topics = topics_of(forms);
    let [_, _, ..] = &topics[..] else { return listed(forms.iter(), page) };
    let mut parts = Vec::new();
    for topic in topics {
        parts.push(heading(topic, page));
        parts.push(listed(forms.iter().filter(|form| form.topic == topic), page) + "\n");
    }
    parts.push(end(page));
    parts.join("\n")
}

/// The topics in the order of their first rows, the empty one at the end.
fn topics_of<'a>(forms: &'a [HelpRow<'_>]) -> Vec<&'a str> {
    let mut topics = Vec::new();
    for form in forms {
        if !topics.contains(&&*form.topic) {
            topics.push(&*form.topic);
        }
    }
    topics.sort_by_key(|topic| topic.is_empty());
    topics
}

fn heading(topic: &str, page: &Page) -> String {
    let name = if topic.is_empty() { NO_TOPIC } else { topic };
    page.paint(Role::Heading, &printable(&capitalized(words_of(name)))).into_owned()
}

fn listed<'a>(forms: impl Iterator<Item = &'a HelpRow<'a>>, page: &Page) -> String {
    forms.map(|form| self::form(form, page)).collect::<Vec<_>>().join("\n")
}

/// The usage, and below it what the command does and an example.
fn form(form: &HelpRow<'_>, page: &Page) -> String {
    let help = fill_indented(&printable(&form.help), HELP_INDENT, page);
    let mut parts = vec![usage(&form.usage, page), help];
    // A form without arguments is its own example.
    if !form.example.is_empty() && form.example != form.usage {
        let example = printable(&form.example);
        let lines = fill_indented(&format!("example: {example}"), EXAMPLE_INDENT, page);
        parts.extend(lines.lines().map(|line| page.paint(Role::Muted, line).into_owned()));
    }
    parts.join("\n")
}

fn usage(usage: &str, page: &Page) -> String {
    let lines = fill_indented(&printable(usage), USAGE_INDENT, page);
    let verb = lines.split_whitespace().next().unwrap_or_default();
    lines.replacen(verb, &page.paint(Role::Verb, verb), 1)
}

/// What is said after all commands.
fn end(page: &Page) -> String {
    let about =
        format!("help <command> is about one command, help <topic> about a topic: {}.", HelpTopic::names());
    let keys = "At the prompt, Tab completes, Ctrl-R searches the history, Ctrl-C drops the line or ends the \
                command, and Ctrl-D leaves. week F1 and day today F1,F2 draw calendars, history lists \
                the last lines, and clear clears the screen. A line that begins with a blank is not kept in the history.";
    [fill(&about, page), fill(keys, page)].join("\n")
}

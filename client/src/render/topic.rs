//! The text of a topic of help.

use crate::help::HelpTopic;
use crate::render::layout::{Indent, fill, fill_indented};
use crate::render::page::Page;

const EXAMPLE_INDENT: Indent = Indent { first: 2, next: 6 };

/// The text of the topic, with lines that fit on the page, and a blank line before its commands.
pub fn topic(topic: HelpTopic, page: &Page) -> String {
    let mut parts = Vec::new();
    let mut lines = topic.text().lines().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with(' ') {
            parts.push(fill_indented(line.trim_start(), EXAMPLE_INDENT, page));
            continue;
        }
        let mut sentences = line.to_owned();
        while let Some(next) = lines.next_if(|next| !line.is_empty() && is_same_paragraph(next)) {
            sentences.push(' ');
            sentences.push_str(next);
        }
        parts.push(fill(&sentences, page));
    }
    if topic.has_commands() {
        parts.push(String::new());
    }
    parts.join("\n")
}

fn is_same_paragraph(next: &str) -> bool {
    !next.is_empty() && !next.starts_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::Screen;

    fn text(it: HelpTopic, width: u16) -> String {
        topic(it, &Page::with_width(Screen::PLAIN, Some(width)))
    }

    #[test]
    fn text_has_all_of_its_words_and_fits_on_a_narrow_screen() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for it in HelpTopic::ALL {
            let narrow = text(it, 40);
            assert_eq!(words(&narrow), words(it.text()));
            assert!(narrow.lines().all(|line| line.len() <= 40 || !line.trim().contains(' ')), "{narrow}");
        }
    }

    #[test]
    fn examples_are_on_lines_of_their_own() {
        let wide = text(HelpTopic::Dates, 200);
        assert!(wide.contains(":\n  GET F1 2026-12-31\n  GET F1 31-12-2026\n\nTwo dates"), "{wide}");
    }
}

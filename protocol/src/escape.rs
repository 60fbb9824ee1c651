//! The characters that are written as escapes, so that no text can control a terminal or mislead a script.

/// Invisible characters, and characters that change how their neighbors are displayed: format characters
/// (bidirectional controls, zero-width characters, the byte order mark, tags), the line and paragraph
/// separators, which some languages treat as the end of a line, and everything that Unicode allows a renderer
/// to omit.
///
/// From Unicode 16.0: the general categories Cf, Zl and Zp of `DerivedGeneralCategory.txt`, and
/// `Default_Ignorable_Code_Point` of `DerivedCoreProperties.txt`. The variation selectors U+FE00 to U+FE0F
/// are excepted: they only select the glyph of the character before them, and many names have one (a red
/// heart is U+2764 and U+FE0F). A test compares the table with the properties.
const FORMAT: [(char, char); 24] = [
    ('\u{ad}', '\u{ad}'),       // soft hyphen
    ('\u{34f}', '\u{34f}'),     // combining grapheme joiner
    ('\u{600}', '\u{605}'),     // Arabic signs that enclose numbers
    ('\u{61c}', '\u{61c}'),     // Arabic letter mark (bidirectional)
    ('\u{6dd}', '\u{6dd}'),     // Arabic end of ayah
    ('\u{70f}', '\u{70f}'),     // Syriac abbreviation mark
    ('\u{890}', '\u{891}'),     // Arabic currency marks above
    ('\u{8e2}', '\u{8e2}'),     // Arabic disputed end of ayah
    ('\u{115f}', '\u{1160}'),   // Hangul fillers
    ('\u{17b4}', '\u{17b5}'),   // Khmer inherent vowels
    ('\u{180b}', '\u{180f}'),   // Mongolian variation selectors and vowel separator
    ('\u{200b}', '\u{200f}'),   // zero-width space and joiners, left-to-right and right-to-left mark
    ('\u{2028}', '\u{202e}'),   // line and paragraph separator, bidirectional embeddings and overrides
    ('\u{2060}', '\u{206f}'),   // word joiner, invisible operators, bidirectional isolates
    ('\u{3164}', '\u{3164}'),   // Hangul filler
    ('\u{feff}', '\u{feff}'),   // byte order mark
    ('\u{ffa0}', '\u{ffa0}'),   // half-width Hangul filler
    ('\u{fff0}', '\u{fffb}'),   // interlinear annotation, and reserved code points
    ('\u{110bd}', '\u{110bd}'), // Kaithi number sign
    ('\u{110cd}', '\u{110cd}'), // Kaithi number sign above
    ('\u{13430}', '\u{1343f}'), // Egyptian hieroglyph joiners
    ('\u{1bca0}', '\u{1bca3}'), // shorthand format controls
    ('\u{1d173}', '\u{1d17a}'), // musical symbol controls
    ('\u{e0000}', '\u{e0fff}'), // tags, variation selectors 17 to 256, and reserved code points
];

/// Whether a character is escaped where text is displayed: a control character (C0, DEL or C1), an invisible
/// character, or one that changes the display of its neighbors.
pub fn needs_escape(c: char) -> bool {
    c.is_control() || c >= FORMAT[0].0 && is_format(c)
}

fn is_format(c: char) -> bool {
    let after = FORMAT.partition_point(|&(first, _)| first <= c);
    after > 0 && c <= FORMAT[after - 1].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_table_equals_the_unicode_properties() {
        let properties = r"[[\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\x{FE00}-\x{FE0F}]]";
        let hir = regex_syntax::parse(properties).unwrap();
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) = hir.kind() else {
            panic!("{hir:?}")
        };
        let ranges: Vec<_> = class.iter().map(|range| (range.start(), range.end())).collect();
        assert_eq!(ranges, FORMAT);
    }

    #[test]
    fn visible_characters_stay_and_invisible_ones_are_escaped() {
        for c in "azAZ09 \"\\~\u{a0}éßЖ中の한🌱\u{301}\u{2003}\u{3000}\u{fe0f}\u{fffd}\u{10ffff}".chars()
        {
            assert!(!needs_escape(c), "{c:?}");
        }
        let invisible = "\0\t\n\u{1b}\u{7f}\u{85}\u{9b}\u{ad}\u{61c}\u{200b}\u{200d}\u{200f}\u{2028}\u{2029}\u{202e}\u{2066}\u{2069}";
        for c in invisible.chars().chain("\u{feff}\u{fff9}\u{e0001}\u{e0041}\u{e0100}".chars()) {
            assert!(needs_escape(c), "{c:?}");
        }
    }
}

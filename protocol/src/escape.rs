//! Which characters are written as escapes, so that no text can act on a terminal or on a script that reads it.

/// Characters that are not seen, or that change how what is beside them is seen: format characters (bidirectional
/// controls, zero-width characters, the byte order mark, tags), the line and paragraph separators, which some
/// languages take for the end of a line, and everything that Unicode says may be left out when it is shown.
///
/// From Unicode 16.0: the general categories Cf, Zl and Zp of `DerivedGeneralCategory.txt`, and
/// `Default_Ignorable_Code_Point` of `DerivedCoreProperties.txt`. Left out are the variation selectors U+FE00 to U+FE0F:
/// they only choose how the one character before them is drawn, and many honest names have one (a red heart is U+2764
/// and U+FE0F). A test holds the table against the properties.
const FORMAT: [(char, char); 24] = [
    ('\u{ad}', '\u{ad}'),       // soft hyphen
    ('\u{34f}', '\u{34f}'),     // combining grapheme joiner
    ('\u{600}', '\u{605}'),     // Arabic signs that enclose numbers
    ('\u{61c}', '\u{61c}'),     // Arabic letter mark (bidirectional)
    ('\u{6dd}', '\u{6dd}'),     // Arabic end of ayah
    ('\u{70f}', '\u{70f}'),     // Syriac abbreviation mark
    ('\u{890}', '\u{891}'),     // Arabic marks above money
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
    ('\u{fff0}', '\u{fffb}'),   // interlinear annotation, and what is kept for its like
    ('\u{110bd}', '\u{110bd}'), // Kaithi number sign
    ('\u{110cd}', '\u{110cd}'), // Kaithi number sign above
    ('\u{13430}', '\u{1343f}'), // joiners of Egyptian hieroglyphs
    ('\u{1bca0}', '\u{1bca3}'), // controls of shorthand
    ('\u{1d173}', '\u{1d17a}'), // controls of musical notes
    ('\u{e0000}', '\u{e0fff}'), // tags, variation selectors 17 to 256, and what is kept for their like
];

/// Whether a character must not be shown as it is: a control character (C0, DEL or C1) or one that is not seen.
pub fn needs_escape(c: char) -> bool {
    c.is_control() || c >= FORMAT[0].0 && is_format(c)
}

fn is_format(c: char) -> bool {
    let behind = FORMAT.partition_point(|&(first, _)| first <= c);
    behind > 0 && c <= FORMAT[behind - 1].1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_what_unicode_says() {
        let properties = r"[[\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]--[\x{FE00}-\x{FE0F}]]";
        let hir = regex_syntax::parse(properties).unwrap();
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) = hir.kind() else {
            panic!("{hir:?}")
        };
        let ranges: Vec<_> = class.iter().map(|range| (range.start(), range.end())).collect();
        assert_eq!(ranges, FORMAT);
    }

    #[test]
    fn what_is_seen_stays_and_what_is_not_is_escaped() {
        for c in "azAZ09 \"\\~\u{a0}éßЖ中の한🌱\u{301}\u{2003}\u{3000}\u{fe0f}\u{fffd}\u{10ffff}".chars()
        {
            assert!(!needs_escape(c), "{c:?}");
        }
        let unseen = "\0\t\n\u{1b}\u{7f}\u{85}\u{9b}\u{ad}\u{61c}\u{200b}\u{200d}\u{200f}\u{2028}\u{2029}\u{202e}\u{2066}\u{2069}";
        for c in unseen.chars().chain("\u{feff}\u{fff9}\u{e0001}\u{e0041}\u{e0100}".chars()) {
            assert!(needs_escape(c), "{c:?}");
        }
    }
}

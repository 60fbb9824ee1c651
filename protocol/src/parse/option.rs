//! Options: `id=rustconf`.

/// Splits an option into its name and its value: `id=rustconf` into `id` and `rustconf`. Returns `None` for a
/// word that is not an option. A name is one or more of `a-z` and `_`; a value is everything after the
/// equals sign.
pub fn split_option(word: &str) -> Option<(&str, &str)> {
    let end = word.bytes().position(|byte| !byte.is_ascii_lowercase() && byte != b'_')?;
    if end == 0 {
        return None;
    }
    Some((&word[..end], word[end..].strip_prefix('=')?))
}

//! Options: `id=rustconf`.

/// The name and the value of a word that begins like an option: `id=rustconf` is `id` and `rustconf`. The name is one
/// or more of `a-z` and `_`; the value is whatever follows the equals sign.
pub fn split_option(word: &str) -> Option<(&str, &str)> {
    let end = word.bytes().position(|byte| !byte.is_ascii_lowercase() && byte != b'_')?;
    if end == 0 {
        return None;
    }
    Some((&word[..end], word[end..].strip_prefix('=')?))
}

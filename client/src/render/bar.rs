//! Bars of what is left.

use crate::render::page::Page;
use crate::screen::Role;

/// The width of a bar: what a glance can tell apart.
pub const WIDTH: u32 = 8;

/// Few are left if this many percent or fewer are.
const FEW_PERCENT: u64 = 10;

/// A bar that is filled by what is left. It is empty only if nothing is left, and full only if all is.
pub fn bar(left: u32, total: u32, page: &Page) -> String {
    bar_in(WIDTH, left, total, page)
}

/// As [`bar`], in so many columns, at least two.
pub fn bar_in(width: u32, left: u32, total: u32, page: &Page) -> String {
    let rounded = (u64::from(left) * u64::from(width) + u64::from(total) / 2) / u64::from(total.max(1));
    let filled = match left {
        0 => 0,
        _ if left >= total => width,
        _ => u32::try_from(rounded).unwrap_or(width).clamp(1, width - 1),
    };
    let characters = page.bar();
    let character = |index| if index < filled { characters.filled } else { characters.empty };
    (0..width).map(character).collect()
}

/// What it means that so many are left.
pub fn role(left: u32, total: u32) -> Role {
    match left {
        0 => Role::Error,
        _ if u64::from(left) * 100 <= u64::from(total) * FEW_PERCENT => Role::Warning,
        _ => Role::Good,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::{Charset, Screen};

    #[test]
    fn bar_is_empty_only_if_nothing_and_full_only_if_all_is_left() {
        let page = Page::with_width(Screen::PLAIN, None);
        for (left, total, shown) in [
            (0, 100, "........"),
            (1, 100, "#......."),
            (42, 100, "###....."),
            (50, 100, "####...."),
            (99, 100, "#######."),
            (100, 100, "########"),
            (1, 1, "########"),
            (u32::MAX - 1, u32::MAX, "#######."),
            (5, 0, "########"),
        ] {
            assert_eq!(bar(left, total, &page), shown, "{left} of {total}");
        }
        let unicode = Page::with_width(Screen { charset: Charset::Unicode, ..Screen::PLAIN }, None);
        assert_eq!(bar(50, 100, &unicode), "████░░░░");
    }

    #[test]
    fn few_left_is_a_warning_and_none_is_an_error() {
        let roles = [0, 1, 10, 11, 100].map(|left| role(left, 100));
        assert_eq!(roles, [Role::Error, Role::Warning, Role::Warning, Role::Good, Role::Good]);
    }
}

//! The lines typed before, kept under the XDG state directory.

use std::env;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustyline::history::FileHistory;
use rustyline::{Editor, Helper};

/// Lines that are kept: months of typing, and read in no time.
pub const MAX_LINES: usize = 10_000;

/// Where lines are kept, if anywhere.
#[derive(Debug)]
pub struct History {
    path: Option<PathBuf>,
}

impl History {
    /// Loads the lines of earlier sessions into an editor.
    ///
    /// Nothing here is an error: a session without history is still a session. The message says why there is none.
    pub fn load<H: Helper>(editor: &mut Editor<H, FileHistory>) -> (Self, Option<String>) {
        let Some(path) = path(env::var_os("XDG_STATE_HOME"), env::var_os("HOME")) else {
            return (Self { path: None }, None);
        };
        if let Err(error) = make_parent(&path) {
            return (Self { path: None }, Some(trouble(&path, &error)));
        }
        if path.exists()
            && let Err(error) = editor.load_history(&path)
        {
            return (Self { path: None }, Some(trouble(&path, &error)));
        }
        (Self { path: Some(path) }, None)
    }

    /// Keeps the lines typed since the last time, so that a session that is killed loses none. The message is given
    /// once: after it, nothing is kept.
    pub fn keep<H: Helper>(&mut self, editor: &mut Editor<H, FileHistory>) -> Option<String> {
        let path = self.path.as_ref()?;
        let error = editor.append_history(path).err()?;
        let message = trouble(path, &error);
        self.path = None;
        Some(message)
    }
}

fn trouble(path: &Path, error: &dyn std::error::Error) -> String {
    format!("history is not kept: {}: {error}", path.display())
}

/// As the XDG base directory specification has it: a relative path counts as unset.
fn path(state: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let state = state.and_then(absolute).or_else(|| Some(home.and_then(absolute)?.join(".local/state")))?;
    Some(state.join("bookline/history"))
}

fn make_parent(path: &Path) -> io::Result<()> {
    let Some(parent) = path.parent() else {
        return Ok(());
    };
    DirBuilder::new().recursive(true).mode(0o700).create(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_directory_comes_first_and_home_is_no_must() {
        let at = |state: Option<&str>, home: Option<&str>| path(state.map(Into::into), home.map(Into::into));
        assert_eq!(at(Some("/s"), Some("/h")), Some(PathBuf::from("/s/bookline/history")));
        assert_eq!(at(None, Some("/h")), Some(PathBuf::from("/h/.local/state/bookline/history")));
        assert_eq!(at(Some("relative"), Some("/h")), Some(PathBuf::from("/h/.local/state/bookline/history")));
        assert_eq!(at(Some(""), None), None);
        assert_eq!(at(None, None), None);
    }
}

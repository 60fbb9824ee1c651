//! The client's files in the home directory, where the XDG base directory specification has them.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// A kind of files, each with a directory of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directory {
    /// What the user has configured.
    Config,
    /// What the client keeps from one session to the next.
    State,
}

impl Directory {
    /// The file with this name, if the environment says where the directory is.
    pub fn file(self, name: &str) -> Option<PathBuf> {
        self.file_with(name, |variable| env::var_os(variable))
    }

    /// The specification says that a relative path counts as unset.
    fn file_with(self, name: &str, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
        let (base, in_home) = match self {
            Self::Config => ("XDG_CONFIG_HOME", ".config"),
            Self::State => ("XDG_STATE_HOME", ".local/state"),
        };
        let path = |name| Some(PathBuf::from(variable(name)?)).filter(|path| path.is_absolute());
        let base = path(base).or_else(|| Some(path("HOME")?.join(in_home)))?;
        Some(base.join("bookline").join(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_prefers_the_directory_of_its_kind_and_needs_no_home() {
        let at = |directory: Directory, base: Option<&str>, home: Option<&str>| {
            let path = directory.file_with("f", |name| match name {
                "HOME" => home.map(Into::into),
                _ => base.map(Into::into),
            });
            path.map(|path| path.to_str().unwrap().to_owned())
        };
        assert_eq!(at(Directory::State, Some("/s"), Some("/h")).unwrap(), "/s/bookline/f");
        assert_eq!(at(Directory::Config, Some("/c"), Some("/h")).unwrap(), "/c/bookline/f");
        for base in [None, Some(""), Some("relative")] {
            assert_eq!(at(Directory::State, base, Some("/h")).unwrap(), "/h/.local/state/bookline/f");
            assert_eq!(at(Directory::Config, base, Some("/h")).unwrap(), "/h/.config/bookline/f");
            assert_eq!(at(Directory::Config, base, None), None);
            assert_eq!(at(Directory::State, base, Some("relative")), None);
        }
    }
}

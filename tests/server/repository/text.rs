//! The source files and documents of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// Directories that are generated or have no text.
const LEFT_OUT: [&str; 4] = ["target", ".git", "corpus", "fixtures"];

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a file. Its path is relative to the root of the repository.
pub fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The paths of all sources and documents, relative to the root of the repository.
pub fn files() -> Vec<String> {
    files_in("")
}

/// The paths of all sources and documents in a directory, relative to the root of the repository.
pub fn files_in(directory: &str) -> Vec<String> {
    let (mut files, mut directories) = (Vec::new(), vec![PathBuf::from(directory)]);
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(root().join(&directory)).expect("a directory of the repository") {
            let entry = entry.expect("an entry of a directory");
            let name = entry.file_name().into_string().expect("a name in UTF-8");
            let path = directory.join(&name);
            if entry.file_type().expect("a type").is_dir() {
                if !LEFT_OUT.contains(&name.as_str()) {
                    directories.push(path);
                }
            } else if name.ends_with(".rs") || name.ends_with(".md") {
                files.push(path.to_str().expect("a name in UTF-8").to_owned());
            }
        }
    }
    files.sort_unstable();
    files
}

/// The words of a line. An identifier is split at `_`.
pub fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty())
}

//! Commands of a document, to be run as they stand.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The lines of the first `sh` block of a document, whose path begins at the top of the repository.
pub fn first_commands(document: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(document));
    let text = text.unwrap_or_else(|error| panic!("{document}: {error}"));
    let block = text.split("```sh\n").nth(1).expect("a block of commands");
    block.split("```").next().expect("its end").lines().map(str::to_owned).collect()
}

/// The program of this name beside another one of the workspace, as Cargo builds them for the tests of the
/// workspace. It is built if it is not there.
pub fn program_beside(other: &str, name: &str, package: &str) -> PathBuf {
    let path = Path::new(other).with_file_name(name);
    if !path.exists() {
        let cargo = std::env::var_os("CARGO").expect("the path of cargo");
        let built = Command::new(cargo).args(["build", "-p", package]).status();
        assert!(built.expect("cargo runs").success(), "{name} is not built");
    }
    path
}

/// A shell that runs a script in this directory, which is also its home. It finds these programs by their
/// names, and has no variables of Bookline.
pub fn shell(script: &str, directory: &Path, programs: &[(&Path, &str)]) -> Command {
    let found = directory.join("programs");
    fs::create_dir(&found).expect("a directory");
    for (program, name) in programs {
        symlink(program, found.join(name)).expect("a link");
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", script]).current_dir(directory).env("HOME", directory);
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{}:{path}", found.display()));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("BOOKLINE_")) {
        shell.env_remove(name);
    }
    shell
}

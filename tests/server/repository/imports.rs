//! The imports between the source files of a crate, from their `use` lines. Re-exports of a `mod.rs` do not
//! count, and neither do the unit tests at the end of a file.

use std::collections::{BTreeMap, BTreeSet};

use super::text;

/// The files of a crate without their extension, as in `net/listener`, and the files that each of them uses.
pub struct Crate {
    uses: BTreeMap<String, BTreeSet<String>>,
}

impl Crate {
    /// Reads the sources in a directory.
    pub fn read(directory: &str) -> Crate {
        let files = text::files_in(directory);
        let modules: BTreeMap<String, &String> =
            files.iter().map(|file| (module(&file[directory.len() + 1..]), file)).collect();
        let mut uses = BTreeMap::new();
        for (module, file) in &modules {
            let targets = paths(&text::read(file), file.ends_with("/mod.rs") || file.ends_with("/lib.rs"))
                .into_iter()
                .filter_map(|path| resolve(&path, module, &modules))
                .filter(|target| target != module && !is_test(target))
                .collect();
            if !is_test(module) {
                uses.insert(module.clone(), targets);
            }
        }
        Crate { uses }
    }

    /// All pairs of a file and a file that it uses.
    pub fn uses(&self) -> impl Iterator<Item = (&str, &str)> {
        self.uses
            .iter()
            .flat_map(|(from, targets)| targets.iter().map(move |to| (from.as_str(), to.as_str())))
    }

    /// The circular imports: paths from a file to itself.
    pub fn circles(&self) -> Vec<Vec<String>> {
        self.uses.keys().filter_map(|start| self.path(start, start)).collect()
    }

    /// A path from one file to another.
    fn path(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let (mut paths, mut visited) = (vec![vec![from.to_owned()]], BTreeSet::new());
        while let Some(path) = paths.pop() {
            for next in &self.uses[path.last()?] {
                let longer = [&path[..], std::slice::from_ref(next)].concat();
                if next == to {
                    return Some(longer);
                }
                if visited.insert(next) {
                    paths.push(longer);
                }
            }
        }
        None
    }
}

/// `net/listener.rs` is `net/listener`, `net/mod.rs` is `net`, and `lib.rs` is the empty path.
fn module(file: &str) -> String {
    let file = file.strip_suffix(".rs").unwrap_or(file);
    let file = file.strip_suffix("/mod").unwrap_or(file);
    if file == "lib" { String::new() } else { file.to_owned() }
}

fn is_test(module: &str) -> bool {
    module.split('/').any(|part| part == "tests")
}

/// The paths of all `use` statements, one for each name.
fn paths(source: &str, re_exports: bool) -> Vec<String> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code: String = source.lines().map(|line| line.split("//").next().unwrap_or_default()).fold(
        String::new(),
        |mut code, line| {
            code.push_str(line);
            code.push('\n');
            code
        },
    );
    let mut paths = Vec::new();
    for statement in code.split(';') {
        let Some(at) = statement.rfind("use ") else { continue };
        let before = statement[..at].lines().last().unwrap_or_default().trim();
        if !before.is_empty() && !before.starts_with("pub") || re_exports && before.starts_with("pub") {
            continue;
        }
        expand("", statement[at + 4..].trim(), &mut paths);
    }
    paths
}

/// Expands `a::{b, c::d}` to `a::b` and `a::c::d`.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let Some((start, body)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or_default().trim();
        paths.push(format!("{prefix}{name}"));
        return;
    };
    let prefix = format!("{prefix}{}", start.trim());
    let body = body.trim().strip_suffix('}').unwrap_or(body);
    let (mut depth, mut from) = (0, 0);
    for (at, c) in body.char_indices().chain([(body.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let part = body[from..at].trim();
                if !part.is_empty() {
                    expand(&prefix, part, paths);
                }
                from = at + 1;
            }
            _ => {}
        }
    }
}

/// The file that a path in `module` names, if it is one of this crate.
fn resolve(path: &str, module: &str, modules: &BTreeMap<String, &String>) -> Option<String> {
    let mut parts: Vec<&str> = path.split("::").map(str::trim).collect();
    let mut whole: Vec<&str> = match parts[0] {
        "crate" => Vec::new(),
        "super" | "self" => module.split('/').collect(),
        first => {
            let child = if module.is_empty() { first.to_owned() } else { format!("{module}/{first}") };
            if !modules.contains_key(&child) {
                return None;
            }
            module.split('/').filter(|part| !part.is_empty()).collect()
        }
    };
    let up = parts.iter().take_while(|part| ["crate", "super", "self"].contains(*part)).count();
    for part in parts.drain(..up) {
        if part == "super" {
            whole.pop();
        }
    }
    whole.extend(parts);
    while !whole.is_empty() && !modules.contains_key(&whole.join("/")) {
        whole.pop();
    }
    modules.contains_key(&whole.join("/")).then(|| whole.join("/"))
}

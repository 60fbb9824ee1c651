//! The memory that this process may use: the minimum of the machine's memory, the limits of its cgroups and
//! the limits of the process.

use std::fs;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

/// Where the system gives no number: the memory of the smallest servers.
const MEMORY_BYTES_DEFAULT: u64 = 1 << 30;

/// Bytes of memory that this process may use.
pub fn allowed() -> u64 {
    let root = Path::new("/");
    let of_process = [Resource::As, Resource::Data].map(|resource| getrlimit(resource).current);
    let of_system = [physical(root), of_cgroup(root)];
    of_process.into_iter().chain(of_system).flatten().min().unwrap_or(MEMORY_BYTES_DEFAULT)
}

/// The machine's memory, from Linux's `/proc/meminfo`.
fn physical(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// The lowest limit of the cgroup of this process and its ancestors, in version 2 or 1. In a container, the
/// path in `/proc/self/cgroup` may be the host's, of which only the root is visible.
fn of_cgroup(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let limits = text.lines().filter_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let (hierarchy, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            _ if controllers.split(',').any(|controller| controller == "memory") => {
                ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => return None,
        };
        let hierarchy = root.join(hierarchy);
        let levels = Path::new(path.trim_start_matches('/')).ancestors();
        levels.filter_map(|level| limit(&hierarchy.join(level).join(file))).min()
    });
    limits.min()
}

/// The limit in a file. `max`, which means no limit, does not parse.
fn limit(file: &Path) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a directory");
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().expect("it is in one")).expect("a directory");
            fs::write(path, text).expect("a file");
        }
        root
    }

    #[test]
    fn limit_of_cgroups_is_the_lowest_of_all_ancestors() {
        for (files, expected) in [
            (&[][..], None),
            (&[("proc/self/cgroup", "0::/a/b\n")][..], None),
            (
                &[
                    ("proc/self/cgroup", "0::/a/b\n"),
                    ("sys/fs/cgroup/a/b/memory.max", "max\n"),
                    ("sys/fs/cgroup/a/memory.max", "4096000\n"),
                ][..],
                Some(4_096_000),
            ),
            // A container with version 1, in which the path of the cgroup is not visible.
            (
                &[
                    ("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/\n"),
                    ("sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n"),
                    ("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1\n"),
                ][..],
                Some(512 << 20),
            ),
        ] {
            assert_eq!(of_cgroup(system(files).path()), expected, "{files:?}");
        }
    }

    #[test]
    fn memory_of_the_machine_is_read_from_meminfo() {
        let root = system(&[("proc/meminfo", "MemTotal:       16384 kB\nMemFree:  1 kB\n")]);
        assert_eq!(physical(root.path()), Some(16 << 20));
        assert_eq!(physical(system(&[("proc/meminfo", "MemTotal: much\n")]).path()), None);
    }
}

//! The zone in which calendar hours are meant, where no flag names it: that of `TZ`, else the system's.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use chrono_tz::{TZ_VARIANTS, Tz};

/// Where the files of all zones are, below the root.
const ZONE_FILES: &str = "usr/share/zoneinfo";

/// The file of the system's zone: a link to one of those, or a copy.
const LOCAL: &str = "etc/localtime";

/// Files that name the system's zone: of Debian, of FreeBSD.
const NAMES: [&str; 2] = ["etc/timezone", "var/db/zoneinfo"];

/// Zone files are a few kilobytes long. What is longer is none.
const ZONE_FILE_MAX: u64 = 1 << 20;

/// Links to follow before they count as a circle, as in the system itself.
const LINKS_MAX: usize = 40;

/// The zone of this process. Where it is only a guess, a warning says so.
pub fn of_process() -> Tz {
    let found = find(std::env::var_os("TZ").as_deref(), Path::new("/"));
    if let Some(doubt) = found.doubt {
        tracing::warn!(
            "{doubt}: calendar hours are meant in {}. Say which zone it is, as in --time-zone Europe/Berlin",
            found.zone
        );
    }
    found.zone
}

/// A zone, and why it may not be the one that is meant.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    zone: Tz,
    doubt: Option<String>,
}

/// The zone that `TZ` names, else that of the system whose files are below `root`.
fn find(tz: Option<&OsStr>, root: &Path) -> Found {
    let system = || of_system(root);
    let Some(tz) = tz.filter(|tz| !tz.is_empty()) else { return system() };
    if let Some(zone) = tz.to_str().and_then(|tz| of_variable(tz, root)) {
        return Found { zone, doubt: None };
    }
    let mut found = system();
    let also = found.doubt.map(|doubt| format!("; {doubt}")).unwrap_or_default();
    found.doubt = Some(format!("TZ is {tz:?}, which names no zone{also}"));
    found
}

/// `Europe/Berlin`, `:Europe/Berlin`, or a file by its path, as the C library reads `TZ`. Rules that are
/// written out, as in `CET-1CEST`, name no zone.
fn of_variable(tz: &str, root: &Path) -> Option<Tz> {
    let name = tz.strip_prefix(':').unwrap_or(tz);
    let file = match name.strip_prefix('/') {
        Some(path) => root.join(path),
        None => root.join(ZONE_FILES).join(name),
    };
    parse(name).or_else(|| of_file(&file, root))
}

fn of_system(root: &Path) -> Found {
    let local = root.join(LOCAL);
    if let Some(zone) = of_file(&local, root) {
        return Found { zone, doubt: None };
    }
    // A name whose own file says something else is out of date.
    let named = named(root).find(|zone| !(local.exists() && zone_file(*zone, root).exists()));
    if let Some(zone) = named {
        return Found { zone, doubt: None };
    }
    let doubt = if local.exists() {
        format!("/{LOCAL} is like no file in /{ZONE_FILES}, so the system's time zone is not known")
    } else {
        format!("/{LOCAL} is missing, so the system's time zone is not known")
    };
    Found { zone: Tz::UTC, doubt: Some(doubt) }
}

/// The zone of a file: by the name that it or a link on the way to it has, else by its content.
fn of_file(file: &Path, root: &Path) -> Option<Tz> {
    let mut file = file.to_owned();
    for _ in 0..LINKS_MAX {
        if let Some(zone) = of_path(&file) {
            return Some(zone);
        }
        match fs::read_link(&file) {
            Ok(target) => file = file.parent()?.join(target),
            Err(_) => return of_content(&file, root),
        }
    }
    None
}

/// The zone that a path names, as `/usr/share/zoneinfo/Europe/Berlin` does.
fn of_path(path: &Path) -> Option<Tz> {
    let path = path.to_str()?;
    let (_, name) = path.rsplit_once("/zoneinfo/")?;
    let name = name.strip_prefix("posix/").or_else(|| name.strip_prefix("right/")).unwrap_or(name);
    parse(name)
}

/// The zone of a copied file: the best known of those whose files are the same.
fn of_content(file: &Path, root: &Path) -> Option<Tz> {
    let length = |path: &Path| fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|of| of.len());
    let wanted = length(file).filter(|&length| 0 < length && length <= ZONE_FILE_MAX)?;
    let content = fs::read(file).ok()?;
    let is_same = |zone: &Tz| {
        let file = zone_file(*zone, root);
        length(&file) == Some(wanted) && fs::read(file).is_ok_and(|other| other == content)
    };
    let same: Vec<Tz> = TZ_VARIANTS.into_iter().filter(is_same).collect();
    let best = named(root).chain([Tz::UTC]).chain(main_zones(root)).find(|zone| same.contains(zone));
    best.or_else(|| same.first().copied())
}

/// The zones that the system's files name.
fn named(root: &Path) -> impl Iterator<Item = Tz> {
    NAMES.iter().filter_map(move |file| parse(fs::read_to_string(root.join(file)).ok()?.trim()))
}

/// Zones that are no other names of others, as the system's table lists them.
fn main_zones(root: &Path) -> Vec<Tz> {
    let table = fs::read_to_string(root.join(ZONE_FILES).join("zone1970.tab")).unwrap_or_default();
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| parse(line.split('\t').nth(2)?)).collect()
}

fn zone_file(zone: Tz, root: &Path) -> PathBuf {
    root.join(ZONE_FILES).join(zone.name())
}

fn parse(name: &str) -> Option<Tz> {
    match name.parse().ok()? {
        // One zone of two names: people know it by the short one.
        Tz::Etc__UTC => Some(Tz::UTC),
        zone => Some(zone),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    const BERLIN: Tz = Tz::Europe__Berlin;

    /// A system with files of these zones; those of Berlin and Oslo are the same.
    fn system() -> TempDir {
        let root = TempDir::new().unwrap();
        for (name, content) in [
            ("UTC", "TZif utc"),
            ("Etc/UTC", "TZif utc"),
            ("Atlantic/Jan_Mayen", "TZif cet"),
            ("Europe/Berlin", "TZif cet"),
            ("Europe/Oslo", "TZif cet"),
            ("Asia/Tokyo", "TZif jst"),
        ] {
            write(&root, &format!("{ZONE_FILES}/{name}"), content);
        }
        write(
            &root,
            &format!("{ZONE_FILES}/zone1970.tab"),
            "# codes\nDE,NO\t+5230+01322\tEurope/Berlin\tmost\n",
        );
        root
    }

    fn write(root: &TempDir, path: &str, content: &str) {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn link(root: &TempDir, path: &str, target: &str) {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    /// The zone without a doubt.
    #[track_caller]
    fn sure(tz: &str, root: &TempDir) -> Tz {
        let found = find(Some(tz.as_ref()), root.path());
        assert_eq!(found.doubt, None);
        found.zone
    }

    #[track_caller]
    fn doubtful(tz: &str, root: &TempDir) -> (Tz, String) {
        let found = find(Some(tz.as_ref()), root.path());
        (found.zone, found.doubt.expect("a doubt"))
    }

    #[test]
    fn a_variable_names_a_zone_or_its_file() {
        let root = system();
        link(&root, LOCAL, "../usr/share/zoneinfo/Asia/Tokyo");
        for tz in [
            "Europe/Berlin",
            ":Europe/Berlin",
            "/usr/share/zoneinfo/Europe/Berlin",
            ":/usr/share/zoneinfo/Europe/Berlin",
            "/usr/share/zoneinfo/posix/Europe/Berlin",
            "right/Europe/Berlin",
        ] {
            assert_eq!(sure(tz, &root), BERLIN, "{tz}");
        }
        assert_eq!(sure(":/etc/localtime", &root), Tz::Asia__Tokyo);
        assert_eq!(sure("", &root), Tz::Asia__Tokyo, "an empty variable counts as unset");
        assert_eq!(sure("UTC", &root), Tz::UTC);
    }

    #[test]
    fn a_variable_that_names_no_zone_is_doubted() {
        let root = system();
        link(&root, LOCAL, "../usr/share/zoneinfo/Asia/Tokyo");
        for tz in
            ["CET-1CEST,M3.5.0,M10.5.0/3", "UTC0", "Mars/Olympus_Mons", "/no/such/file", ":", "../../.."]
        {
            let (zone, doubt) = doubtful(tz, &root);
            assert_eq!(zone, Tz::Asia__Tokyo, "{tz}: the system's is next");
            assert!(doubt.contains(&format!("{tz:?}")), "{doubt}");
        }
    }

    #[test]
    fn the_system_links_to_a_file() {
        for target in ["/usr/share/zoneinfo/Europe/Berlin", "../usr/share/zoneinfo/Europe/Berlin"] {
            let root = system();
            link(&root, LOCAL, target);
            assert_eq!(sure("", &root), BERLIN, "{target}");
        }
        let root = system();
        link(&root, LOCAL, "alternatives/localtime");
        link(&root, "etc/alternatives/localtime", "/etc/zoneinfo/Europe/Berlin");
        assert_eq!(sure("", &root), BERLIN, "by way of another link");
        let root = system();
        link(&root, LOCAL, "/usr/share/zoneinfo/Etc/UTC");
        assert_eq!(sure("", &root), Tz::UTC, "a system may say UTC");
    }

    #[test]
    fn a_copied_file_is_known_by_its_content() {
        let root = system();
        write(&root, LOCAL, "TZif jst");
        assert_eq!(sure("", &root), Tz::Asia__Tokyo);
        write(&root, LOCAL, "TZif cet");
        assert_eq!(sure("", &root), BERLIN, "of several names, the main one");
        write(&root, "etc/timezone", "Europe/Oslo\n");
        assert_eq!(sure("", &root), Tz::Europe__Oslo, "or the one that the system names");
        write(&root, "etc/timezone", "Asia/Tokyo\n");
        assert_eq!(sure("", &root), BERLIN, "a name that is out of date is not believed");
        write(&root, LOCAL, "TZif utc");
        assert_eq!(sure("", &root), Tz::UTC);
    }

    #[test]
    fn without_the_files_of_zones_a_name_is_believed() {
        let root = TempDir::new().unwrap();
        write(&root, LOCAL, "TZif cet");
        write(&root, "etc/timezone", "Europe/Berlin\n");
        assert_eq!(sure("", &root), BERLIN);
    }

    #[test]
    fn what_is_not_known_is_doubted() {
        let root = system();
        let (zone, doubt) = (Tz::UTC, "/etc/localtime is missing");
        let missing = find(None, root.path());
        assert_eq!(missing.zone, zone);
        assert!(missing.doubt.is_some_and(|said| said.contains(doubt)));

        write(&root, "etc/timezone", "Asia/Tokyo\n");
        assert_eq!(sure("", &root), Tz::Asia__Tokyo, "only a name is there");
        write(&root, LOCAL, "TZif something else");
        let (zone, doubt) = doubtful("", &root);
        assert_eq!(zone, Tz::UTC);
        assert!(doubt.contains("is like no file"), "{doubt}");

        let root = system();
        link(&root, LOCAL, "localtime");
        assert_eq!(doubtful("", &root).0, Tz::UTC, "a circle of links");
    }
}

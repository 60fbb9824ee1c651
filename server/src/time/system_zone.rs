//! The time zone of calendar hours if no flag gives it: that of `TZ`, else the system's.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use chrono_tz::{TZ_VARIANTS, Tz};

/// The directory of zone files, relative to the root.
const ZONE_FILES: &str = "usr/share/zoneinfo";

/// The system's zone: a link to a zone file, or a copy of one.
const LOCAL: &str = "etc/localtime";

/// Files that contain the name of the system's zone, on Debian and on FreeBSD.
const NAMES: [&str; 2] = ["etc/timezone", "var/db/zoneinfo"];

/// The longest zone file. Real ones have some kilobytes.
const ZONE_FILE_BYTES_MAX: u64 = 1 << 20;

/// Links to follow before they count as a cycle: Linux's limit.
const LINKS_MAX: usize = 40;

/// The zone of this process. If it is uncertain, it logs a warning.
pub fn of_process() -> Tz {
    let found = find(std::env::var_os("TZ").as_deref(), Path::new("/"));
    if let Some(uncertainty) = found.uncertainty {
        tracing::warn!(
            "{uncertainty}: calendar hours are in {}. Set the zone, as in --time-zone Europe/Berlin",
            found.zone
        );
    }
    found.zone
}

/// A zone, and why it may be wrong.
#[derive(Debug, PartialEq, Eq)]
struct DetectedZone {
    zone: Tz,
    uncertainty: Option<String>,
}

/// The zone that `TZ` names, else that of the system whose files are below `root`.
fn find(tz: Option<&OsStr>, root: &Path) -> DetectedZone {
    let system = || of_system(root);
    let Some(tz) = tz.filter(|tz| !tz.is_empty()) else { return system() };
    if let Some(zone) = tz.to_str().and_then(|tz| of_variable(tz, root)) {
        return DetectedZone { zone, uncertainty: None };
    }
    let mut found = system();
    let also = found.uncertainty.map(|uncertainty| format!("; {uncertainty}")).unwrap_or_default();
    found.uncertainty = Some(format!("TZ is {tz:?}, which names no zone{also}"));
    found
}

/// The zone of a value of `TZ`, which the C library reads as a name, `Europe/Berlin` or `:Europe/Berlin`, or
/// as the path of a file. POSIX rules, as in `CET-1CEST`, name no zone.
fn of_variable(tz: &str, root: &Path) -> Option<Tz> {
    let name = tz.strip_prefix(':').unwrap_or(tz);
    let file = match name.strip_prefix('/') {
        Some(path) => root.join(path),
        None => root.join(ZONE_FILES).join(name),
    };
    parse(name).or_else(|| of_file(&file, root))
}

fn of_system(root: &Path) -> DetectedZone {
    let local = root.join(LOCAL);
    if let Some(zone) = of_file(&local, root) {
        return DetectedZone { zone, uncertainty: None };
    }
    // A name whose zone file differs from the local one is out of date.
    let name = named(root).find(|zone| !(local.exists() && zone_file(*zone, root).exists()));
    if let Some(zone) = name {
        return DetectedZone { zone, uncertainty: None };
    }
    let uncertainty = if local.exists() {
        format!("/{LOCAL} equals no file in /{ZONE_FILES}, so the system's time zone is not known")
    } else {
        format!("/{LOCAL} is missing, so the system's time zone is not known")
    };
    DetectedZone { zone: Tz::UTC, uncertainty: Some(uncertainty) }
}

/// The zone of a file: from its path or the path of a link to it, else from its content.
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

/// The zone of a path like `/usr/share/zoneinfo/Europe/Berlin`.
fn of_path(path: &Path) -> Option<Tz> {
    let path = path.to_str()?;
    let (_, name) = path.rsplit_once("/zoneinfo/")?;
    let name = name.strip_prefix("posix/").or_else(|| name.strip_prefix("right/")).unwrap_or(name);
    parse(name)
}

/// The zone of a copied file. Of zones with equal files it prefers one that the system names, then UTC, then
/// a main zone.
fn of_content(file: &Path, root: &Path) -> Option<Tz> {
    let length = |path: &Path| fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|of| of.len());
    let expected = length(file).filter(|&length| 0 < length && length <= ZONE_FILE_BYTES_MAX)?;
    let content = fs::read(file).ok()?;
    let is_same = |zone: &Tz| {
        let file = zone_file(*zone, root);
        length(&file) == Some(expected) && fs::read(file).is_ok_and(|other| other == content)
    };
    let same: Vec<Tz> = TZ_VARIANTS.into_iter().filter(is_same).collect();
    let best = named(root).chain([Tz::UTC]).chain(main_zones(root)).find(|zone| same.contains(zone));
    best.or_else(|| same.first().copied())
}

/// The zones whose names are in [`NAMES`].
fn named(root: &Path) -> impl Iterator<Item = Tz> {
    NAMES.iter().filter_map(move |file| parse(fs::read_to_string(root.join(file)).ok()?.trim()))
}

/// The zones of the system's table, which lists no aliases.
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
        // Both name the same zone.
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

    /// A system with zone files, of which those of Berlin and Oslo are equal.
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

    #[track_caller]
    fn certain_zone(tz: &str, root: &TempDir) -> Tz {
        let found = find(Some(tz.as_ref()), root.path());
        assert_eq!(found.uncertainty, None);
        found.zone
    }

    #[track_caller]
    fn uncertain_zone(tz: &str, root: &TempDir) -> (Tz, String) {
        let found = find(Some(tz.as_ref()), root.path());
        (found.zone, found.uncertainty.expect("an uncertainty"))
    }

    #[test]
    fn tz_names_a_zone_or_its_file() {
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
            assert_eq!(certain_zone(tz, &root), BERLIN, "{tz}");
        }
        assert_eq!(certain_zone(":/etc/localtime", &root), Tz::Asia__Tokyo);
        assert_eq!(certain_zone("", &root), Tz::Asia__Tokyo, "an empty variable counts as unset");
        assert_eq!(certain_zone("UTC", &root), Tz::UTC);
    }

    #[test]
    fn tz_that_names_no_zone_makes_the_zone_uncertain() {
        let root = system();
        link(&root, LOCAL, "../usr/share/zoneinfo/Asia/Tokyo");
        for tz in
            ["CET-1CEST,M3.5.0,M10.5.0/3", "UTC0", "Mars/Olympus_Mons", "/no/such/file", ":", "../../.."]
        {
            let (zone, uncertainty) = uncertain_zone(tz, &root);
            assert_eq!(zone, Tz::Asia__Tokyo, "{tz}: the system's is next");
            assert!(uncertainty.contains(&format!("{tz:?}")), "{uncertainty}");
        }
    }

    #[test]
    fn local_zone_is_read_from_a_link() {
        for target in ["/usr/share/zoneinfo/Europe/Berlin", "../usr/share/zoneinfo/Europe/Berlin"] {
            let root = system();
            link(&root, LOCAL, target);
            assert_eq!(certain_zone("", &root), BERLIN, "{target}");
        }
        let root = system();
        link(&root, LOCAL, "alternatives/localtime");
        link(&root, "etc/alternatives/localtime", "/etc/zoneinfo/Europe/Berlin");
        assert_eq!(certain_zone("", &root), BERLIN, "through another link");
        let root = system();
        link(&root, LOCAL, "/usr/share/zoneinfo/Etc/UTC");
        assert_eq!(certain_zone("", &root), Tz::UTC, "the system's zone may be UTC");
    }

    #[test]
    fn local_zone_is_found_by_the_content_of_a_copied_file() {
        let root = system();
        write(&root, LOCAL, "TZif jst");
        assert_eq!(certain_zone("", &root), Tz::Asia__Tokyo);
        write(&root, LOCAL, "TZif cet");
        assert_eq!(certain_zone("", &root), BERLIN, "the main zone of several names");
        write(&root, "etc/timezone", "Europe/Oslo\n");
        assert_eq!(certain_zone("", &root), Tz::Europe__Oslo, "the name in /etc/timezone is preferred");
        write(&root, "etc/timezone", "Asia/Tokyo\n");
        assert_eq!(certain_zone("", &root), BERLIN, "a name that is out of date is ignored");
        write(&root, LOCAL, "TZif utc");
        assert_eq!(certain_zone("", &root), Tz::UTC);
    }

    #[test]
    fn name_is_used_without_zone_files() {
        let root = TempDir::new().unwrap();
        write(&root, LOCAL, "TZif cet");
        write(&root, "etc/timezone", "Europe/Berlin\n");
        assert_eq!(certain_zone("", &root), BERLIN);
    }

    #[test]
    fn missing_or_unknown_local_file_makes_the_zone_uncertain() {
        let root = system();
        let (zone, uncertainty) = (Tz::UTC, "/etc/localtime is missing");
        let missing = find(None, root.path());
        assert_eq!(missing.zone, zone);
        assert!(missing.uncertainty.is_some_and(|text| text.contains(uncertainty)));

        write(&root, "etc/timezone", "Asia/Tokyo\n");
        assert_eq!(certain_zone("", &root), Tz::Asia__Tokyo, "only a name exists");
        write(&root, LOCAL, "TZif something else");
        let (zone, uncertainty) = uncertain_zone("", &root);
        assert_eq!(zone, Tz::UTC);
        assert!(uncertainty.contains("equals no file"), "{uncertainty}");

        let root = system();
        link(&root, LOCAL, "localtime");
        assert_eq!(uncertain_zone("", &root).0, Tz::UTC, "a cycle of links");
    }
}

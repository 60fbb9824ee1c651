//! The components of an iCalendar file.

use crate::ical::content_line::{ContentLine, content_lines};
use crate::ical::problem::{Problem, ReadError};

/// Events of a file: some ten years of a busy person.
const EVENTS_MAX: usize = 10_000;

/// How deep components are nested at the most. An alarm of an event is at 3.
const DEPTH_MAX: usize = 8;

/// A component: `BEGIN:` to `END:`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// In upper case.
    pub name: String,
    /// The number of its first line in the file, from 1.
    pub line: usize,
    properties: Vec<ContentLine>,
    pub children: Vec<Self>,
}

impl Component {
    /// The first property of this name, which is in upper case.
    pub fn property(&self, name: &str) -> Option<&ContentLine> {
        self.properties(name).next()
    }

    /// The properties of this name, which is in upper case.
    pub fn properties(&self, name: &str) -> impl Iterator<Item = &ContentLine> {
        self.properties.iter().filter(move |property| property.name == name)
    }
}

/// The components of all calendars in a text.
///
/// # Errors
///
/// There is no calendar, its components do not end as they begin, or there are too many of them.
pub fn components(text: &str) -> Result<Vec<Component>, ReadError> {
    let mut open: Vec<Component> = Vec::new();
    let mut components = Vec::new();
    let (mut events, mut last_line, mut has_calendar) = (0, 1, false);
    for line in content_lines(text) {
        let number = line.number;
        last_line = number;
        let name = line.value.trim().to_ascii_uppercase();
        match (line.name.as_str(), open.last_mut()) {
            ("BEGIN", None) if name != "VCALENDAR" => return Err(Problem::NoCalendar.at(number)),
            ("BEGIN", _) => {
                events += usize::from(name == "VEVENT");
                if events > EVENTS_MAX {
                    return Err(Problem::TooManyEvents { events_max: EVENTS_MAX }.at(number));
                }
                if open.len() == DEPTH_MAX {
                    return Err(Problem::TooDeep { depth_max: DEPTH_MAX }.at(number));
                }
                open.push(Component { name, line: number, ..Component::default() });
            }
            ("END", _) => {
                let ended = open.pop().ok_or_else(|| Problem::NoBegin { name: name.clone() }.at(number))?;
                if ended.name != name {
                    return Err(Problem::NoEnd { name: ended.name }.at(number));
                }
                match open.last_mut() {
                    Some(parent) => parent.children.push(ended),
                    None => {
                        has_calendar = true;
                        components.extend(ended.children);
                    }
                }
            }
            (_, None) => return Err(Problem::NoCalendar.at(number)),
            (_, Some(component)) => component.properties.push(line),
        }
    }
    match open.pop() {
        Some(component) => Err(Problem::NoEnd { name: component.name }.at(last_line)),
        None if has_calendar => Ok(components),
        None => Err(Problem::NoCalendar.at(last_line)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        components(text).unwrap_err().to_string()
    }

    #[test]
    fn components_of_all_calendars_are_read() {
        let text = "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nBEGIN:VALARM\nEND:VALARM\nEND:VEVENT\n\
                    END:VCALENDAR\nbegin:vcalendar\nbegin:vevent\nuid:2\nend:vevent\nend:vcalendar";
        let components = components(text).unwrap();
        let uid = |component: &Component| component.property("UID").unwrap().value.clone();
        assert_eq!(components.iter().map(uid).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!((components[0].children.len(), components[0].line), (1, 3));
    }

    #[test]
    fn what_is_no_calendar_is_refused_with_its_line() {
        let missing = "BEGIN:VCALENDAR is missing: this is not an iCalendar file";
        assert_eq!(problem(""), format!("line 1: {missing}"));
        assert_eq!(problem("name,date\n1,2\n"), format!("line 1: {missing}"));
        assert_eq!(problem("\nBEGIN:VCARD\nEND:VCARD\n"), format!("line 2: {missing}"));
        assert_eq!(
            problem("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261121\n"),
            "line 3: END:VEVENT is missing: the file is not complete"
        );
        assert_eq!(
            problem("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n"),
            "line 3: END:VEVENT is missing: the file is not complete"
        );
        assert_eq!(problem("END:VEVENT"), "line 1: END:VEVENT has no BEGIN:VEVENT before it");
    }

    #[test]
    fn deep_and_numerous_components_are_refused() {
        let deep = format!("BEGIN:VCALENDAR\n{}", "BEGIN:X\n".repeat(100_000));
        assert_eq!(problem(&deep), "line 9: components are nested more than 8 deep");
        let many = format!("BEGIN:VCALENDAR\n{}", "BEGIN:VEVENT\nEND:VEVENT\n".repeat(EVENTS_MAX + 1));
        assert!(problem(&many).ends_with("there are more than 10000 events: split the file"));
    }
}

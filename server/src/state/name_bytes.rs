//! The memory of the names of attendees.

/// Bytes of memory of the name of an attendee, besides its characters: the place among the names of its
/// event, and what an allocation takes. The example `figures`, part `memory`, measures at most 59.
const NAME_OVERHEAD_BYTES: u64 = 64;

/// Bytes of memory of the name of an attendee. The empty name, which is none, takes no memory.
pub fn name_bytes(name: &str) -> u64 {
    if name.is_empty() { 0 } else { name.len() as u64 + NAME_OVERHEAD_BYTES }
}

//! The ids of tickets and holds, as `dump` shows them.

use uuid::Uuid;

pub(super) fn id_text(id: &[u8; 16]) -> String {
    Uuid::from_bytes(*id).to_string()
}

pub(super) fn id_texts(ids: &[[u8; 16]]) -> Vec<String> {
    ids.iter().map(id_text).collect()
}

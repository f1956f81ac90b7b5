//! Positions in the log, and the cursors that clients hold.

use crate::ids::AgencyId;
use crate::opaque::Opaque;

/// A place in the log. Positions order events as readers see them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The writing transaction's number on PostgreSQL; 0 on SQLite, which has one writer.
    pub tx: i64,
    /// The event's own number.
    pub id: i64,
}

impl Position {
    /// Before every event.
    pub const START: Self = Self { tx: -1, id: -1 };
}

/// A position that travelled to a client and came back. Bound to one agency and to one life of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub Position);

const PURPOSE: &str = "event";

impl Cursor {
    /// The text that the client holds.
    pub fn seal(self, opaque: &Opaque, agency: AgencyId) -> String {
        let mut payload = [0; 16];
        let (tx, id) = payload.split_at_mut(8);
        tx.copy_from_slice(&self.0.tx.to_be_bytes());
        id.copy_from_slice(&self.0.id.to_be_bytes());
        opaque.seal(PURPOSE, agency, &payload)
    }

    /// The cursor behind a client's text; `None` when it was not made here for this agency.
    pub fn open(opaque: &Opaque, agency: AgencyId, text: &str) -> Option<Self> {
        let payload = opaque.open(PURPOSE, agency, text)?;
        let (tx, id) = payload.split_first_chunk::<8>()?;
        Some(Self(Position { tx: i64::from_be_bytes(*tx), id: i64::from_be_bytes(id.try_into().ok()?) }))
    }
}

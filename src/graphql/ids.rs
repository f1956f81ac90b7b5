//! Global ids: opaque to clients, one text for one thing.
//!
//! A byte for the kind and sixteen for the thing, as unpadded base64url. The kinds are never renumbered: clients keep ids.

use async_graphql::ID;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::error::ApiError;
use crate::events::Position;
use crate::ids;

/// What an id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Case = 1,
    Renewal = 2,
    Client = 3,
    Caseworker = 4,
    Order = 5,
    OrderEmployer = 6,
    EmployerLink = 7,
    Task = 8,
    IncomeReport = 9,
    PayStatement = 10,
    Event = 11,
    /// The first frame of a stream: nothing that could be read again.
    Opening = 12,
    /// A gap in a stream: likewise.
    Gap = 13,
    RenewalBatch = 14,
    RenewalBatchItem = 15,
    /// A webhook delivery: no node, it is listed for operators alone.
    Delivery = 20,
    /// Revoked tokens: no node either.
    TokenRevocation = 21,
}

impl Kind {
    const ALL: [Self; 17] = [
        Self::Case,
        Self::Renewal,
        Self::Client,
        Self::Caseworker,
        Self::Order,
        Self::OrderEmployer,
        Self::EmployerLink,
        Self::Task,
        Self::IncomeReport,
        Self::PayStatement,
        Self::Event,
        Self::Opening,
        Self::Gap,
        Self::Delivery,
        Self::TokenRevocation,
        Self::RenewalBatch,
        Self::RenewalBatchItem,
    ];
}

/// A thing with a global id.
pub(crate) trait Global: Sized {
    /// Its kind.
    const KIND: Kind;
    /// Its id.
    fn bytes(&self) -> [u8; 16];
    /// The id behind sixteen bytes.
    fn of(bytes: [u8; 16]) -> Self;
}

macro_rules! global {
    ($($kind:ident: $id:ty),+ $(,)?) => {$(
        impl Global for $id {
            const KIND: Kind = Kind::$kind;
            fn bytes(&self) -> [u8; 16] {
                self.0.into_bytes()
            }
            fn of(bytes: [u8; 16]) -> Self {
                Uuid::from_bytes(bytes).into()
            }
        }
    )+};
}

global! {
    Case: ids::CaseId,
    Renewal: ids::RenewalId,
    Client: ids::ClientId,
    Caseworker: ids::CaseworkerId,
    Order: ids::OrderId,
    OrderEmployer: ids::OrderEmployerId,
    EmployerLink: ids::LinkId,
    Task: ids::TaskId,
    IncomeReport: ids::ReportId,
    PayStatement: ids::PayStatementId,
    Delivery: ids::DeliveryId,
    TokenRevocation: ids::RevocationId,
    RenewalBatch: ids::BatchId,
    RenewalBatchItem: ids::BatchItemId,
}

impl Global for Position {
    const KIND: Kind = Kind::Event;

    fn bytes(&self) -> [u8; 16] {
        let number = (u128::from(self.tx.cast_unsigned()) << 64) | u128::from(self.id.cast_unsigned());
        number.to_be_bytes()
    }

    fn of(bytes: [u8; 16]) -> Self {
        let [tx, id] = [64, 0].map(|shift| {
            let half = u128::from_be_bytes(bytes) >> shift & u128::from(u64::MAX);
            u64::try_from(half).unwrap_or(0).cast_signed()
        });
        Self { tx, id }
    }
}

/// The text of an id.
pub(crate) fn seal<T: Global>(id: &T) -> ID {
    sealed(T::KIND, id.bytes())
}

/// The text of the id of a frame that is no event.
pub(crate) fn frame(kind: Kind, at: Position) -> ID {
    sealed(kind, at.bytes())
}

fn sealed(kind: Kind, thing: [u8; 16]) -> ID {
    let mut bytes = [kind as u8; 17];
    for (place, byte) in bytes.iter_mut().skip(1).zip(thing) {
        *place = byte;
    }
    ID(URL_SAFE_NO_PAD.encode(bytes))
}

/// Kind and thing behind a client's text; `None` for a text that was not made here.
pub(crate) fn open(id: &ID) -> Option<(Kind, [u8; 16])> {
    // No id of ours is longer; the rest need not be decoded.
    if id.len() > 23 {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(id.as_bytes()).ok()?;
    let (kind, thing) = bytes.split_first()?;
    let kind = Kind::ALL.into_iter().find(|known| *known as u8 == *kind)?;
    Some((kind, thing.try_into().ok()?))
}

/// The id behind a client's text, when it stands for a thing of this kind.
pub(crate) fn find<T: Global>(id: &ID) -> Option<T> {
    let (kind, bytes) = open(id)?;
    (kind == T::KIND).then(|| T::of(bytes))
}

/// The same for an argument of a query, where another text is a mistake of the client's.
pub(crate) fn parse<T: Global>(id: &ID, argument: &str) -> Result<T, ApiError> {
    find(id).ok_or_else(|| ApiError::bad_input(format!("{argument} is not an id of this kind of thing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_as_the_same_kind_alone() {
        let case: ids::CaseId = Uuid::from_u128(7).into();
        let text = seal(&case);
        assert_eq!(text.len(), 23);
        assert_eq!(find::<ids::CaseId>(&text), Some(case));
        assert_eq!(find::<ids::OrderId>(&text), None);
    }

    #[test]
    fn a_position_comes_back() {
        let at = Position { tx: -1, id: i64::MAX };
        assert_eq!(find::<Position>(&seal(&at)), Some(at));
        assert_eq!(find::<Position>(&frame(Kind::Gap, at)), None);
    }

    #[test]
    fn what_was_not_made_here_is_no_id() {
        let case: ids::CaseId = Uuid::from_u128(7).into();
        let text = seal(&case).0;
        for broken in ["", "1", "not base64!", &text[1..], &format!("{text}A"), &text.replace('A', "=")] {
            assert_eq!(open(&ID(broken.to_owned())), None, "{broken}");
        }
        // Spare bits make a second text for the same bytes.
        assert!(open(&ID(format!("{}d", &text[..22]))).is_none());
    }
}

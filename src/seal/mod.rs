//! Sealing: what must stay unreadable to whoever gets hold of the database alone.
//!
//! Every value is sealed under a key of its own (AES-256-GCM), and that key, sealed in turn under one of the settings
//! (`seal.keys`), lies beside it. Both are bound to the [`Place`] of the value: what is copied to another row, column or
//! agency does not open. The text form is `sealed.v1.KEY-ID.DATA`, so that rows can be told apart by their key. A new
//! key is brought in by [`rotate`], while the gateways run: it exchanges the outer seal and never sees what is inside.
//!
//! What is sealed: the columns in [`column::ALL`]. A value that lies in clear where a sealed one is expected does not
//! open; `recert keys rotate` seals it.

pub mod column;
mod envelope;
mod rotate;

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use self::column::Column;
use self::envelope::{DataKey, Envelope};
use crate::config::Sealing;
use crate::ids::AgencyId;
use crate::storage;

pub use self::rotate::{Count, Rotated, count, rotate};

/// The name of the key that is used where the settings name none: everybody knows it.
const DEVELOPMENT: &str = "development";

/// Where a value lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The tenant.
    pub agency: AgencyId,
    /// The column.
    pub column: Column,
    /// The row.
    pub row: Uuid,
}

impl Place {
    /// What the seal is bound to. Unambiguous: two ids of fixed length, then names without a zero byte.
    fn bytes(&self) -> Vec<u8> {
        let names = format!("{}\0{}", self.column.table, self.column.name);
        [&self.agency.0.as_bytes()[..], &self.row.as_bytes()[..], names.as_bytes()].concat()
    }
}

/// A value as the database holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(String);

impl Sealed {
    /// What a column holds.
    pub fn of_row(text: String) -> Self {
        Self(text)
    }

    /// What a column is to hold.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed")
    }
}

/// Why a value cannot be sealed or opened. Holds nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The value lies in clear.
    #[error("a value lies in clear where a sealed one is expected; run `recert keys rotate`")]
    Clear,
    /// The key is not among the settings.
    #[error("a value is sealed with the key {0:?}, which is not among seal.keys")]
    UnknownKey(String),
    /// It was altered, or belongs elsewhere.
    #[error("a sealed value does not open: it was altered, or taken from another place")]
    Broken,
    /// The cryptography library failed.
    #[error("a value could not be sealed")]
    NotSealed,
}

impl From<Error> for storage::Error {
    fn from(error: Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}

/// Seals and opens. Cheap to clone.
#[derive(Clone)]
pub struct Sealer(Arc<Vec<Key>>);

struct Key {
    id: String,
    key: RandomizedNonceKey,
}

impl Sealer {
    /// With the keys of the settings; with the key that everybody knows where there are none.
    ///
    /// # Errors
    /// [`Error::NotSealed`] when a key has not 32 bytes.
    pub fn new(settings: &Sealing) -> Result<Self, Error> {
        let key = |id: &str, bytes: &[u8]| {
            let key = RandomizedNonceKey::new(&AES_256_GCM, bytes).map_err(|_| Error::NotSealed)?;
            Ok(Key { id: id.to_owned(), key })
        };
        if settings.keys.is_empty() {
            return Ok(Self(Arc::new(vec![key(DEVELOPMENT, b"a key that everybody can read!!!")?])));
        }
        let keys = settings.keys.iter().map(|setting| key(&setting.id, setting.key.expose_secret()));
        Ok(Self(Arc::new(keys.collect::<Result<_, _>>()?)))
    }

    /// Whether everybody knows the key.
    pub fn is_for_development(&self) -> bool {
        self.0.iter().any(|key| key.id == DEVELOPMENT)
    }

    /// The names of the keys, the one that seals first.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }

    /// Seals a text for a place.
    ///
    /// # Errors
    /// [`Error::NotSealed`].
    pub fn seal(&self, place: &Place, text: &str) -> Result<Sealed, Error> {
        let (newest, bound) = (self.newest()?, place.bytes());
        let data_key = DataKey::draw()?;
        let data = data_key.seal(&bound, text)?;
        let envelope = Envelope { key_id: newest.id.clone(), wrapped: data_key.wrap(&newest.key, &bound)?, data };
        Ok(Sealed(envelope.to_text()))
    }

    /// The text of a column that may be empty.
    ///
    /// # Errors
    /// [`Error::NotSealed`].
    pub fn seal_some(&self, place: &Place, text: Option<&str>) -> Result<Option<String>, Error> {
        text.map(|text| self.seal(place, text).map(|sealed| sealed.0)).transpose()
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// [`Error::Clear`], [`Error::UnknownKey`] or [`Error::Broken`].
    pub fn open(&self, place: &Place, sealed: &Sealed) -> Result<SecretString, Error> {
        let (envelope, bound) = (Envelope::parse(&sealed.0)?, place.bytes());
        let key = self.key(&envelope.key_id)?;
        DataKey::unwrap(&key.key, &bound, &envelope.wrapped)?.open(&bound, &envelope.data)
    }

    /// The same value under the newest key. What is inside stays sealed; a value in clear is sealed.
    fn renew(&self, place: &Place, stored: &str) -> Result<Sealed, Error> {
        let envelope = match Envelope::parse(stored) {
            Ok(envelope) => envelope,
            Err(Error::Clear) => return self.seal(place, stored),
            Err(error) => return Err(error),
        };
        let (newest, bound) = (self.newest()?, place.bytes());
        let data_key = DataKey::unwrap(&self.key(&envelope.key_id)?.key, &bound, &envelope.wrapped)?;
        let wrapped = data_key.wrap(&newest.key, &bound)?;
        Ok(Sealed(Envelope { key_id: newest.id.clone(), wrapped, data: envelope.data }.to_text()))
    }

    fn newest(&self) -> Result<&Key, Error> {
        self.0.first().ok_or(Error::NotSealed)
    }

    fn key(&self, id: &str) -> Result<&Key, Error> {
        self.0.iter().find(|key| key.id == id).ok_or_else(|| Error::UnknownKey(id.to_owned()))
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Sealer").field(&self.key_ids().collect::<Vec<_>>()).finish()
    }
}

/// A new key in the form of the setting, without its name.
///
/// # Errors
/// [`Error::NotSealed`] when the system has no randomness.
pub fn new_key() -> Result<SecretString, Error> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Error::NotSealed)?;
    Ok(SecretString::from(STANDARD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::SealKey;

    fn ring(ids: &[&str]) -> Sealer {
        let keys = ids.iter().map(|id| {
            let mut key = vec![7; 32];
            key.iter_mut().zip(id.bytes()).for_each(|(to, from)| *to = from);
            SealKey { id: (*id).to_owned(), key: key.into() }
        });
        Sealer::new(&Sealing { keys: keys.collect() }).unwrap()
    }

    fn place(agency: u128, row: u128, column: Column) -> Place {
        Place { agency: Uuid::from_u128(agency).into(), row: Uuid::from_u128(row), column }
    }

    fn here() -> Place {
        place(1, 2, column::ORDER_SHARE_URL)
    }

    fn open(ring: &Sealer, place: &Place, sealed: &Sealed) -> Result<String, Error> {
        ring.open(place, sealed).map(|text| text.expose_secret().to_owned())
    }

    #[test]
    fn what_was_sealed_opens_at_its_place_alone() {
        let (ring, elsewhere) = (ring(&["a"]), Column { table: "orders", name: "number" });
        let sealed = ring.seal(&here(), "https://truv.test/?token=1").unwrap();
        assert_eq!(open(&ring, &here(), &sealed).as_deref(), Ok("https://truv.test/?token=1"));
        for other in
            [place(9, 2, column::ORDER_SHARE_URL), place(1, 9, column::ORDER_SHARE_URL), place(1, 2, elsewhere)]
        {
            assert_eq!(open(&ring, &other, &sealed), Err(Error::Broken), "{other:?}");
            assert_eq!(ring.renew(&other, sealed.as_str()), Err(Error::Broken), "rotation moves nothing either");
        }
    }

    #[test]
    fn the_same_text_never_looks_the_same_and_nothing_of_it_shows() {
        let ring = ring(&["a"]);
        let (one, two) = (ring.seal(&here(), "token").unwrap(), ring.seal(&here(), "token").unwrap());
        assert_ne!(one, two);
        assert!(!one.as_str().contains("token"));
        assert_eq!(format!("{one:?} {ring:?}"), "Sealed Sealer([\"a\"])");
    }

    #[test]
    fn every_key_opens_the_first_seals_and_rotation_exchanges_the_outer_seal() {
        let (old, both, new) = (ring(&["old"]), ring(&["new", "old"]), ring(&["new"]));
        let sealed = old.seal(&here(), "x").unwrap();
        assert_eq!(open(&both, &here(), &sealed).as_deref(), Ok("x"));
        assert_eq!(open(&new, &here(), &sealed), Err(Error::UnknownKey("old".to_owned())));
        let renewed = both.renew(&here(), sealed.as_str()).unwrap();
        assert_eq!(open(&new, &here(), &renewed).as_deref(), Ok("x"));
        let body = |sealed: &Sealed| Envelope::parse(sealed.as_str()).unwrap().data;
        assert_eq!(body(&sealed), body(&renewed), "what is inside is not touched");
    }

    #[test]
    fn a_value_in_clear_does_not_open_and_is_sealed_by_rotation() {
        let ring = ring(&["a"]);
        assert_eq!(open(&ring, &here(), &Sealed::of_row("https://x.test".to_owned())), Err(Error::Clear));
        let sealed = ring.renew(&here(), "https://x.test").unwrap();
        assert_eq!(open(&ring, &here(), &sealed).as_deref(), Ok("https://x.test"));
    }

    #[test]
    fn without_keys_there_is_the_one_that_everybody_knows() {
        let ring = Sealer::new(&Sealing::default()).unwrap();
        assert!(ring.is_for_development());
        assert!(ring.seal(&here(), "x").unwrap().as_str().starts_with("sealed.v1.development."));
    }

    proptest! {
        #[test]
        fn an_altered_seal_never_opens(text in ".{0,40}", at in 0_usize..1_000, with in "[A-Za-z0-9_.-]") {
            let ring = ring(&["a"]);
            let sealed = ring.seal(&here(), &text).unwrap();
            let opened = open(&ring, &here(), &sealed);
            prop_assert_eq!(opened.as_deref(), Ok(text.as_str()));
            let mut altered = sealed.as_str().to_owned();
            let at = at % altered.len();
            altered.replace_range(at..=at, &with);
            prop_assume!(altered != sealed.as_str());
            prop_assert!(open(&ring, &here(), &Sealed::of_row(altered)).is_err());
        }

        #[test]
        fn whatever_a_row_holds_opening_it_is_an_error_and_no_panic(text in "(sealed\\.v1\\.a\\.)?[A-Za-z0-9_.-]{0,200}") {
            prop_assert!(open(&ring(&["a"]), &here(), &Sealed::of_row(text)).is_err());
        }
    }
}

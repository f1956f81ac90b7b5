//! Opaque texts: what a client gets from us and gives back unchanged, such as a cursor.
//!
//! An opaque text is authenticated with a key of the database, and bound to a purpose and an agency: one that was made up,
//! altered, or taken from somebody else does not open. It is not encrypted, so nothing secret goes inside.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::ids::AgencyId;

/// Bytes of the authentication code: forging one in 2^64 tries gains a page of one's own list.
const CODE_BYTES: usize = 8;

/// Makes and opens opaque texts.
#[derive(Clone)]
pub struct Opaque {
    key: [u8; 32],
    epoch: i64,
}

impl Opaque {
    /// With the database's key and epoch.
    pub fn new(key: [u8; 32], epoch: i64) -> Self {
        Self { key, epoch }
    }

    /// The number drawn when the database was made.
    pub fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Wraps `payload` for one purpose and one agency.
    pub fn seal(&self, purpose: &str, agency: AgencyId, payload: &[u8]) -> String {
        let mut bytes = self.code(purpose, agency, payload).to_vec();
        bytes.extend_from_slice(payload);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The payload of a text that was made by [`Opaque::seal`] for the same purpose and agency; else `None`.
    pub fn open(&self, purpose: &str, agency: AgencyId, text: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (code, payload) = bytes.split_at_checked(CODE_BYTES)?;
        bool::from(self.code(purpose, agency, payload).ct_eq(code)).then(|| payload.to_vec())
    }

    fn code(&self, purpose: &str, agency: AgencyId, payload: &[u8]) -> [u8; CODE_BYTES] {
        let mut code = [0; CODE_BYTES];
        // HMAC takes a key of any length; the error is there for algorithms that do not.
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.key) {
            mac.update(&self.epoch.to_be_bytes());
            mac.update(agency.0.as_bytes());
            mac.update(purpose.as_bytes());
            mac.update(&[0]);
            mac.update(payload);
            code.copy_from_slice(mac.finalize().into_bytes().split_at(CODE_BYTES).0);
        }
        code
    }
}

impl std::fmt::Debug for Opaque {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opaque")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agency(n: u128) -> AgencyId {
        uuid::Uuid::from_u128(n).into()
    }

    #[test]
    fn what_was_sealed_opens_for_the_same_agency_and_purpose_alone() {
        let opaque = Opaque::new([7; 32], 1);
        let text = opaque.seal("cases", agency(1), b"payload");
        assert_eq!(opaque.open("cases", agency(1), &text).as_deref(), Some(&b"payload"[..]));
        assert_eq!(opaque.open("cases", agency(2), &text), None);
        assert_eq!(opaque.open("events", agency(1), &text), None);
        assert_eq!(Opaque::new([7; 32], 2).open("cases", agency(1), &text), None);
        assert_eq!(Opaque::new([8; 32], 1).open("cases", agency(1), &text), None);
    }

    #[test]
    fn an_altered_text_does_not_open() {
        let opaque = Opaque::new([7; 32], 1);
        let text = opaque.seal("cases", agency(1), b"payload");
        for (at, _) in text.char_indices() {
            let mut altered = text.clone();
            altered.replace_range(at..=at, if &text[at..=at] == "A" { "B" } else { "A" });
            assert_eq!(opaque.open("cases", agency(1), &altered), None, "position {at}");
        }
        assert_eq!(opaque.open("cases", agency(1), ""), None);
    }
}

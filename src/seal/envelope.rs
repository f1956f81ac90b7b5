//! The form of a sealed value, and the two seals in it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretBox, SecretString};

use super::Error;

/// How a sealed value begins. Nothing that we keep in clear does.
pub(super) const MARK: &str = "sealed.";
const VERSION: &str = "v1";
const NONCE: usize = 12;
const TAG: usize = 16;
const KEY: usize = 32;

/// A sealed value taken apart.
pub(super) struct Envelope {
    /// Which key of the settings holds the outer seal.
    pub(super) key_id: String,
    /// The value's own key: nonce, ciphertext, tag.
    pub(super) wrapped: Vec<u8>,
    /// The value: nonce, ciphertext, tag.
    pub(super) data: Vec<u8>,
}

/// How all values begin that a key has sealed.
pub(super) fn prefix(key_id: &str) -> String {
    format!("{MARK}{VERSION}.{key_id}.")
}

impl Envelope {
    pub(super) fn to_text(&self) -> String {
        let mut text = prefix(&self.key_id);
        URL_SAFE_NO_PAD.encode_string([&self.wrapped[..], &self.data[..]].concat(), &mut text);
        text
    }

    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let rest = text.strip_prefix(MARK).ok_or(Error::Clear)?;
        let mut parts = rest.splitn(3, '.');
        let (Some(VERSION), Some(key_id), Some(data)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Error::Broken);
        };
        let bytes = URL_SAFE_NO_PAD.decode(data).map_err(|_| Error::Broken)?;
        let (wrapped, data) = bytes.split_at_checked(NONCE + KEY + TAG).ok_or(Error::Broken)?;
        Ok(Self { key_id: key_id.to_owned(), wrapped: wrapped.to_vec(), data: data.to_vec() })
    }
}

/// The key of one value.
pub(super) struct DataKey(SecretBox<[u8; KEY]>);

impl DataKey {
    pub(super) fn draw() -> Result<Self, Error> {
        let mut key = Box::new([0; KEY]);
        aws_lc_rs::rand::fill(&mut *key).map_err(|_| Error::NotSealed)?;
        Ok(Self(SecretBox::new(key)))
    }

    pub(super) fn wrap(&self, under: &RandomizedNonceKey, bound: &[u8]) -> Result<Vec<u8>, Error> {
        close(under, bound, self.0.expose_secret().to_vec())
    }

    pub(super) fn unwrap(under: &RandomizedNonceKey, bound: &[u8], wrapped: &[u8]) -> Result<Self, Error> {
        let key: [u8; KEY] = undo(under, bound, wrapped)?.try_into().map_err(|_| Error::Broken)?;
        Ok(Self(SecretBox::new(Box::new(key))))
    }

    pub(super) fn seal(&self, bound: &[u8], text: &str) -> Result<Vec<u8>, Error> {
        close(&self.key()?, bound, text.as_bytes().to_vec())
    }

    pub(super) fn open(&self, bound: &[u8], data: &[u8]) -> Result<SecretString, Error> {
        let text = String::from_utf8(undo(&self.key()?, bound, data)?).map_err(|_| Error::Broken)?;
        Ok(SecretString::from(text))
    }

    fn key(&self) -> Result<RandomizedNonceKey, Error> {
        RandomizedNonceKey::new(&AES_256_GCM, self.0.expose_secret()).map_err(|_| Error::NotSealed)
    }
}

fn close(key: &RandomizedNonceKey, bound: &[u8], mut bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    let nonce = key.seal_in_place_append_tag(Aad::from(bound), &mut bytes).map_err(|_| Error::NotSealed)?;
    Ok([&nonce.as_ref()[..], &bytes[..]].concat())
}

fn undo(key: &RandomizedNonceKey, bound: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
    let (nonce, rest) = sealed.split_at_checked(NONCE).ok_or(Error::Broken)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::Broken)?;
    let mut bytes = rest.to_vec();
    let length = key.open_in_place(nonce, Aad::from(bound), &mut bytes).map_err(|_| Error::Broken)?.len();
    bytes.truncate(length);
    Ok(bytes)
}

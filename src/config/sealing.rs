//! The keys under which secrets and personal data lie in the database.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretSlice;

use super::reader::{Read, Reader};
use super::sources::Origin;
use super::values::{Parsed, Raw, line, list, refuse};
use super::{Agency, Environment};

/// `[seal]`
#[derive(Clone, Debug, Default)]
pub struct Sealing {
    /// `RECERT_SEAL_KEYS`, or a line each in the file that `RECERT_SEAL_KEYS_FILE` names: `ID:KEY`, the newest first. The
    /// first one seals, all of them open. Empty only where no agency works with Truv's production data; a key that
    /// everybody knows is then used.
    pub keys: Vec<SealKey>,
}

/// One key with its name.
#[derive(Clone, Debug)]
pub struct SealKey {
    /// 1 to 32 of `a-z 0-9 -`. Stored in clear with everything that the key has sealed.
    pub id: String,
    /// 32 bytes.
    pub key: SecretSlice<u8>,
}

/// Names of keys that everybody can know.
const KNOWN: [&str; 2] = ["development", "demo"];
const CURE: &str = "make one with `recert keys new`, and set RECERT_SEAL_KEYS or the file RECERT_SEAL_KEYS_FILE";

/// Reads the keys, and demands some where production data is at stake.
pub(super) fn sealing(reader: &mut Reader<'_>, agencies: &[Agency]) -> Sealing {
    let own = reader.hidden("seal.keys", &["RECERT_SEAL_KEYS"], keys);
    let file = reader.open("seal.keys_file", &["RECERT_SEAL_KEYS_FILE"], line);
    let (keys, origin) = match (own, file) {
        (Read::Given(..), Read::Given(_, origin)) => {
            let what = "stands beside seal.keys, so that it is not clear which keys are meant";
            reader.report("seal.keys_file", origin, what, "keep one of the two");
            return Sealing::default();
        }
        (Read::Given(keys, origin), _) => (keys, origin),
        (_, Read::Given(path, origin)) => (of_file(reader, &path, &origin), origin),
        (Read::Refused, _) | (_, Read::Refused) => return Sealing::default(),
        (Read::Absent(_), Read::Absent(_)) => (Vec::new(), Origin::Default),
    };
    if let Some(agency) = agencies.iter().find(|agency| agency.environment == Environment::Prod) {
        let slug = &agency.slug;
        if keys.is_empty() && origin == Origin::Default {
            let what = format!("is missing, and agency {slug} works with Truv's production data");
            reader.report("seal.keys", Origin::Default, what, CURE);
        } else if let Some(known) = keys.iter().find(|key| KNOWN.contains(&key.id.as_str())) {
            let what =
                format!("holds the key {} of a demonstration, and agency {slug} works with production data", known.id);
            reader.report("seal.keys", origin, what, CURE);
        }
    }
    Sealing { keys }
}

fn of_file(reader: &mut Reader<'_>, path: &str, origin: &Origin) -> Vec<SealKey> {
    let text = match reader.text_of(Path::new(path)) {
        Ok(text) => text,
        Err(error) => {
            let cure = "name a readable file that holds a line ID:KEY for each key";
            reader.report("seal.keys_file", origin.clone(), format!("names a file that cannot be read: {error}"), cure);
            return Vec::new();
        }
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    match keys(&Raw::Many(lines.map(str::to_owned).collect())) {
        Ok(keys) => keys,
        Err(refusal) => {
            let what = format!("names a file that {}", refusal.what);
            reader.report("seal.keys_file", origin.clone(), what, refusal.cure);
            Vec::new()
        }
    }
}

/// Keys, the newest first.
fn keys(raw: &Raw) -> Parsed<Vec<SealKey>> {
    const FORM: &str = "write ID:KEY, the newest first, each as `recert keys new` prints it";
    let mut keys: Vec<SealKey> = Vec::new();
    for text in list(raw)? {
        let Some((id, key)) = text.split_once(':') else { return refuse("holds a key without a name", FORM) };
        let good = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !(1..=32).contains(&id.len()) || !id.bytes().all(good) {
            return refuse("holds a key whose name is not 1 to 32 of a-z, 0-9 and -", FORM);
        }
        let bytes = STANDARD.decode(key.trim()).ok().filter(|bytes| bytes.len() == 32);
        let Some(bytes) = bytes else { return refuse("holds a key that is not 32 bytes in base64", FORM) };
        if keys.iter().any(|earlier| earlier.id == id) {
            return refuse("holds two keys of the same name", "give each key its own name, and never use one again");
        }
        keys.push(SealKey { id: id.to_owned(), key: bytes.into() });
    }
    if keys.is_empty() { refuse("holds no key", FORM) } else { Ok(keys) }
}

//! Settings of the notices to an agency's own system.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use url::Url;

use super::reader::{Read, Reader};
use super::values;

/// `[agencies.notices]`: where an agency's notices go. Set in the file only; absent, they wait.
#[derive(Clone, Debug)]
pub struct Notices {
    /// https, or http on loopback.
    pub url: Url,
    /// `whsec_` and the base64 of 24 to 64 bytes, the newest first; every one of them signs. One or two.
    pub secrets: Vec<SecretString>,
}

/// The shortest key in bytes, and the longest, as the Standard Webhooks scheme has them.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The key behind a secret of the scheme; `None` for any other text.
pub fn signing_key(secret: &str) -> Option<Vec<u8>> {
    STANDARD.decode(secret.strip_prefix("whsec_")?).ok().filter(|key| BYTES.contains(&key.len()))
}

/// One agency's endpoint.
pub(super) fn of_agency(r: &mut Reader<'_>, index: usize) -> Option<Notices> {
    let key = |field: &str| format!("agencies[{index}].notices.{field}");
    let url = r.hidden(&key("url"), &[], values::web_address);
    let secrets = r.hidden(&key("secrets"), &[], values::signing_secrets);
    match (url, secrets) {
        (Read::Given(url, _), Read::Given(secrets, _)) => Some(Notices { url, secrets }),
        (Read::Given(_, origin), Read::Absent(_)) => {
            let what = "is missing, so that nobody could tell a notice of ours from another one";
            r.report(&key("secrets"), origin, what, "make one with: echo whsec_$(openssl rand -base64 32)");
            None
        }
        (Read::Absent(_), Read::Given(_, origin)) => {
            r.report(&key("url"), origin, "is missing", "name the endpoint, or remove the secrets");
            None
        }
        _ => None,
    }
}

//! What must not be where an agency works with production data.

use super::reader::Reader;
use super::sources::Origin;
use super::{Agency, Auth, Environment, Graphql, Truv};

/// Reports what would endanger production data, each with the cure.
pub(super) fn check(reader: &mut Reader<'_>, agencies: &[Agency], truv: &Truv, auth: &Auth, graphql: &Graphql) {
    let Some(agency) = agencies.iter().find(|agency| agency.environment == Environment::Prod) else { return };
    let slug = &agency.slug;
    let mut refuse = |setting: &str, what: &str, cure: &str| {
        let origin = reader.origin(setting).unwrap_or(Origin::Default);
        reader.report(setting, origin, format!("{what}, and agency {slug} works with production data"), cure);
    };
    if auth.hmac_secret.is_some() {
        let cure = "set RECERT_AUTH_JWKS to your issuer's key set, and remove the secret";
        refuse("auth.hmac_secret", "lets whoever knows one secret make any token", cure);
    }
    if truv.url.scheme() != "https" {
        refuse("truv.url", "is plain http", "use Truv's https:// address");
    }
    if graphql.explorer {
        refuse("graphql.explorer", "serves an explorer to everybody", "remove it; use one of your own with a token");
    }
}

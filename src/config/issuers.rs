//! Issuers beside the first one.

use super::reader::{Read, Reader};
use super::sources::Origin;
use super::values::{self, Parsed, Raw, list, refuse};
use super::{Issuer, TokenAlgorithm};

/// Reads `[[auth.issuers]]`. `first` is the issuer of `[auth]` itself, `audience` what its tokens are for.
pub(super) fn issuers(reader: &mut Reader<'_>, first: &str, audience: &str, has_secret: bool) -> Vec<Issuer> {
    let mut issuers: Vec<Issuer> = Vec::new();
    for index in 0..reader.tables("auth.issuers") {
        let key = |field: &str| format!("auth.issuers[{index}].{field}");
        let issuer = reader.open(&key("issuer"), &[], values::line);
        let jwks = reader.hidden(&key("jwks"), &[], values::key_set);
        let audience = reader.open(&key("audience"), &[], values::line).or(audience.to_owned());
        let typ = reader.open(&key("typ"), &[], values::line).ok();
        let algorithms = reader.open(&key("algorithms"), &[], algorithms).or(TokenAlgorithm::ALL.to_vec());
        let (Read::Given(issuer, origin), Read::Given(jwks, _)) = (issuer, jwks) else {
            reader.report(
                &key("issuer"),
                Origin::Default,
                "has not both an issuer and a jwks",
                "set both in its table",
            );
            continue;
        };
        if issuer == first || issuers.iter().any(|earlier| earlier.issuer == issuer) {
            reader.report(&key("issuer"), origin.clone(), "is the name of an earlier issuer", "give each its own");
        }
        if has_secret {
            let what = "stands beside auth.hmac_secret, so that anyone who knows the secret could make tokens, too";
            reader.report(&key("issuer"), origin, what, "remove auth.hmac_secret; real issuers have key sets");
        }
        issuers.push(Issuer { issuer, audience, jwks, typ, algorithms });
    }
    issuers
}

/// Algorithms, by their names in tokens.
pub(super) fn algorithms(raw: &Raw) -> Parsed<Vec<TokenAlgorithm>> {
    let parse = |name: &String| TokenAlgorithm::ALL.into_iter().find(|known| known.as_str() == name);
    let found: Option<Vec<TokenAlgorithm>> = list(raw)?.iter().map(parse).collect();
    match found {
        Some(found) if !found.is_empty() => Ok(found),
        _ => refuse("names an algorithm that is not taken", "write one or more of RS256, ES256 and EdDSA"),
    }
}

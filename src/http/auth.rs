//! From a request's `Authorization` header to a [`Caller`]. Neither the URL nor a cookie is looked at.

use axum::http::{HeaderMap, header};

use crate::caller::Caller;
use crate::http::ports::{Directory, ResolveError};
use crate::http::refusal::Refusal;
use crate::http::token::Verifier;

/// The token of the one `Authorization: Bearer …` header; `None` when there is no such header at all.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<Result<&str, Refusal>> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let first = values.next()?;
    if values.next().is_some() {
        return Some(Err(Refusal::unauthenticated()));
    }
    Some(first.to_str().ok().and_then(token_of).ok_or_else(Refusal::unauthenticated))
}

/// The token in `Bearer …`. The scheme's case does not matter (RFC 9110, 11.1).
pub(crate) fn token_of(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// The caller behind a token. A bad token and an unknown agency are refused in the same words.
pub(crate) async fn resolve(verifier: &Verifier, directory: &dyn Directory, token: &str) -> Result<Caller, Refusal> {
    let claims = verifier.verify(token).await.map_err(|_| Refusal::unauthenticated())?;
    directory.resolve(claims).await.map_err(|error| match error {
        ResolveError::UnknownAgency => Refusal::unauthenticated(),
        ResolveError::Unavailable => Refusal::unavailable("the directory cannot be read now"),
    })
}

//! From a request's `Authorization` header to a [`Caller`]. Neither the URL nor a cookie is looked at. Whoever stays longer than
//! one answer is looked at again when tokens are revoked.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use tokio::sync::watch;

use crate::caller::Caller;
use crate::http::ports::{Directory, ResolveError};
use crate::http::refusal::Refusal;
use crate::http::token::{Claims, Verifier};

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

/// Somebody who has shown a token that counts.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) caller: Caller,
    /// What the token says.
    pub(crate) claims: Claims,
}

/// The caller behind a token. A bad token, a revoked one and an unknown agency are refused in the same words.
pub(crate) async fn resolve(verifier: &Verifier, directory: &dyn Directory, token: &str) -> Result<SignedIn, Refusal> {
    let claims = verifier.verify(token).await.map_err(|_| Refusal::unauthenticated())?;
    let caller = look_up(directory, claims.clone()).await?;
    Ok(SignedIn { caller, claims })
}

async fn look_up(directory: &dyn Directory, claims: Claims) -> Result<Caller, Refusal> {
    directory.resolve(claims).await.map_err(|error| match error {
        ResolveError::UnknownAgency | ResolveError::Revoked => Refusal::unauthenticated(),
        ResolveError::Unavailable => Refusal::unavailable("the directory cannot be read now"),
    })
}

/// Looks at somebody again after tokens were revoked: what runs for them hears of scopes that were withdrawn.
///
/// # Errors
/// UNAUTHENTICATED when the token has been revoked.
pub(crate) async fn look_again(
    directory: &dyn Directory,
    claims: &Claims,
    newest: &watch::Sender<Arc<Caller>>,
) -> Result<(), Refusal> {
    let held = Arc::clone(&newest.borrow());
    let left = directory.scopes(held.agency, claims).ok_or_else(Refusal::unauthenticated)?;
    // Nearly everybody: nothing is looked up for them.
    if left == held.scopes {
        return Ok(());
    }
    newest.send_replace(Arc::new(look_up(directory, claims.clone()).await?));
    Ok(())
}

//! Revoked tokens, for administrators.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use futures_util::future::BoxFuture;

use super::error::ApiError;
use super::ids;
use super::page::{Connection, Listed, PageArgs};
use super::scalars::DateTime;
use super::user_errors::{InvalidInputError, RevokeTokensError};
use super::view::View;
use crate::caller::Scope;
use crate::ids::RevocationId;
use crate::page::Page;
use crate::revocations::{self, NewRevocation, Revocation, RevokeError, Whose};

const PURPOSE: &str = "revocations";

/// Tokens that no longer count, or have lost scopes.
#[derive(Clone, Debug, SimpleObject)]
pub(crate) struct TokenRevocation {
    /// Names it; no `node`.
    id: async_graphql::ID,
    /// The `sub` of the tokens; null where one token is meant.
    subject: Option<String>,
    /// The `jti` of the token; null where a subject's tokens are meant.
    token_id: Option<String>,
    /// Up to when a subject's tokens were issued that are meant; null where one token is meant.
    issued_before: Option<DateTime>,
    /// The scopes that are withdrawn; null when the tokens do not count at all.
    scopes: Option<Vec<String>>,
    /// Until when it counts: by then the tokens have ended by themselves.
    expires_at: DateTime,
    /// The `sub` of whoever asked for it, or `system:command-line`.
    revoked_by: String,
    /// Why.
    reason: String,
    /// When.
    created_at: DateTime,
}

impl From<Revocation> for TokenRevocation {
    fn from(revocation: Revocation) -> Self {
        let (subject, token_id, issued_before) = match revocation.whose {
            Whose::Token(id) => (None, Some(id), None),
            Whose::Subject(subject, moment) => (Some(subject), None, Some(DateTime(moment))),
        };
        let words = |scopes: Vec<Scope>| scopes.into_iter().map(|scope| scope.as_str().to_owned()).collect();
        Self {
            id: ids::seal(&revocation.id),
            subject,
            token_id,
            issued_before,
            scopes: revocation.scopes.map(words),
            expires_at: DateTime(revocation.expires_at),
            revoked_by: revocation.revoked_by,
            reason: revocation.reason,
            created_at: DateTime(revocation.created_at),
        }
    }
}

impl Listed for TokenRevocation {
    const CONNECTION: &'static str = "TokenRevocationConnection";
    const EDGE: &'static str = "TokenRevocationEdge";
}

#[derive(Default)]
pub(crate) struct RevocationQuery;

#[Object]
impl RevocationQuery {
    /// The agency's revoked tokens, oldest first, with who revoked them and why: also those that have ended by
    /// themselves since, for some 400 days. Needs `audit:read`, and no limit to a caseload.
    async fn token_revocations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Number of items from the start, 1 to 100. Default 25.")] first: Option<i32>,
        #[graphql(desc = "Only items after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of items from the end, 1 to 100. Not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only items before this cursor.")] before: Option<String>,
    ) -> Result<Connection<TokenRevocation>, ApiError> {
        let view = ctx.data_unchecked::<View>().clone();
        view.oversees()?;
        let (kit, agency) = (view.kit().clone(), view.caller().agency);
        let open = |cursor: &str| {
            let id = kit.opaque.open(PURPOSE, agency, cursor)?;
            Some(RevocationId(uuid::Uuid::from_slice(&id).ok()?))
        };
        let window = PageArgs { first, after, last, before }.window(open)?;
        let page = revocations::page(&kit.db, agency, &window).await?;
        let seal = |id: RevocationId| kit.opaque.seal(PURPOSE, agency, id.0.as_bytes());
        let page = Page {
            items: page.items.into_iter().map(|revocation| (seal(revocation.id), revocation.into())).collect(),
            has_more: page.has_more,
        };
        let count = move || -> BoxFuture<'static, _> {
            let view = view.clone();
            Box::pin(async move { Ok(revocations::count(&view.kit().db, agency).await?) })
        };
        Ok(Connection::new(page, &window, Box::new(count)))
    }
}

/// Whose tokens, and why.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct RevokeTokensInput {
    /// The tokens with this `sub`. Either this or `tokenId`.
    subject: Option<String>,
    /// The token with this `jti`. Either this or `subject`.
    token_id: Option<String>,
    /// Beside `subject`: only tokens issued up to here; absent means up to now, so that the next sign-in counts again. A
    /// moment in the future keeps the subject out until then.
    issued_before: Option<DateTime>,
    /// Withdraw only these scopes; absent means the whole token.
    scopes: Option<Vec<String>>,
    /// When every token concerned has ended by itself; absent means in 31 days. At most 366 days from now.
    expires_at: Option<DateTime>,
    /// Why: kept with who did it and when. 1 to 500 characters, no personal data.
    reason: String,
}

/// What became of it.
#[derive(SimpleObject)]
pub(crate) struct RevokeTokensPayload {
    /// What is stored; null when nothing was.
    revocation: Option<TokenRevocation>,
    /// Why nothing changed; empty when it did.
    user_errors: Vec<RevokeTokensError>,
}

#[derive(Default)]
pub(crate) struct RevokeMutation;

#[Object]
impl RevokeMutation {
    /// Ends tokens before their time, or takes scopes from them, in the caller's agency. Counts on every replica within five
    /// seconds: for requests, and for sockets and streams that are open. Needs `admin`.
    async fn revoke_tokens(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose tokens, and why.")] input: RevokeTokensInput,
    ) -> Result<RevokeTokensPayload, ApiError> {
        let view = ctx.data_unchecked::<View>().renewed();
        view.require(Scope::Admin)?;
        let refused =
            |error: InvalidInputError| Ok(RevokeTokensPayload { revocation: None, user_errors: vec![error.into()] });
        let Ok(scopes) = input.scopes.as_deref().map(parse).transpose() else {
            return refused(InvalidInputError::of("One of these is no scope of this gateway.", &["scopes"]));
        };
        let new = NewRevocation {
            token_id: input.token_id,
            subject: input.subject,
            issued_before: input.issued_before.map(|at| at.0),
            scopes,
            expires_at: input.expires_at.map(|at| at.0),
            reason: input.reason,
        };
        let path = match revocations::revoke(view.kit(), view.caller(), new).await {
            Ok(revocation) => {
                return Ok(RevokeTokensPayload { revocation: Some(revocation.into()), user_errors: Vec::new() });
            }
            Err(RevokeError::Forbidden(missing)) => return Err(missing.into()),
            Err(RevokeError::Storage(error)) => return Err(error.into()),
            Err(error @ RevokeError::Reason) => (error, "reason"),
            Err(error @ RevokeError::Whose) => (error, "subject"),
            Err(error @ RevokeError::Scopes) => (error, "scopes"),
            Err(error @ RevokeError::IssuedBefore) => (error, "issuedBefore"),
            Err(error @ RevokeError::ExpiresAt) => (error, "expiresAt"),
        };
        let (error, argument) = path;
        refused(InvalidInputError::of(&sentence(&error), &[argument]))
    }
}

fn parse(words: &[String]) -> Result<Vec<Scope>, ()> {
    words.iter().map(|word| Scope::parse(word).ok_or(())).collect()
}

/// The error as a sentence for people.
fn sentence(error: &RevokeError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}

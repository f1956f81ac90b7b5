//! Who issues tokens, and what is asked of them.

use std::time::Duration;

use secrecy::SecretString;

/// `[auth]`
#[derive(Clone, Debug)]
pub struct Auth {
    /// `RECERT_AUTH_ISSUER`: what `iss` must be. Default `recert-dev` (with `hmac_secret`).
    pub issuer: String,
    /// `RECERT_AUTH_AUDIENCE`: what `aud` must hold. Default `recert`.
    pub audience: String,
    /// `RECERT_AUTH_JWKS`: a file's path or an `https://` address with the issuer's public keys (RS256, ES256, `EdDSA`).
    pub jwks: Option<String>,
    /// `RECERT_AUTH_HMAC_SECRET`: at least 32 bytes; HS256, for development only. Refused together with `jwks`.
    pub hmac_secret: Option<SecretString>,
    /// `RECERT_AUTH_TYP`: what the token's `typ` must be (`at+jwt`, say); not looked at when unset. Default unset.
    pub typ: Option<String>,
    /// `RECERT_AUTH_ALGORITHMS`: the algorithms that the issuer signs with. Default `RS256`, `ES256` and `EdDSA`.
    pub algorithms: Vec<TokenAlgorithm>,
    /// `RECERT_AUTH_MAX_LIFETIME`: seconds between a token's issue and its end, at most. Default a day; a month with
    /// `hmac_secret`.
    pub max_lifetime: Option<Duration>,
    /// `[[auth.issuers]]`: issuers beside the one above. Set in the file only.
    pub issuers: Vec<Issuer>,
    /// `RECERT_AUTH_LEEWAY`: seconds of clock difference allowed. Default 30.
    pub leeway: Duration,
    /// `RECERT_AUTH_EXPIRY_NOTICE`: seconds before its token's `exp` at which an open stream is told. Default 60.
    pub expiry_notice: Duration,
}

/// An issuer beside the first one. Its tokens are checked against its own keys alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// What `iss` must be.
    pub issuer: String,
    /// What `aud` must hold. Default that of `[auth]`.
    pub audience: String,
    /// A file's path or an `https://` address with its public keys.
    pub jwks: String,
    /// What the token's `typ` must be; not looked at when unset.
    pub typ: Option<String>,
    /// The algorithms that it signs with. Default all three.
    pub algorithms: Vec<TokenAlgorithm>,
}

/// A way of signing that tokens of an issuer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAlgorithm {
    /// RSA, PKCS #1 v1.5, SHA-256.
    Rs256,
    /// ECDSA on P-256, SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl TokenAlgorithm {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// Its name in tokens (RFC 7518).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            issuer: "recert-dev".to_owned(),
            audience: "recert".to_owned(),
            jwks: None,
            hmac_secret: None,
            typ: None,
            algorithms: TokenAlgorithm::ALL.to_vec(),
            max_lifetime: None,
            issuers: Vec::new(),
            leeway: Duration::from_secs(30),
            expiry_notice: Duration::from_mins(1),
        }
    }
}

//! Web origins that browsers may call from: compared by scheme, host and port, never by a part of the text.

use axum::http::HeaderValue;

/// The allow-list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origins(Vec<String>);

/// An entry of the allow-list that is not one origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("RECERT_CORS_ORIGINS: {0:?} is not an origin such as https://portal.example.gov")]
pub struct OriginError(String);

impl Origins {
    /// Reads the setting. `*` and `null` are not origins.
    pub(crate) fn parse(texts: &[String]) -> Result<Self, OriginError> {
        texts
            .iter()
            .map(|text| normal(text).ok_or_else(|| OriginError(text.clone())))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether the value of an `Origin` header is on the list.
    pub(crate) fn admit(&self, origin: &HeaderValue) -> bool {
        origin.to_str().ok().and_then(normal).is_some_and(|origin| self.0.contains(&origin))
    }
}

/// Whether the origin is the very address that was asked, as of a page served from here.
pub(crate) fn is_own(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let (Ok(origin), Some(Ok(host))) = (origin.to_str(), host.map(HeaderValue::to_str)) else { return false };
    ["http", "https"].iter().any(|scheme| normal(&format!("{scheme}://{host}")).as_deref() == Some(origin))
}

/// Scheme, host and port as browsers write them; `None` for what has a path, a user or no host.
fn normal(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let web = matches!(url.scheme(), "http" | "https") && url.password().is_none() && !text.ends_with('/');
    (bare && web).then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://portal.example.gov", true)]
    #[case("https://portal.example.gov:443", true)]
    #[case("http://portal.example.gov", false)]
    #[case("https://portal.example.gov:8443", false)]
    #[case("https://portal.example.gov.evil.test", false)]
    #[case("https://evil.test#portal.example.gov", false)]
    #[case("null", false)]
    fn only_the_same_scheme_host_and_port_are_admitted(#[case] origin: &str, #[case] admitted: bool) {
        let origins = Origins::parse(&["https://portal.example.gov".to_owned()]).unwrap();
        assert_eq!(origins.admit(&HeaderValue::from_str(origin).unwrap()), admitted);
    }

    #[rstest]
    #[case("http://127.0.0.1:8080", "127.0.0.1:8080", true)]
    #[case("https://gateway.example", "gateway.example", true)]
    #[case("http://127.0.0.1:8081", "127.0.0.1:8080", false)]
    #[case("http://evil.test", "127.0.0.1:8080", false)]
    #[case("null", "null", false)]
    fn a_pages_own_server_is_the_one_it_asks(#[case] origin: &str, #[case] host: &str, #[case] own: bool) {
        let [origin, host] = [origin, host].map(|text| HeaderValue::from_str(text).unwrap());
        assert_eq!(is_own(&origin, Some(&host)), own);
        assert!(!is_own(&origin, None));
    }

    #[rstest]
    #[case("*")]
    #[case("null")]
    #[case("https://portal.example.gov/app")]
    fn a_wildcard_or_a_path_is_not_an_origin(#[case] text: &str) {
        assert!(Origins::parse(&[text.to_owned()]).is_err());
    }
}

//! Where each thing lives upstream. Every path ends with a slash: without it a read is redirected and a `POST` is lost.

use url::Url;

use crate::truv::Error;

pub(super) const ORDERS: &str = "v1/orders/";
/// Reads an order; a `POST` to the same path is a refresh. (Other pages name `…/refresh/`; the reference names this one.)
pub(super) const ORDER: &str = "v1/orders/{}/";
pub(super) const ORDER_CANCEL: &str = "v1/orders/{}/cancel/";
pub(super) const ORDER_INVOICE: &str = "v1/orders/{}/invoice/";
pub(super) const TASK: &str = "v1/tasks/{}/";
pub(super) const LINKS: &str = "v1/links/";
pub(super) const LINK: &str = "v1/links/{}/";
pub(super) const LINK_INCOME_REPORT: &str = "v1/links/{}/income/report/";
pub(super) const USER_TOKENS: &str = "v1/users/{}/tokens/";
pub(super) const USER_REPORTS: &str = "v1/users/{}/reports/";
pub(super) const USER_REPORT: &str = "v1/users/{}/reports/{}/";
pub(super) const WEBHOOKS: &str = "v1/webhooks/";
pub(super) const WEBHOOK: &str = "v1/webhooks/{}/";
pub(super) const WEBHOOK_REQUESTS: &str = "v1/webhook-requests/";

/// The address of a path, its `{}` filled with ids, percent-encoded.
///
/// # Errors
/// [`Error::NotFound`] for an id that is empty or a dot segment: such a path would be another one (a refresh of the order
/// `..` would create an order).
pub(super) fn address(base: &Url, path: &str, ids: &[&str]) -> Result<Url, Error> {
    if ids.iter().any(|id| matches!(*id, "" | "." | "..")) {
        return Err(Error::NotFound);
    }
    let mut ids = ids.iter().copied();
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty();
        segments.extend(path.split('/').map(|segment| match segment {
            "{}" => ids.next().unwrap_or_default(),
            fixed => fixed,
        }));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(base: &str, path: &str, ids: &[&str]) -> String {
        address(&Url::parse(base).unwrap(), path, ids).unwrap().into()
    }

    #[test]
    fn an_address_keeps_the_bases_path_and_ends_with_a_slash() {
        assert_eq!(at("https://t.test", ORDERS, &[]), "https://t.test/v1/orders/");
        assert_eq!(at("https://t.test/proxy", ORDER, &["a1"]), "https://t.test/proxy/v1/orders/a1/");
        assert_eq!(at("https://t.test/proxy/", USER_REPORT, &["u", "r"]), "https://t.test/proxy/v1/users/u/reports/r/");
    }

    #[test]
    fn an_id_cannot_leave_its_segment() {
        assert_eq!(at("https://t.test", ORDER, &["a/../b?c#d e"]), "https://t.test/v1/orders/a%2F..%2Fb%3Fc%23d%20e/");
        assert_eq!(at("https://t.test", ORDER, &["%2e%2e/x"]), "https://t.test/v1/orders/%252e%252e%2Fx/");
        for id in ["", ".", ".."] {
            assert_eq!(address(&Url::parse("https://t.test").unwrap(), ORDER, &[id]), Err(Error::NotFound));
        }
    }
}

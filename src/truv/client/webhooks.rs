//! The registration of webhooks, and the history of what was sent to them.

use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::Method;

use super::{Client, decode, paths};
use crate::truv::{
    Error,
    wire::{HistoryEntry, HistoryPage, HistoryQuery, NewWebhook, Page, Webhook, WebhookPatch},
};

/// What one harmless call tells about the way to Truv.
#[derive(Debug)]
pub struct Sounding {
    /// What time it is there, to the second; `None` when nobody answered or the answer does not say.
    pub date: Option<DateTime<Utc>>,
    /// The registered endpoints, the first hundred of them.
    pub webhooks: Result<Vec<Webhook>, Error>,
}

impl Client {
    /// Tries the way to Truv with one call, which waits for no turn: for a check by hand.
    pub async fn sound(&self) -> Sounding {
        let url = match paths::address(&self.base, paths::WEBHOOKS, &[]) {
            Ok(mut url) => {
                url.query_pairs_mut().append_pair("page_size", super::PAGE_SIZE);
                url
            }
            Err(error) => return Sounding { date: None, webhooks: Err(error) },
        };
        let (date, answer) = self.exchange(Method::GET, url, None).await;
        let webhooks = answer.and_then(|body| decode::<Page<Webhook>>(&body)).map(|page| page.results);
        Sounding { date, webhooks }
    }

    /// Every registered endpoint, of all environments.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        self.list(paths::WEBHOOKS, &[]).await
    }

    /// Registers an endpoint.
    ///
    /// # Errors
    /// [`Error`]; refused when the address is registered already.
    pub async fn register_webhook(&self, webhook: &NewWebhook) -> Result<Webhook, Error> {
        self.post(paths::WEBHOOKS, &[], webhook).await
    }

    /// Changes an endpoint; `enabled: true` resumes one that upstream has switched off. Nothing is sent again then: what
    /// was missed is in the history.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn update_webhook(&self, id: &str, patch: &WebhookPatch) -> Result<Webhook, Error> {
        self.patch(paths::WEBHOOK, &[id], patch).await
    }

    /// One page of what upstream sent to the endpoints.
    ///
    /// # Errors
    /// [`Error`]; also when the answer names a following page that cannot be asked for.
    pub async fn webhook_requests(&self, query: &HistoryQuery) -> Result<HistoryPage, Error> {
        let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let query = [
            ("created_at__gte", query.created_from.map(instant)),
            ("created_at__lte", query.created_to.map(instant)),
            ("event_type", query.event_type.clone()),
            ("status_code", query.status_code.map(|code| code.to_string())),
            ("cursor", query.cursor.clone()),
        ];
        let query: Vec<_> = query.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
        let page: Page<HistoryEntry> = self.get(paths::WEBHOOK_REQUESTS, &[], &query).await?;
        let next_cursor = page.next.as_deref().map(|next| self.cursor(next)).transpose()?;
        Ok(HistoryPage { next_cursor, results: page.results })
    }

    fn cursor(&self, next: &str) -> Result<String, Error> {
        let next = self.next_page(next)?;
        let cursor = next.query_pairs().find(|(name, _)| name == "cursor").map(|(_, value)| value.into_owned());
        cursor.ok_or(Error::Undecodable { reason: "its next page has no cursor" })
    }
}

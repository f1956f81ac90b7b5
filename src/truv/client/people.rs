//! A person's links, reports, and tokens for the widget.

use serde_json::json;

use super::{Client, Fetched, paths};
use crate::truv::{
    Error,
    wire::{BridgeToken, BridgeTokenRequest, Link, LinkReport, UserReport},
};

impl Client {
    /// Reads a link, without its access token.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn link(&self, id: &str) -> Result<Link, Error> {
        self.get(paths::LINK, &[id], &[]).await
    }

    /// All links of a person, with their access tokens, which update mode needs. Use them at once and keep none.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn links_of_user(&self, user_id: &str) -> Result<Vec<Link>, Error> {
        // Without the filter this would list every link of the agency.
        if user_id.is_empty() {
            return Err(Error::NotFound);
        }
        self.list(paths::LINKS, &[("user_id", user_id)]).await
    }

    /// The income report of one connection, which `link_id` of the answer names even if the body does not. Answers [`Error::NotFound`] for some seconds after the task is done.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn link_income_report(&self, link_id: &str) -> Result<Fetched<LinkReport>, Error> {
        let mut report: Fetched<LinkReport> = self.get(paths::LINK_INCOME_REPORT, &[link_id], &[]).await?;
        report.value.link_id.get_or_insert_with(|| link_id.to_owned());
        Ok(report)
    }

    /// Makes a report about a person from all their connections; `is_voe` limits it to employment, without income.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create_user_report(&self, user_id: &str, is_voe: bool) -> Result<Fetched<UserReport>, Error> {
        self.post(paths::USER_REPORTS, &[user_id], &json!({ "is_voe": is_voe })).await
    }

    /// Reads a report about a person. Answers [`Error::NotFound`] for some seconds after it was made.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn user_report(&self, user_id: &str, report_id: &str) -> Result<Fetched<UserReport>, Error> {
        self.get(paths::USER_REPORT, &[user_id, report_id], &[]).await
    }

    /// Makes a token that opens the widget for a person. It lives about six hours.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn create_bridge_token(&self, user_id: &str, request: &BridgeTokenRequest) -> Result<BridgeToken, Error> {
        self.post(paths::USER_TOKENS, &[user_id], request).await
    }
}

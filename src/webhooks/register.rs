//! Makes sure that Truv knows where to send an agency's webhooks, and that the endpoint there is switched on.

use url::Url;

use crate::kit::Account;
use crate::truv::{
    self,
    wire::{NewWebhook, Webhook, WebhookPatch},
};

/// How an agency's endpoint at Truv was found, and what was done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The endpoint was there and switched on.
    Already,
    /// The endpoint was added.
    Added,
    /// The endpoint was there, switched off, and has been switched on again. What was not even sent meanwhile is in no
    /// history.
    SwitchedOn,
    /// The endpoint was there and switched off, and the settings leave it so.
    SwitchedOff,
    /// No endpoint was found, and without a public address none can be added.
    NotFound,
}

impl Registered {
    /// Whether deliveries come now; `None` when that cannot be told.
    pub fn is_enabled(self) -> Option<bool> {
        match self {
            Self::Already | Self::Added | Self::SwitchedOn => Some(true),
            Self::SwitchedOff => Some(false),
            Self::NotFound => None,
        }
    }
}

/// The address that Truv sends an agency's webhooks to.
pub fn address(public_url: &Url, slug: &str) -> Option<Url> {
    let mut base = public_url.clone();
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    base.join(&path(slug)).ok()
}

fn path(slug: &str) -> String {
    format!("webhooks/truv/{slug}")
}

/// Whether Truv sends this account's webhooks of its environment there. Where we do not know our own address, the path
/// tells.
pub fn is_ours(account: &Account, webhook: &Webhook) -> bool {
    let url = webhook.webhook_url.as_deref();
    let is_here = match &account.webhook_address {
        Some(address) => url == Some(address.as_str()),
        None => url.is_some_and(|url| ends_like_ours(&account.slug, url)),
    };
    is_here && webhook.env_type.as_deref().is_none_or(|of| of == account.environment.as_str())
}

/// Whether an address has the agency's path, whatever stands before it.
pub fn ends_like_ours(slug: &str, url: &str) -> bool {
    url.ends_with(&format!("/{}", path(slug)))
}

/// Registers the account's address with Truv, or switches it on again if `switches_on`. Where we do not know our own
/// address, somebody has registered it: it is told by its path.
///
/// # Errors
/// When Truv cannot be asked or refuses.
pub async fn register(account: &Account, switches_on: bool) -> Result<Registered, truv::Error> {
    let environment = account.environment.as_str();
    let known = account.client.webhooks().await?;
    match (known.iter().find(|webhook| is_ours(account, webhook)), &account.webhook_address) {
        (Some(webhook), _) if webhook.enabled == Some(false) => {
            if !switches_on {
                return Ok(Registered::SwitchedOff);
            }
            let patch = WebhookPatch { enabled: Some(true), ..WebhookPatch::default() };
            account.client.update_webhook(&webhook.id, &patch).await?;
            Ok(Registered::SwitchedOn)
        }
        (Some(_), _) => Ok(Registered::Already),
        (None, Some(address)) => {
            let webhook = NewWebhook {
                name: format!("Recert, {}", account.slug),
                webhook_url: address.to_string(),
                env_type: environment.to_owned(),
                events: Vec::new(),
                enabled: true,
            };
            account.client.register_webhook(&webhook).await?;
            Ok(Registered::Added)
        }
        (None, None) => Ok(Registered::NotFound),
    }
}

//! Makes sure that Truv knows where to send an agency's webhooks.

use url::Url;

use crate::kit::Account;
use crate::truv::{
    self,
    wire::{NewWebhook, WebhookPatch},
};

/// What was done about an agency's registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The endpoint was there and switched on.
    Already,
    /// The endpoint was added.
    Added,
    /// The endpoint was there, switched off, and has been switched on again. What was missed is in Truv's history.
    SwitchedOn,
}

/// The address that Truv sends an agency's webhooks to.
pub fn address(public_url: &Url, slug: &str) -> Option<Url> {
    let mut base = public_url.clone();
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    base.join(&format!("webhooks/truv/{slug}")).ok()
}

/// Registers the address with Truv, or switches it on again.
///
/// # Errors
/// When Truv cannot be asked or refuses.
pub async fn register(account: &Account, address: &Url) -> Result<Registered, truv::Error> {
    let environment = account.environment.as_str();
    let known = account.client.webhooks().await?;
    let ours = known.into_iter().find(|webhook| {
        webhook.webhook_url.as_deref() == Some(address.as_str())
            && webhook.env_type.as_deref().is_none_or(|of| of == environment)
    });
    match ours {
        Some(webhook) if webhook.enabled == Some(false) => {
            let patch = WebhookPatch { enabled: Some(true), ..WebhookPatch::default() };
            account.client.update_webhook(&webhook.id, &patch).await?;
            Ok(Registered::SwitchedOn)
        }
        Some(_) => Ok(Registered::Already),
        None => {
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
    }
}

//! What the log of no client may hold: for scanners of logs.

use std::collections::BTreeSet;
use std::sync::Arc;

use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::Service;
use super::api::short_share_url;
use super::payroll::Detail;
use super::state::World;

/// Tells what a simulator has given out that is secret or about a person, for as long as it is held.
#[derive(Clone)]
pub struct Private(pub(super) Arc<Service>);

impl Private {
    /// Access secrets, tokens, links to log in by, addresses, telephone and social security numbers, and pay amounts with
    /// cents from 100 on: shorter words mean nothing in a log.
    pub fn words(&self) -> BTreeSet<String> {
        self.0.lock().private()
    }
}

impl World {
    fn private(&self) -> BTreeSet<String> {
        let mut words = BTreeSet::new();
        let secrets = self.clients.iter().flat_map(|client| &client.secrets);
        words.extend(secrets.map(|(_, secret)| secret.expose_secret().to_owned()));
        words.extend(self.by_access_token.keys().chain(self.bridge_tokens.keys()).map(ToString::to_string));
        for order in self.orders.values() {
            let bearers = order.suborders.iter().map(|suborder| &suborder.id).chain([&order.id]);
            words.extend(bearers.map(|id| self.chance.id("bridge token", id, 0).to_string()));
            words.insert(short_share_url(order));
            words.extend([&order.email, &order.phone].into_iter().flatten().cloned());
        }
        for user in self.users.values() {
            words.extend([&user.email, &user.phone, &user.ssn].into_iter().flatten().cloned());
        }
        for (link, data) in self.links.values().filter_map(|link| Some((link, link.data.clone()?))) {
            let shown = serde_json::to_value(self.employments_view(link, data, Detail::Income)).unwrap_or_default();
            note_amounts(&shown, &mut words);
        }
        words
    }
}

fn note_amounts(shown: &Value, words: &mut BTreeSet<String>) {
    let is_amount = |text: &str| {
        text.split_once('.').is_some_and(|(whole, cents)| {
            let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
            whole.len() > 2 && cents.len() == 2 && is_number(whole) && is_number(cents)
        })
    };
    match shown {
        Value::String(text) if is_amount(text) => {
            words.insert(text.clone());
        }
        Value::Number(number) if is_amount(&number.to_string()) => {
            words.insert(number.to_string());
        }
        Value::Array(items) => items.iter().for_each(|item| note_amounts(item, words)),
        Value::Object(fields) => fields.values().for_each(|field| note_amounts(field, words)),
        _ => {}
    }
}

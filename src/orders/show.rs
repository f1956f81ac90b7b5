//! The order as Truv shows it: the answer to our own call, or a look at it later.

use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;

use super::OrderEmployer;
use super::advance::Open;
use super::status::Told;
use crate::kit::Kit;
use crate::links;
use crate::people;
use crate::seal;
use crate::storage::{Error, Tx};
use crate::truv;
use crate::truv::wire::orders::{Order as Shown, Suborder};
use crate::words::{DataSource, OrderKind, TaskStatus};

impl Open {
    /// Joins what a look at the order shows. Its times are the order's: entries carry none of their own.
    pub(super) async fn show_in_tx(&mut self, kit: &Kit, tx: &Tx, shown: &Shown) -> Result<(), Error> {
        let at = shown.updated_at.or(shown.created_at).unwrap_or_else(|| kit.clock.now());
        let order = &mut self.order;
        order.truv_order_id.get_or_insert_with(|| shown.id.clone());
        order.number = order.number.take().or_else(|| shown.order_number.clone());
        order.expires_at = shown.expired_at.or(order.expires_at);
        order.canceled_at = order.canceled_at.or(shown.canceled_at);
        // A file does not say what came from what. Truv does: only a refresh has an order that it came from.
        if order.sent_at.is_none() && order.kind == OrderKind::Refresh && shown.initial_order.is_none() {
            order.kind = OrderKind::Replacement;
        }
        if let Some(user) = &shown.user_id {
            order.truv_user_id = Some(user.clone());
            people::remember_truv_user_in_tx(tx, order.agency, self.case.case().client, user).await?;
        }
        if order.contact.is_some()
            && let Some(url) = shown.share_url.as_ref().or(shown.short_share_url.as_ref())
        {
            self.keep_link(kit, url.expose_secret())?;
        }
        for suborder in shown.employers.iter().chain(&shown.financial_accounts) {
            self.show_suborder_in_tx(kit, tx, suborder, (at, shown.completed_at.or(shown.created_at))).await?;
        }
        Ok(())
    }

    /// Seals the client's link, unless it is the one that is kept already: sealed anew, it would look like a change.
    fn keep_link(&mut self, kit: &Kit, url: &str) -> Result<(), seal::Error> {
        let place = self.order.share_url_place();
        let kept = self.order.share_url.as_ref().and_then(|kept| kit.sealer.open(&place, kept).ok());
        if kept.is_none_or(|kept| kept.expose_secret() != url) {
            self.order.share_url = Some(kit.sealer.seal(&place, url)?);
        }
        Ok(())
    }

    async fn show_suborder_in_tx(
        &mut self,
        kit: &Kit,
        tx: &Tx,
        shown: &Suborder,
        (at, made_at): (DateTime<Utc>, Option<DateTime<Utc>>),
    ) -> Result<(), Error> {
        let index = match self.match_by_number(shown) {
            Some(index) => index,
            None => self.employer_in_tx(kit, tx, Some(&shown.id), shown.link_id.as_deref()).await?,
        };
        if let Some(employer) = self.employers.get_mut(index) {
            employer.truv_suborder_id = Some(shown.id.clone());
            employer.suborder_number = employer.suborder_number.take().or_else(|| shown.suborder_number.clone());
            employer.company_name = employer.company_name.take().or_else(|| shown.company_name.clone());
        }
        if let Some(word) = shown.data_source.as_deref().filter(|word| DataSource::parse(word) == DataSource::Unknown) {
            truv::unknown_word("data_source", word);
        }
        if let Some(raw_status) = &shown.status {
            self.hear_suborder(index, raw_status, at);
        }
        if let Some(raw_status) = &shown.last_task_status {
            self.hear_told(index, Told { raw_status: raw_status.clone(), at });
            self.end_task(index, raw_status, at);
        }
        if let Some(link) = &shown.link_id {
            let is_done = shown.last_task_status.as_deref().map(TaskStatus::parse) == Some(TaskStatus::Done)
                || shown.status.as_deref() == Some("completed");
            // Nothing was refreshed: whoever connected it has logged in.
            let is_new = self.order.parent.is_none() || self.order.kind == OrderKind::Replacement;
            let login_at = if is_new && is_done {
                self.order.completed_at.or(made_at).or(Some(self.order.created_at))
            } else {
                None
            };
            let sighting = links::Sighting {
                company_name: shown.company_name.clone(),
                company_mapping_id: None,
                provider_id: shown.provider.as_ref().and_then(|provider| provider.id.clone()),
                provider_name: shown.provider.as_ref().and_then(|provider| provider.name.clone()),
                data_source: shown.data_source.clone(),
                connected_at: login_at,
                is_suspicious: shown.is_suspicious,
            };
            let link = self.link_in_tx(kit, tx, index, link, sighting).await?;
            if is_done {
                // The settling of the entry tells it; here it only must not be overlooked.
                let refreshed = links::mark_refreshed_in_tx(tx, link, at, false, kit.clock.now()).await?;
                if refreshed.is_healed {
                    self.healed.insert(link);
                }
                // Of an order that was imported nobody waits for the first data.
                if refreshed.is_healed || (refreshed.is_first_since_login && self.order.sent_at.is_some()) {
                    links::tell_in_tx(kit, tx, self.order.agency, link).await?;
                }
            }
        }
        Ok(())
    }

    /// The order shows how its last task ended, and we know that task only as open: the webhook that told its end was lost.
    /// An ended task may be an earlier one, so it is left as it is.
    fn end_task(&mut self, index: usize, raw_status: &str, at: DateTime<Utc>) {
        let Some(employer) = self.employers.get(index) else { return };
        let of_employer = self.tasks.iter_mut().filter(|task| task.employer == employer.id);
        let Some(task) = of_employer.max_by_key(|task| task.status_at) else { return };
        let is_open = !TaskStatus::parse(&task.raw_status).is_terminal();
        if is_open && TaskStatus::parse(raw_status).is_terminal() && at >= task.status_at {
            raw_status.clone_into(&mut task.raw_status);
            task.status_at = at;
        }
    }

    /// The entry of ours that has no Truv id yet and the same number or, failing that, the same employer.
    fn match_by_number(&self, shown: &Suborder) -> Option<usize> {
        if self.employers.iter().any(|employer| employer.truv_suborder_id.as_deref() == Some(&shown.id)) {
            return None;
        }
        let same = |of: fn(&OrderEmployer) -> Option<&str>, told: Option<&str>| {
            let told = told?;
            self.employers.iter().position(|employer| employer.truv_suborder_id.is_none() && of(employer) == Some(told))
        };
        same(|employer| employer.suborder_number.as_deref(), shown.suborder_number.as_deref())
            .or_else(|| same(|employer| employer.company_name.as_deref(), shown.company_name.as_deref()))
    }
}

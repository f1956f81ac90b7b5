//! A good login: a saved connection lives again, or a new one is made.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::chance::Id;
use super::payroll::{Job, Pay, PayFrequency};
use super::scenarios::Scenario;
use super::state::{Entry, Link, Provider, PublicToken, World};

impl World {
    /// The login was good: the saved connection lives again, or a new one is made.
    pub(crate) fn connect(&mut self, task_id: &Id, at: DateTime<Utc>) {
        let Some(task) = self.tasks.get(task_id) else { return };
        let (order_id, suborder_id) = (task.order_id.clone(), task.suborder_id.clone());
        let (product, tracking_info) = (task.product, task.tracking_info.clone());
        let (owner, entry) = (task.owner, task.entry.clone());
        let link_id = match entry {
            Entry::Saved => return,
            Entry::Again(link) => link,
            Entry::Fresh(old) => self.new_link(task_id, old.as_ref(), at),
        };
        if let Some(link) = self.links.get_mut(&link_id) {
            link.authorised_at = at;
            if link.scenario.cured_by_login() {
                link.scenario = Scenario::Ok;
                link.pulls = 0;
            }
        }
        if let Some(task) = self.tasks.get_mut(task_id) {
            task.link_id = Some(link_id.clone());
        }
        let suborder = order_id
            .as_ref()
            .and_then(|id| self.orders.get_mut(id))
            .zip(suborder_id)
            .and_then(|(order, id)| order.suborder_mut(&id));
        if let Some(suborder) = suborder {
            suborder.link_id = Some(link_id.clone());
        }
        let token = self.chance.id("public token", task_id, 0);
        let expires_at = at + TimeDelta::minutes(i64::from(self.settings.token_minutes));
        self.public_tokens.insert(token, PublicToken { owner, link_id: link_id.clone(), expires_at, used: false });
        self.emit_link(&link_id, "link-connected", product, tracking_info.as_ref(), order_id.as_ref(), at);
    }

    /// A connection made by this task: at the employer of the old one, or at the one the order asked for.
    fn new_link(&mut self, task_id: &Id, old: Option<&Id>, at: DateTime<Utc>) -> Id {
        let id = self.chance.id("link", task_id, 0);
        let Some(task) = self.tasks.get(task_id) else { return id };
        let suborder = task
            .order_id
            .as_ref()
            .and_then(|id| self.orders.get(id))
            .zip(task.suborder_id.as_ref())
            .and_then(|(order, id)| order.suborder(id));
        let old = old.and_then(|id| self.links.get(id));
        let company_name = old
            .map(|link| link.company_name.clone())
            .or_else(|| suborder.and_then(|one| one.asked.company_name.clone()))
            .unwrap_or_else(|| Arc::from("Example Employer"));
        let provider = old.map_or_else(Provider::example, |link| link.provider.clone());
        let company_mapping_id = old.map_or_else(
            || suborder.and_then(|one| one.company_mapping_id.clone()),
            |link| link.company_mapping_id.clone(),
        );
        let jobs = old.map_or_else(
            || {
                let seed = self.chance.below("job", task_id, 0, u64::MAX);
                [Job::example(seed, &company_name, at.date_naive() - TimeDelta::days(400))].into()
            },
            |link| link.jobs.clone(),
        );
        let link = Link {
            id: id.clone(),
            owner: task.owner,
            user_id: task.user_id.clone(),
            access_token: self.chance.id("access token", task_id, 0),
            hash: self.chance.id("link hash", task_id, 0),
            provider,
            company_mapping_id,
            company_name,
            data_source: Arc::from("payroll"),
            product: task.product,
            tracking_info: task.tracking_info.clone(),
            status: task.status,
            suspicious: false,
            created_at: at,
            updated_at: at,
            authorised_at: at,
            deleted_at: None,
            scenario: Scenario::Ok,
            pulls: 0,
            jobs,
            data: None,
            done_at: None,
            attempts: VecDeque::new(),
        };
        self.insert_link(link);
        id
    }
}

impl Provider {
    /// The provider used where none is named.
    pub(crate) fn example() -> Self {
        Self { id: Arc::from("example_payroll"), name: Arc::from("Example Payroll") }
    }
}

impl Job {
    /// A plain job, for connections that were made without parameters.
    pub(crate) fn example(seed: u64, company_name: &str, start_date: NaiveDate) -> Self {
        Self {
            seed,
            company_name: Some(company_name.to_owned()),
            title: Some("Associate".to_owned()),
            job_type: Some("F".to_owned()),
            pay: Pay::Hourly { rate_cents: 1_700 + i64::try_from(seed % 1_500).unwrap_or(0), hours_per_week: 36 },
            pay_frequency: PayFrequency::Biweekly,
            start_date,
            end_date: None,
            pay_changes: Vec::new(),
            off_cycle: Vec::new(),
        }
    }
}

//! Putting a batch in.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::{SeedBatch, SeedEmployer, SeedError, SeedLink, SeedOrder, SeedPerson, Seeded, SeededOrder, SeededPerson};
use crate::simulator::chance::Id;
use crate::simulator::engine::Due;
use crate::simulator::orders::window_end;
use crate::simulator::payroll::{Job, Snapshot};
use crate::simulator::scenarios::{Scenario, TaskState};
use crate::simulator::state::{
    Asked, Link, Order, Owner, Provider, Suborder, SuborderStatus, TimelineEntry, User, World, product,
};

impl World {
    /// Puts a batch in.
    pub(crate) fn seed(&mut self, batch: SeedBatch, now: DateTime<Utc>) -> Result<Seeded, SeedError> {
        let owner = self.seed_owner(batch.client_id.as_deref())?;
        let mut seeded = Seeded::default();
        for person in batch.people {
            seeded.people.push(self.seed_person(owner, person, now)?);
        }
        for webhook in batch.webhooks {
            let endpoint = self
                .register(owner, webhook.name, &webhook.webhook_url, webhook.events, now)
                .map_err(|_| SeedError(format!("the webhook address `{}` cannot be used", webhook.webhook_url)))?;
            seeded.webhooks.push(endpoint.id.to_string());
        }
        Ok(seeded)
    }

    fn seed_owner(&self, client_id: Option<&str>) -> Result<Owner, SeedError> {
        let position = match client_id {
            None => Some(0),
            Some(wanted) => self.clients.iter().position(|client| client.client_id == wanted),
        };
        let found = position.and_then(|client| {
            let (environment, _) = self.clients.get(client)?.secrets.first()?;
            Some(Owner { client, environment: *environment })
        });
        found.ok_or_else(|| SeedError(format!("there is no client `{}`", client_id.unwrap_or_default())))
    }

    fn seed_person(&mut self, owner: Owner, person: SeedPerson, now: DateTime<Utc>) -> Result<SeededPerson, SeedError> {
        let key = format!("{}/{}", owner.client, person.external_user_id);
        let known = self.by_external_id.get(&(owner, person.external_user_id.clone())).cloned();
        let first_seen = person.links.iter().map(|link| link.connected_at).min().unwrap_or(now);
        let user_id = if let Some(id) = known {
            id
        } else {
            let id = person.user_id.map_or_else(|| self.chance.id("seeded user", &key, 0), Id::from);
            if self.users.contains_key(&id) {
                return Err(SeedError(format!("the user id `{id}` is taken")));
            }
            self.insert_user(User {
                id: id.clone(),
                owner,
                external_user_id: Some(person.external_user_id),
                first_name: person.first_name,
                last_name: person.last_name,
                email: person.email,
                phone: person.phone,
                ssn: person.ssn,
                created_at: first_seen,
                updated_at: first_seen,
                deleted: false,
                links: Vec::new(),
                orders: Vec::new(),
            });
            id
        };
        let mut seeded = SeededPerson { user_id: user_id.to_string(), ..SeededPerson::default() };
        for link in person.links {
            seeded.links.push(self.seed_link(owner, &user_id, link)?.to_string());
        }
        for order in person.orders {
            seeded.orders.push(self.seed_order(owner, &user_id, order, &seeded.links)?);
        }
        Ok(seeded)
    }

    fn seed_link(&mut self, owner: Owner, user_id: &Id, link: SeedLink) -> Result<Id, SeedError> {
        let number = u64::try_from(self.users.get(user_id).map_or(0, |user| user.links.len())).unwrap_or(0);
        let id = link.link_id.map_or_else(|| self.chance.id("seeded link", user_id, number), Id::from);
        if self.links.contains_key(&id) {
            return Err(SeedError(format!("the link id `{id}` is taken")));
        }
        let access_token = link.access_token.map_or_else(|| self.chance.id("access token", &id, 0), Id::from);
        let company_name: Arc<str> = Arc::from(link.company_name);
        let jobs: Arc<[Job]> = if link.jobs.is_empty() {
            let seed = self.chance.below("job", &id, 0, u64::MAX);
            Arc::from([Job::example(seed, &company_name, link.connected_at.date_naive() - TimeDelta::days(500))])
        } else {
            let named = |mut job: Job| {
                job.company_name.get_or_insert_with(|| company_name.to_string());
                job
            };
            link.jobs.into_iter().map(named).collect()
        };
        let example = Provider::example();
        let provider = Provider {
            id: link.provider_id.map_or(example.id, Arc::from),
            name: link.provider_name.map_or(example.name, Arc::from),
        };
        let deleted = link.scenario == Scenario::LinkDeleted;
        let data = (!deleted).then(|| Snapshot { jobs: jobs.clone(), as_of: link.connected_at });
        self.insert_link(Link {
            hash: self.chance.id("link hash", &id, 0),
            id: id.clone(),
            owner,
            user_id: user_id.clone(),
            access_token,
            provider,
            company_mapping_id: link.company_mapping_id.map(Id::from),
            company_name,
            data_source: link.data_source.map_or_else(|| Arc::from("payroll"), Arc::from),
            product: "income",
            tracking_info: None,
            status: TaskState::Done,
            suspicious: link.scenario == Scenario::Suspicious,
            created_at: link.connected_at,
            updated_at: link.connected_at,
            authorised_at: link.connected_at,
            deleted_at: deleted.then_some(link.connected_at),
            scenario: link.scenario,
            pulls: 0,
            jobs,
            data,
            done_at: None,
            attempts: VecDeque::new(),
        });
        Ok(id)
    }

    fn seed_order(
        &mut self,
        owner: Owner,
        user_id: &Id,
        order: SeedOrder,
        links: &[String],
    ) -> Result<SeededOrder, SeedError> {
        let Some(user) = self.users.get(user_id) else { return Err(SeedError("unknown person".to_owned())) };
        let number = u64::try_from(user.orders.len()).unwrap_or(0);
        let id = order.order_id.map_or_else(|| self.chance.id("seeded order", user_id, number), Id::from);
        if self.orders.contains_key(&id) {
            return Err(SeedError(format!("the order id `{id}` is taken")));
        }
        let product =
            product(&order.product).ok_or_else(|| SeedError(format!("there is no product `{}`", order.product)))?;
        let (first_name, last_name) = (Arc::from(user.first_name.as_str()), Arc::from(user.last_name.as_str()));
        let (email, phone) = (user.email.clone(), user.phone.clone());
        let mut suborders = Vec::new();
        for (employer, position) in order.employers.into_iter().zip(0..) {
            let made = self.chance.id("suborder", &id, position);
            suborders.push(self.seed_employer(employer, made, product, order.created_at, order.completed_at, links)?);
        }
        let parent = order.initial_order.map(Id::from);
        if let Some(parent_id) = &parent {
            let parent = self
                .orders
                .get_mut(parent_id)
                .filter(|parent| parent.owner == owner)
                .ok_or_else(|| SeedError(format!("the initial order `{parent_id}` must come first")))?;
            parent.refreshes += 1;
            parent.refresh_order = Some(id.clone());
        }
        let seeded = SeededOrder {
            order_id: id.to_string(),
            suborders: suborders.iter().map(|suborder: &Suborder| suborder.id.to_string()).collect(),
        };
        let expired_at = window_end(order.created_at, self.settings.order_window_hours);
        if suborders.iter().any(|one| one.status.is_open()) {
            self.agenda.add(expired_at, Due::Expire(id.clone()));
        }
        self.insert_order(Order {
            id,
            owner,
            user_id: user_id.clone(),
            products: vec![product],
            source: "internal",
            order_number: order.order_number.map(Id::from),
            custom_field: None,
            template_id: None,
            first_name,
            last_name,
            email,
            phone,
            created_at: order.created_at,
            updated_at: order.completed_at.unwrap_or(order.created_at),
            canceled_at: None,
            completed_at: order.completed_at,
            expired_at,
            is_expired: false,
            user_consent_at: Some(order.created_at),
            initial_order: parent.clone(),
            parent,
            refresh_order: None,
            refreshes: 0,
            recent_statement: false,
            suppress_notifications: false,
            refresh_approved: None,
            suborders,
            timeline: vec![TimelineEntry::of_order("order_created", order.created_at)],
            settled_event_sent: true,
            extra: BTreeMap::new(),
        });
        Ok(seeded)
    }

    fn seed_employer(
        &mut self,
        employer: SeedEmployer,
        made: Id,
        product: &'static str,
        created_at: DateTime<Utc>,
        completed_at: Option<DateTime<Utc>>,
        links: &[String],
    ) -> Result<Suborder, SeedError> {
        let status = match employer.status.as_deref() {
            None => SuborderStatus::Completed,
            Some(word) => SuborderStatus::parse(word).ok_or_else(|| SeedError(format!("no status `{word}`")))?,
        };
        let named = employer.link_id.or_else(|| employer.link.and_then(|place| links.get(place).cloned()));
        let id = employer.suborder_id.map_or(made, Id::from);
        let completed = status == SuborderStatus::Completed;
        let mut suborder = Suborder {
            number: employer.suborder_number.map(Id::from),
            status,
            last_task: completed.then_some(TaskState::Done),
            tasks: 1,
            asked: Asked::default(),
            ..Suborder::unconnected(id.clone(), product, created_at)
        };
        let Some(named) = named else { return Ok(suborder) };
        let link = self.links.get_mut(named.as_str()).ok_or_else(|| SeedError(format!("no link `{named}`")))?;
        suborder.link_id = Some(link.id.clone());
        suborder.asked.company_name = Some(link.company_name.clone());
        suborder.company_mapping_id.clone_from(&link.company_mapping_id);
        if completed {
            let read = Snapshot { jobs: link.jobs.clone(), as_of: completed_at.unwrap_or(created_at) };
            let newer = link.data.as_ref().is_none_or(|last| last.as_of <= read.as_of);
            if newer && link.deleted_at.is_none() {
                link.data = Some(read.clone());
                link.done_at = Some(read.as_of);
                link.updated_at = link.updated_at.max(read.as_of);
                link.tracking_info = Some(id);
                link.product = product;
            }
            suborder.data = Some(read);
        }
        Ok(suborder)
    }
}

//! Orders: made, refreshed, settled, canceled, expired. What upstream's own order service decides.

use chrono::{DateTime, Datelike, NaiveTime, TimeDelta, Utc, Weekday};

use super::chance::Id;
use super::engine::Due;
use super::refusal::Refusal;
use super::scenarios::Scenario;
use super::settings::{Edition, InitialOrderMode, QuotaMode};
use super::state::{Order, Owner, Suborder, SuborderStatus, TimelineEntry, World};

/// A refresh that was asked for.
pub(crate) struct RefreshRequest {
    pub(crate) products: Vec<&'static str>,
    /// The suborders named, each by id or by number; `None` for all.
    pub(crate) employers: Option<Vec<Selector>>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) recent_statement: bool,
}

/// How a refresh names a suborder.
#[derive(Clone, Debug)]
pub(crate) enum Selector {
    Id(String),
    Number(String),
}

/// Products an order can be refreshed for.
const REFRESHABLE: [&str; 5] = ["income", "employment", "assets", "insurance", "transactions"];

impl World {
    /// Makes a new order from an earlier one. Nothing makes it idempotent: the same call twice makes two orders.
    pub(crate) fn refresh(
        &mut self,
        owner: Owner,
        parent_id: &str,
        request: RefreshRequest,
        now: DateTime<Utc>,
    ) -> Result<Id, Refusal> {
        let parent = self.order_of(owner, parent_id)?;
        let product = refresh_product(parent, &request.products)?;
        let targets = self.refresh_targets(parent, request.employers.as_deref())?;
        let over_quota: Vec<bool> = targets.iter().map(|target| self.is_over_quota(target, now)).collect();
        if self.settings.quota_mode == QuotaMode::RejectPost && over_quota.contains(&true) {
            return Err(Refusal::QuotaExceeded);
        }
        let id = self.chance.id("refresh", &parent.id, parent.refreshes + 1);
        let root = self.root_of(parent).id.clone();
        let expired_at = window_end(now, self.settings.order_window_hours);
        let suborders: Vec<Suborder> = targets
            .iter()
            .zip(0..)
            .map(|(target, position)| Suborder {
                id: self.chance.id("suborder", &id, position),
                product,
                status: SuborderStatus::Pending,
                created_at: now,
                last_task: None,
                suspicious: target.suspicious,
                tasks: 1,
                data: None,
                ..target.clone()
            })
            .collect();
        let order = Order {
            id: id.clone(),
            owner,
            user_id: parent.user_id.clone(),
            products: vec![product],
            source: parent.source,
            order_number: parent.order_number.clone(),
            custom_field: parent.custom_field.clone(),
            template_id: parent.template_id.clone(),
            first_name: parent.first_name.clone(),
            last_name: parent.last_name.clone(),
            email: request.email.or_else(|| parent.email.clone()),
            phone: request.phone.or_else(|| parent.phone.clone()),
            created_at: now,
            updated_at: now,
            canceled_at: None,
            completed_at: None,
            expired_at,
            is_expired: false,
            user_consent_at: parent.user_consent_at,
            parent: Some(parent.id.clone()),
            initial_order: Some(match self.settings.initial_order_mode {
                InitialOrderMode::Root => root,
                InitialOrderMode::Parent => parent.id.clone(),
            }),
            refresh_order: None,
            refreshes: 0,
            recent_statement: request.recent_statement,
            suppress_notifications: parent.suppress_notifications,
            refresh_approved: parent.refresh_approved,
            suborders: suborders.clone(),
            timeline: vec![TimelineEntry::of_order("order_created", now)],
            settled_event_sent: false,
            extra: parent.extra.clone(),
        };
        let parent_id = parent.id.clone();
        self.insert_order(order);
        if let Some(parent) = self.orders.get_mut(&parent_id) {
            parent.refreshes += 1;
            parent.refresh_order = Some(id.clone());
            parent.updated_at = now;
            // The sample of an original order shows its window restarted by the refresh.
            parent.expired_at = expired_at;
        }
        self.agenda.add(expired_at, Due::Expire(parent_id));
        self.agenda.add(expired_at, Due::Expire(id.clone()));
        self.emit_order_created(&id, now);
        for (suborder, over) in suborders.into_iter().zip(over_quota) {
            let Some(link_id) = suborder.link_id else { continue };
            let task_id = self.chance.id("task", &suborder.id, 0);
            self.begin_refresh(&task_id, &link_id, product, Some((id.clone(), suborder.id)), over, now);
        }
        Ok(id)
    }

    /// The order at the top of the lineage.
    fn root_of<'a>(&'a self, order: &'a Order) -> &'a Order {
        let mut root = order;
        while let Some(parent) = root.parent.as_ref().and_then(|id| self.orders.get(id)) {
            root = parent;
        }
        root
    }

    /// The suborders a refresh is about: those named, or all with a living connection.
    fn refresh_targets(&self, parent: &Order, wanted: Option<&[Selector]>) -> Result<Vec<Suborder>, Refusal> {
        let connected = |suborder: &Suborder| {
            suborder.link_id.as_ref().and_then(|id| self.links.get(id)).is_some_and(|link| link.deleted_at.is_none())
        };
        let mut targets: Vec<Suborder> = Vec::new();
        match wanted {
            None => targets.extend(parent.suborders.iter().filter(|suborder| connected(suborder)).cloned()),
            Some(selectors) => {
                for selector in selectors {
                    let found = parent
                        .suborders
                        .iter()
                        .find(|suborder| match selector {
                            Selector::Id(id) => *suborder.id == **id,
                            Selector::Number(number) => suborder.number.as_deref() == Some(number),
                        })
                        .ok_or_else(|| Refusal::field("employers", "Unknown suborder"))?;
                    if !connected(found) {
                        return Err(Refusal::field("employers", "Suborder is not connected"));
                    }
                    if targets.iter().all(|target| target.id != found.id) {
                        targets.push(found.clone());
                    }
                }
            }
        }
        if targets.is_empty() {
            return Err(Refusal::field("employers", "Order has no connected accounts to refresh"));
        }
        Ok(targets)
    }

    fn is_over_quota(&self, suborder: &Suborder, now: DateTime<Utc>) -> bool {
        suborder.link_id.as_ref().is_some_and(|id| self.link_is_over_quota(id, now))
    }

    /// Whether a connection's refreshes of the last 24 hours are used up.
    pub(crate) fn link_is_over_quota(&self, link_id: &str, now: DateTime<Utc>) -> bool {
        let limit = usize::try_from(self.settings.refreshes_per_day).unwrap_or(usize::MAX);
        self.links
            .get(link_id)
            .is_some_and(|link| link.scenario == Scenario::QuotaUsed || link.refreshes_today(now) >= limit)
    }

    /// Sets a suborder's status and tells the world, unless a stronger status stands.
    pub(crate) fn settle(&mut self, order_id: &Id, suborder_id: &Id, status: SuborderStatus, at: DateTime<Utc>) {
        let Some(order) = self.orders.get_mut(order_id) else { return };
        let Some(suborder) = order.suborder_mut(suborder_id) else { return };
        let allowed = match status {
            // The applicant may log in late; only cancelling is final.
            SuborderStatus::Completed => {
                !matches!(suborder.status, SuborderStatus::Completed | SuborderStatus::Canceled)
            }
            _ => suborder.status.is_open() && suborder.status != status,
        };
        if !allowed {
            return;
        }
        suborder.status = status;
        let link_id = suborder.link_id.clone();
        order.updated_at = at;
        if order.completed_at.is_none()
            && status == SuborderStatus::Completed
            && order.suborders.iter().all(|one| !one.status.is_open())
        {
            order.completed_at = Some(at);
        }
        let kind = match status {
            SuborderStatus::Completed => Some("suborder_completed"),
            SuborderStatus::NoData => Some("suborder_no_data"),
            SuborderStatus::Canceled => Some("suborder_canceled"),
            SuborderStatus::Expired => Some("suborder_expired"),
            SuborderStatus::Skipped => Some("suborder_skipped"),
            SuborderStatus::Pending | SuborderStatus::Sent | SuborderStatus::Error => None,
        };
        if let Some(kind) = kind {
            order.timeline.push(TimelineEntry {
                kind,
                at,
                suborder_id: Some(suborder_id.clone()),
                task_id: None,
                link_id,
            });
        }
        let finished = order.suborders.iter().all(|one| !one.status.is_open());
        match self.settings.edition {
            Edition::Current => {
                self.emit_suborder(order_id, suborder_id, "order-status-updated", status.as_str(), at);
            }
            // The older meaning: once, when all connections of the order are finished.
            Edition::Legacy if finished && !order.settled_event_sent => {
                order.settled_event_sent = true;
                self.emit_suborder(order_id, suborder_id, "order-status-updated", status.as_str(), at);
            }
            Edition::Legacy => {}
        }
    }

    /// Ends an order's window: what is still open has expired.
    pub(crate) fn expire(&mut self, order_id: &Id, at: DateTime<Utc>) {
        let Some(order) = self.orders.get_mut(order_id) else { return };
        // A login or a refresh may have restarted the window since this was planned.
        if order.expired_at > at || order.is_expired || order.canceled_at.is_some() {
            return;
        }
        let open: Vec<Id> = order.open_suborders();
        if open.is_empty() && !order.suborders.is_empty() {
            return;
        }
        order.is_expired = true;
        order.updated_at = at;
        for suborder in open {
            self.settle(order_id, &suborder, SuborderStatus::Expired, at);
        }
    }

    /// Cancels what is still open.
    pub(crate) fn cancel(&mut self, owner: Owner, order_id: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        let order = self.order_of(owner, order_id)?;
        let (id, open) = (order.id.clone(), order.open_suborders());
        if order.canceled_at.is_some() || order.is_expired || (open.is_empty() && !order.suborders.is_empty()) {
            return Err(Refusal::field("order", "Order is closed and cannot be canceled"));
        }
        if let Some(order) = self.orders.get_mut(&id) {
            order.canceled_at = Some(now);
            order.updated_at = now;
        }
        for suborder in open {
            self.settle(&id, &suborder, SuborderStatus::Canceled, now);
        }
        Ok(())
    }

    /// Restarts an order's window, as a login by the applicant does.
    pub(crate) fn restart_window(&mut self, order_id: &Id, now: DateTime<Utc>) {
        let expired_at = window_end(now, self.settings.order_window_hours);
        if let Some(order) = self.orders.get_mut(order_id) {
            order.expired_at = expired_at;
            order.is_expired = false;
            self.agenda.add(expired_at, Due::Expire(order_id.clone()));
        }
    }

    /// Adds a line about a task to its order's history.
    pub(crate) fn note(&mut self, task_id: &Id, kind: &'static str, at: DateTime<Utc>) {
        let Some(task) = self.tasks.get(task_id) else { return };
        let Some(order) = task.order_id.as_ref().and_then(|id| self.orders.get_mut(id)) else { return };
        order.timeline.push(TimelineEntry {
            kind,
            at,
            suborder_id: task.suborder_id.clone(),
            task_id: Some(task_id.clone()),
            link_id: task.link_id.clone(),
        });
    }

    /// The order with this id, if the caller may see it.
    pub(crate) fn order_of(&self, caller: Owner, id: &str) -> Result<&Order, Refusal> {
        let order = self.orders.get(id).ok_or(Refusal::NotFound)?;
        caller.may_see(order.owner)?;
        Ok(order)
    }
}

impl Owner {
    /// Another client's object looks absent; one of another environment is forbidden.
    pub(crate) fn may_see(self, owner: Owner) -> Result<(), Refusal> {
        if self.client != owner.client {
            Err(Refusal::NotFound)
        } else if self.environment != owner.environment {
            Err(Refusal::OtherEnvironment)
        } else {
            Ok(())
        }
    }
}

impl Order {
    /// The suborders that still wait for something.
    pub(crate) fn open_suborders(&self) -> Vec<Id> {
        self.suborders.iter().filter(|one| one.status.is_open()).map(|one| one.id.clone()).collect()
    }
}

impl TimelineEntry {
    /// A line about the order as a whole.
    pub(crate) fn of_order(kind: &'static str, at: DateTime<Utc>) -> Self {
        Self { kind, at, suborder_id: None, task_id: None, link_id: None }
    }
}

/// The product rule of refreshes: exactly one; `income` may become `employment`, never the other way round.
fn refresh_product(parent: &Order, asked: &[&'static str]) -> Result<&'static str, Refusal> {
    let &[product] = asked else {
        return Err(Refusal::field("products", "Exactly one product is required"));
    };
    let allowed =
        parent.products.contains(&product) || (product == "employment" && parent.products.contains(&"income"));
    if !REFRESHABLE.contains(&product) || !allowed {
        return Err(Refusal::field("products", "Product is not allowed for the original order"));
    }
    Ok(product)
}

/// The end of a window of so many hours, Saturdays and Sundays not counted.
pub(crate) fn window_end(start: DateTime<Utc>, hours: u32) -> DateTime<Utc> {
    let mut at = start;
    let mut left = TimeDelta::hours(i64::from(hours));
    loop {
        let midnight = (at.date_naive() + TimeDelta::days(1)).and_time(NaiveTime::MIN).and_utc();
        if !matches!(at.weekday(), Weekday::Sat | Weekday::Sun) {
            let today = midnight - at;
            if left <= today {
                return at + left;
            }
            left -= today;
        }
        at = midnight;
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn a_window_does_not_count_the_weekend() {
        let wednesday = Utc.with_ymd_and_hms(2026, 3, 4, 15, 4, 11).unwrap();
        assert_eq!(window_end(wednesday, 72), Utc.with_ymd_and_hms(2026, 3, 9, 15, 4, 11).unwrap());
        let saturday = Utc.with_ymd_and_hms(2026, 3, 7, 10, 0, 0).unwrap();
        assert_eq!(window_end(saturday, 24), Utc.with_ymd_and_hms(2026, 3, 10, 0, 0, 0).unwrap());
        let monday = Utc.with_ymd_and_hms(2026, 3, 2, 8, 0, 0).unwrap();
        assert_eq!(window_end(monday, 72), Utc.with_ymd_and_hms(2026, 3, 5, 8, 0, 0).unwrap());
    }
}

//! A task on its way: from `new` to its end, and everything that follows from each step.

use chrono::{DateTime, TimeDelta, Utc};

use super::chance::Id;
use super::engine::{Due, millis};
use super::scenarios::{Scenario, TaskState};
use super::settings::RefreshFailedStatus;
use super::state::{BillingLine, Entry, Notice, Owner, SuborderStatus, Task, World};

/// What the quota's refusal says, in a 400 or as a task's message.
pub(crate) const QUOTA_MESSAGE: &str = "Refresh limit for the access_token exceeded";

/// How much longer than usual the steps of `slow` and of the login `longcheck` are.
pub(crate) const SLOW_PACE: u32 = 40;

/// What a new task is for.
pub(crate) struct NewTask {
    pub(crate) order_id: Option<Id>,
    pub(crate) suborder_id: Option<Id>,
    pub(crate) tracking_info: Option<Id>,
    pub(crate) link_id: Option<Id>,
    pub(crate) user_id: Id,
    pub(crate) owner: Owner,
    pub(crate) product: &'static str,
    pub(crate) entry: Entry,
    pub(crate) path: &'static [TaskState],
    pub(crate) pace: u32,
    pub(crate) scenario: Scenario,
    pub(crate) error_message: Option<&'static str>,
}

impl World {
    /// Creates a task and schedules its first step.
    pub(crate) fn begin_task(&mut self, id: &Id, new: NewTask, at: DateTime<Utc>) {
        let task = Task {
            id: id.clone(),
            owner: new.owner,
            user_id: new.user_id,
            order_id: new.order_id,
            suborder_id: new.suborder_id,
            tracking_info: new.tracking_info,
            link_id: new.link_id,
            product: new.product,
            entry: new.entry,
            scenario: new.scenario,
            status: TaskState::New,
            path: new.path,
            position: 0,
            pace: new.pace,
            created_at: at,
            updated_at: at,
            error_message: new.error_message,
            suspicious: false,
        };
        self.insert_task(task);
        self.schedule_step(id, at);
    }

    /// Starts the refresh of one connection, for a suborder or (without an order) for the link-level call.
    pub(crate) fn begin_refresh(
        &mut self,
        task_id: &Id,
        link_id: &Id,
        product: &'static str,
        order: Option<(Id, Id)>,
        over_quota: bool,
        at: DateTime<Utc>,
    ) {
        let Some(link) = self.links.get_mut(link_id) else { return };
        let scenario = link.scenario;
        link.pulls += 1;
        if !over_quota {
            link.attempts.push_back((at, task_id.clone()));
            while link.attempts.front().is_some_and(|(first, _)| *first <= at - TimeDelta::hours(24)) {
                link.attempts.pop_front();
            }
        }
        let (user_id, owner) = (link.user_id.clone(), link.owner);
        let outcome = self.outcome_of(link_id, scenario, over_quota, at);
        let (order_id, suborder_id) = order.unzip();
        let new = NewTask {
            tracking_info: suborder_id.clone(),
            order_id,
            suborder_id,
            link_id: Some(link_id.clone()),
            user_id,
            owner,
            product,
            entry: Entry::Saved,
            path: if over_quota { &[TaskState::New, TaskState::Error] } else { outcome.path() },
            pace: if scenario == Scenario::Slow { SLOW_PACE } else { 1 },
            scenario,
            error_message: over_quota.then_some(QUOTA_MESSAGE),
        };
        self.begin_task(task_id, new, at);
    }

    /// Where a refresh will end: the scenario, unless the authorisation is too old to try.
    fn outcome_of(&self, link_id: &Id, scenario: Scenario, over_quota: bool, at: DateTime<Utc>) -> TaskState {
        let Some(link) = self.links.get(link_id) else { return TaskState::Error };
        let lapsed = || {
            let number = u64::try_from(link.authorised_at.timestamp()).unwrap_or(0);
            let mfa = self.chance.happens("lapsed", link_id, number, self.settings.expired_auth_mfa_share);
            if mfa { TaskState::MfaError } else { TaskState::LoginError }
        };
        match scenario {
            _ if over_quota => TaskState::Error,
            Scenario::LoginError | Scenario::RecoverAfterLogin => TaskState::LoginError,
            Scenario::MfaError => TaskState::MfaError,
            Scenario::AccountLocked => TaskState::AccountLocked,
            Scenario::UnableToReset => TaskState::UnableToReset,
            Scenario::NoData => TaskState::NoData,
            Scenario::ConfigError => TaskState::ConfigError,
            Scenario::NotSupported => TaskState::NotSupported,
            Scenario::Error | Scenario::QuotaUsed | Scenario::LinkDeleted => TaskState::Error,
            Scenario::Unavailable => TaskState::Unavailable,
            Scenario::UnavailableThenOk(times) if link.pulls <= times => TaskState::Unavailable,
            Scenario::Hang => TaskState::Login,
            Scenario::AuthExpired => lapsed(),
            Scenario::Ok
            | Scenario::OkNoChange
            | Scenario::OkNewStub
            | Scenario::OkLeftJob
            | Scenario::Slow
            | Scenario::Suspicious
            | Scenario::UnavailableThenOk(_) => {
                let lifetime = self.settings.lifetime_days(&link.provider.id);
                if lifetime.is_some_and(|days| link.authorised_at + TimeDelta::days(days) <= at) {
                    lapsed()
                } else {
                    TaskState::Done
                }
            }
        }
    }

    pub(crate) fn schedule_step(&mut self, task_id: &Id, at: DateTime<Utc>) {
        let Some(task) = self.tasks.get(task_id) else { return };
        let usual = u64::from(self.settings.step_ms) * u64::from(task.pace);
        let jitter = usual * u64::from(self.settings.step_jitter_percent) / 100;
        let number = u64::try_from(task.position).unwrap_or(0);
        let length = usual + self.chance.below("step", task_id, number, jitter + 1);
        self.agenda.add(at + millis(length), Due::Step(task_id.clone()));
    }

    /// Takes a task one state further.
    pub(crate) fn step(&mut self, task_id: &Id, at: DateTime<Utc>) {
        let Some(task) = self.tasks.get(task_id) else { return };
        let abandoned =
            task.order_id.as_ref().and_then(|id| self.orders.get(id)).is_some_and(|order| order.canceled_at.is_some());
        if task.status.is_terminal() || abandoned {
            return;
        }
        let Some(state) = task.path.get(task.position).copied() else { return };
        if state == TaskState::Parse && !task.is_refresh() {
            self.connect(task_id, at);
        }
        if state == TaskState::Done {
            self.read_data(task_id, at);
        }
        self.enter(task_id, state, at);
        self.emit_task(task_id, at);
        match state {
            TaskState::Done => self.succeed(task_id, at),
            TaskState::NoData => self.settle_later(task_id, SuborderStatus::NoData, at),
            _ if state.is_failure() => self.fail(task_id, state, at),
            _ => {}
        }
        if self.tasks.get(task_id).is_some_and(|task| task.position < task.path.len()) {
            self.schedule_step(task_id, at);
        }
    }

    fn enter(&mut self, task_id: &Id, state: TaskState, at: DateTime<Utc>) {
        let Some(task) = self.tasks.get_mut(task_id) else { return };
        task.position += 1;
        task.status = state;
        task.updated_at = at;
        task.error_message = task.error_message.or_else(|| state.provider_message());
        if let Some(link) = task.link_id.as_ref().and_then(|id| self.links.get_mut(id)) {
            link.status = state;
            link.updated_at = at;
            if state == TaskState::Done {
                link.suspicious = task.scenario == Scenario::Suspicious;
                task.suspicious = link.suspicious;
            }
        }
        if let (Some(order), Some(suborder)) = (&task.order_id, &task.suborder_id)
            && let Some(order) = self.orders.get_mut(order)
        {
            order.updated_at = at;
            if let Some(suborder) = order.suborder_mut(suborder) {
                suborder.last_task = Some(state);
                suborder.suspicious = task.suspicious;
            }
        }
    }

    fn succeed(&mut self, task_id: &Id, at: DateTime<Utc>) {
        let Some(task) = self.tasks.get(task_id) else { return };
        if let Some(link_id) = task.link_id.clone() {
            self.billing.push(BillingLine {
                at,
                task_id: task.id.clone(),
                link_id,
                order_id: task.order_id.clone(),
                product: task.product,
                refresh: task.is_refresh(),
            });
        }
        self.settle_later(task_id, SuborderStatus::Completed, at);
    }

    /// A failure shows up three times: on the task, on the connection, and on the order. The last two come in either
    /// order.
    fn fail(&mut self, task_id: &Id, state: TaskState, at: DateTime<Utc>) {
        let Some(task) = self.tasks.get(task_id) else { return };
        let is_refresh = task.is_refresh();
        let over_quota = task.error_message == Some(QUOTA_MESSAGE);
        let scenario = task.scenario;
        let product = task.product;
        let (link_id, tracking_info) = (task.link_id.clone(), task.tracking_info.clone());
        let (order_id, suborder_id) = (task.order_id.clone(), task.suborder_id.clone());
        if matches!(state, TaskState::LoginError | TaskState::MfaError) {
            self.note(task_id, "login_attempt", at);
        }
        if !is_refresh {
            return;
        }
        if let Some(link) = link_id.as_ref().and_then(|id| self.links.get_mut(id))
            && !self.settings.quota_counts_failures
        {
            link.attempts.retain(|(_, task)| task != task_id);
        }
        let word = match self.settings.refresh_failed_status {
            RefreshFailedStatus::TaskWord => state.as_str(),
            RefreshFailedStatus::Error => "error",
        };
        let order_first = self.chance.below("failure events", task_id, 0, 2) == 0;
        for of_order in [order_first, !order_first] {
            if of_order {
                if let (Some(order), Some(suborder)) = (&order_id, &suborder_id) {
                    self.emit_suborder(order, suborder, "order-refresh-failed", word, at);
                }
            } else if let (Some(link), false) = (&link_id, over_quota) {
                self.emit_link(link, "link-disconnected", product, tracking_info.as_ref(), order_id.as_ref(), at);
            }
        }
        match state {
            TaskState::Error | TaskState::ConfigError | TaskState::NotSupported => {
                self.settle_later(task_id, SuborderStatus::Error, at);
            }
            _ if state.needs_applicant() => self.notify_applicant(task_id, state, scenario, at),
            _ => {}
        }
    }

    /// Truv writes to the applicant, once for this failure, when it has an address and nobody forbade it.
    fn notify_applicant(&mut self, task_id: &Id, reason: TaskState, scenario: Scenario, at: DateTime<Utc>) {
        let Some(task) = self.tasks.get(task_id) else { return };
        let (Some(order_id), Some(suborder_id)) = (task.order_id.clone(), task.suborder_id.clone()) else { return };
        let Some(order) = self.orders.get(&order_id).filter(|order| order.may_contact()) else { return };
        let (channel, kind) =
            if order.email.is_some() { ("email", "email_first_sent") } else { ("sms", "sms_first_sent") };
        let (order, suborder) = (order_id.clone(), suborder_id.clone());
        self.notices.push(Notice { at, order_id, suborder_id, channel, reason });
        self.note(task_id, kind, at);
        self.settle_later(task_id, SuborderStatus::Sent, at);
        if scenario == Scenario::RecoverAfterLogin {
            let wait = millis(u64::from(self.settings.recover_after_ms));
            self.agenda.add(at + wait, Due::Recover { order, suborder });
        }
    }

    /// The suborder's status follows within the lag.
    fn settle_later(&mut self, task_id: &Id, status: SuborderStatus, at: DateTime<Utc>) {
        let Some(task) = self.tasks.get(task_id) else { return };
        let (Some(order), Some(suborder)) = (task.order_id.clone(), task.suborder_id.clone()) else { return };
        let lag = self.chance.below("lag", task_id, 0, u64::from(self.settings.suborder_lag_ms) + 1);
        self.agenda.add(at + millis(lag), Due::Settle { order, suborder, status });
    }
}

//! The applicant: opens a link, logs in, gives a code, leaves. Played through the control port.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::chance::Id;
use super::scenarios::{Scenario, TaskState};
use super::state::{Asked, Entry, Suborder, SuborderStatus, Task, TimelineEntry, World};
use super::walk::{NewTask, SLOW_PACE};

/// The code that the sandbox accepts.
const CODE: &str = "12345";

/// What the applicant does.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Play {
    /// Opens the link.
    Open { employer_id: Option<String> },
    /// Signs in. Without a user name the login is good.
    Login {
        employer_id: Option<String>,
        username: Option<String>,
        password: Option<String>,
        /// Whether the provider knows these credentials from before. Default true.
        same_credentials: Option<bool>,
    },
    /// Gives the code of the second factor.
    Mfa { employer_id: Option<String>, code: String },
    /// Closes the page.
    Leave { employer_id: Option<String> },
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Played {
    /// The suborder it was about.
    pub(crate) employer_id: Option<Id>,
    /// The task that a login or a code moved.
    pub(crate) task_id: Option<Id>,
    /// What the widget would hand to the page after a login; valid once the connection is made.
    pub(crate) public_token: Option<Id>,
}

/// How a login goes (Truv, "Test credentials").
fn login_path(username: Option<&str>, password: Option<&str>) -> (&'static [TaskState], u32) {
    match (username, password) {
        (None, _) | (Some("goodlogin"), Some("goodpassword")) => (TaskState::Done.path(), 1),
        (Some("goodlogin"), Some("longcheck")) => (TaskState::Done.path(), SLOW_PACE),
        (Some("goodlogin"), Some("mfa")) => (TaskState::Mfa.path(), 1),
        _ => (TaskState::LoginError.path(), 1),
    }
}

impl World {
    /// Plays the applicant of an order.
    pub(crate) fn play(&mut self, order_id: &str, play: &Play, now: DateTime<Utc>) -> Result<Played, String> {
        let order_id = self.orders.get(order_id).ok_or("no such order")?.id.clone();
        match play {
            Play::Open { employer_id } => {
                let order = self.orders.get_mut(&order_id).ok_or("no such order")?;
                let kind = if order.email.is_some() { "email_first_link_opened" } else { "sms_first_link_opened" };
                order.timeline.push(TimelineEntry::of_order(kind, now));
                Ok(Played { employer_id: employer_id.as_deref().map(Id::from), task_id: None, public_token: None })
            }
            Play::Leave { employer_id } => {
                let suborder = self.pick_suborder(&order_id, employer_id.as_deref(), now)?;
                self.settle(&order_id, &suborder, SuborderStatus::Skipped, now);
                Ok(Played { employer_id: Some(suborder), task_id: None, public_token: None })
            }
            Play::Mfa { employer_id, code } => {
                let suborder = self.pick_suborder(&order_id, employer_id.as_deref(), now)?;
                let waiting = self
                    .task_ids
                    .iter()
                    .rev()
                    .filter_map(|id| self.tasks.get(id))
                    .find(|task| task.suborder_id.as_ref() == Some(&suborder) && task.is_waiting_for_code())
                    .map(|task| task.id.clone())
                    .ok_or("no login of this suborder waits for a code")?;
                let public_token = self.give_code(&waiting, code, now);
                Ok(Played { employer_id: Some(suborder), task_id: Some(waiting), public_token })
            }
            Play::Login { employer_id, username, password, same_credentials } => {
                let suborder = self.pick_suborder(&order_id, employer_id.as_deref(), now)?;
                let (path, pace) = login_path(username.as_deref(), password.as_deref());
                let task_id = self
                    .login(&order_id, &suborder, same_credentials.unwrap_or(true), path, pace, now)
                    .ok_or("no such suborder")?;
                let public_token = Some(self.chance.id("public token", &task_id, 0));
                Ok(Played { employer_id: Some(suborder), task_id: Some(task_id), public_token })
            }
        }
    }

    /// Plays the applicant in a widget opened with a bridge token: update mode when the token names a connection.
    pub(crate) fn play_bridge(&mut self, token: &str, play: &Play, now: DateTime<Utc>) -> Result<Played, String> {
        let bridge = self.bridge_tokens.get(token).cloned().ok_or("no such bridge token")?;
        if bridge.expires_at <= now {
            return Err("the bridge token has expired".to_owned());
        }
        match play {
            Play::Open { .. } | Play::Leave { .. } => {
                Ok(Played { employer_id: None, task_id: None, public_token: None })
            }
            Play::Mfa { code, .. } => {
                let waiting = self
                    .task_ids
                    .iter()
                    .rev()
                    .filter_map(|id| self.tasks.get(id))
                    .find(|task| task.user_id == bridge.user_id && task.is_waiting_for_code())
                    .map(|task| task.id.clone())
                    .ok_or("no login of this person waits for a code")?;
                let public_token = self.give_code(&waiting, code, now);
                Ok(Played { employer_id: None, task_id: Some(waiting), public_token })
            }
            Play::Login { username, password, same_credentials, .. } => {
                let (path, pace) = login_path(username.as_deref(), password.as_deref());
                // In update mode the widget is tied to the connection, whatever the password is now.
                let entry = match (&bridge.link_id, same_credentials.unwrap_or(true)) {
                    (Some(link), _) => Entry::Again(link.clone()),
                    (None, true) => self.link_at(&bridge.user_id, None, None).map_or(Entry::Fresh(None), Entry::Again),
                    (None, false) => Entry::Fresh(None),
                };
                let task_id = self.new_id("bridge task");
                let new = NewTask {
                    order_id: None,
                    suborder_id: None,
                    tracking_info: bridge.tracking_info.clone(),
                    link_id: bridge.link_id.clone(),
                    user_id: bridge.user_id.clone(),
                    owner: bridge.owner,
                    product: bridge.product,
                    entry,
                    path,
                    pace,
                    scenario: Scenario::Ok,
                    error_message: None,
                };
                self.begin_task(&task_id, new, now);
                let public_token = Some(self.chance.id("public token", &task_id, 0));
                Ok(Played { employer_id: None, task_id: Some(task_id), public_token })
            }
        }
    }

    /// The applicant follows Truv's notice after a failed refresh: the same order completes.
    pub(crate) fn recover(&mut self, order_id: &Id, suborder_id: &Id, at: DateTime<Utc>) {
        let open = self
            .orders
            .get(order_id)
            .filter(|order| order.canceled_at.is_none())
            .and_then(|order| order.suborder(suborder_id))
            .is_some_and(|suborder| suborder.status != SuborderStatus::Completed);
        if open {
            self.login(order_id, suborder_id, true, TaskState::Done.path(), 1, at);
        }
    }

    /// The suborder meant: the one named, else the first that is not finished; one is made for an order that has none.
    fn pick_suborder(&mut self, order_id: &Id, wanted: Option<&str>, now: DateTime<Utc>) -> Result<Id, String> {
        let order = self.orders.get_mut(order_id).ok_or("no such order")?;
        if order.canceled_at.is_some() {
            return Err("the order is canceled".to_owned());
        }
        if let Some(wanted) = wanted {
            return order.suborder(wanted).map(|found| found.id.clone()).ok_or("no such suborder".to_owned());
        }
        if order.suborders.is_empty() {
            let product = order.products.first().copied().unwrap_or("income");
            let id = self.chance.id("suborder", order_id, 0);
            order.suborders.push(Suborder::unconnected(id.clone(), product, now));
            return Ok(id);
        }
        order
            .suborders
            .iter()
            .find(|one| !matches!(one.status, SuborderStatus::Completed | SuborderStatus::NoData))
            .map(|found| found.id.clone())
            .ok_or("every suborder is finished".to_owned())
    }

    fn login(
        &mut self,
        order_id: &Id,
        suborder_id: &Id,
        same_credentials: bool,
        path: &'static [TaskState],
        pace: u32,
        now: DateTime<Utc>,
    ) -> Option<Id> {
        let order = self.orders.get(order_id)?;
        let suborder = order.suborder(suborder_id)?;
        let (owner, user_id, product) = (order.owner, order.user_id.clone(), suborder.product);
        let known = suborder.link_id.clone().or_else(|| {
            self.link_at(&user_id, suborder.company_mapping_id.as_ref(), suborder.asked.company_name.as_deref())
        });
        let known = known.filter(|id| self.links.get(id).is_some_and(|link| link.deleted_at.is_none()));
        let entry = match known {
            Some(link) if same_credentials => Entry::Again(link),
            other => Entry::Fresh(other),
        };
        let task_id = self.chance.id("task", suborder_id, suborder.tasks);
        let link_id = match &entry {
            Entry::Again(link) => Some(link.clone()),
            Entry::Fresh(_) | Entry::Saved => None,
        };
        if let Some(order) = self.orders.get_mut(order_id) {
            order.user_consent_at = Some(now);
            if let Some(suborder) = order.suborder_mut(suborder_id) {
                suborder.tasks += 1;
            }
        }
        self.restart_window(order_id, now);
        let new = NewTask {
            order_id: Some(order_id.clone()),
            suborder_id: Some(suborder_id.clone()),
            tracking_info: Some(suborder_id.clone()),
            link_id,
            user_id,
            owner,
            product,
            entry,
            path,
            pace,
            scenario: Scenario::Ok,
            error_message: None,
        };
        self.begin_task(&task_id, new, now);
        Some(task_id)
    }

    /// A living connection of this person at this employer; at any, when no employer is named.
    fn link_at(&self, user_id: &Id, mapping: Option<&Id>, company: Option<&str>) -> Option<Id> {
        let user = self.users.get(user_id)?;
        user.links
            .iter()
            .filter_map(|id| self.links.get(id))
            .filter(|link| link.deleted_at.is_none())
            .find(|link| match (mapping, company) {
                (Some(mapping), _) => link.company_mapping_id.as_ref() == Some(mapping),
                (None, Some(company)) => link.company_name.eq_ignore_ascii_case(company),
                (None, None) => true,
            })
            .map(|link| link.id.clone())
    }

    fn give_code(&mut self, task_id: &Id, code: &str, now: DateTime<Utc>) -> Option<Id> {
        let good = code == CODE;
        let task = self.tasks.get_mut(task_id)?;
        task.position = 0;
        task.path =
            if good { &[TaskState::Parse, TaskState::FullParse, TaskState::Done] } else { &[TaskState::MfaError] };
        self.schedule_step(task_id, now);
        good.then(|| self.chance.id("public token", task_id, 0))
    }
}

impl Task {
    fn is_waiting_for_code(&self) -> bool {
        self.status == TaskState::Mfa && !self.is_refresh() && self.position == self.path.len()
    }
}

impl Suborder {
    /// An employer that nobody has connected.
    pub(crate) fn unconnected(id: Id, product: &'static str, created_at: DateTime<Utc>) -> Self {
        Self {
            id,
            number: None,
            product,
            status: SuborderStatus::Pending,
            created_at,
            link_id: None,
            last_task: None,
            suspicious: false,
            tasks: 0,
            data: None,
            asked: Asked::default(),
            company_mapping_id: None,
        }
    }
}

//! Orders and their employers.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::Owner;
use crate::simulator::chance::Id;
use crate::simulator::payroll::{Detail, Snapshot};
use crate::simulator::scenarios::TaskState;

/// The status of one employer of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SuborderStatus {
    Pending,
    Sent,
    Completed,
    Error,
    Canceled,
    Expired,
    Skipped,
    NoData,
}

impl SuborderStatus {
    const ALL: [Self; 8] = [
        Self::Pending,
        Self::Sent,
        Self::Completed,
        Self::Error,
        Self::Canceled,
        Self::Expired,
        Self::Skipped,
        Self::NoData,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Completed => "completed",
            Self::Error => "error",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Skipped => "skipped",
            Self::NoData => "no_data",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }

    /// Whether work may still come without a new login.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Sent)
    }
}

/// One employer of an order.
#[derive(Clone, Debug)]
pub(crate) struct Suborder {
    pub(crate) id: Id,
    pub(crate) number: Option<Id>,
    pub(crate) product: &'static str,
    pub(crate) status: SuborderStatus,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) link_id: Option<Id>,
    pub(crate) last_task: Option<TaskState>,
    pub(crate) suspicious: bool,
    /// Tasks made for it so far.
    pub(crate) tasks: u64,
    /// Data read for this suborder.
    pub(crate) data: Option<Snapshot>,
    pub(crate) asked: Asked,
    pub(crate) company_mapping_id: Option<Id>,
}

/// What the creator of an order said about an employer; echoed back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) company_name: Option<Arc<str>>,
    pub(crate) company_address: Option<Arc<Value>>,
    pub(crate) company_domain: Option<Arc<str>>,
    pub(crate) start_date: Option<Arc<str>>,
    pub(crate) end_date: Option<Arc<str>>,
}

/// An order.
#[derive(Debug)]
#[expect(clippy::struct_field_names, clippy::struct_excessive_bools, reason = "the fields are upstream's")]
pub(crate) struct Order {
    pub(crate) id: Id,
    pub(crate) owner: Owner,
    pub(crate) user_id: Id,
    pub(crate) products: Vec<&'static str>,
    pub(crate) source: &'static str,
    pub(crate) order_number: Option<Id>,
    pub(crate) custom_field: Option<Arc<str>>,
    pub(crate) template_id: Option<Arc<str>>,
    pub(crate) first_name: Arc<str>,
    pub(crate) last_name: Arc<str>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) canceled_at: Option<DateTime<Utc>>,
    pub(crate) completed_at: Option<DateTime<Utc>>,
    pub(crate) expired_at: DateTime<Utc>,
    pub(crate) is_expired: bool,
    pub(crate) user_consent_at: Option<DateTime<Utc>>,
    /// The order this one refreshes.
    pub(crate) parent: Option<Id>,
    /// What the field `initial_order` says: the root or the parent, by the setting at the time.
    pub(crate) initial_order: Option<Id>,
    pub(crate) refresh_order: Option<Id>,
    /// Refreshes made from this order.
    pub(crate) refreshes: u64,
    pub(crate) recent_statement: bool,
    pub(crate) suppress_notifications: bool,
    pub(crate) refresh_approved: Option<bool>,
    pub(crate) suborders: Vec<Suborder>,
    pub(crate) timeline: Vec<TimelineEntry>,
    /// Whether the legacy edition has sent its one `order-status-updated`.
    pub(crate) settled_event_sent: bool,
    /// `manager`, `loan`, `notes`, `cc_emails`, `notification_settings`, as given.
    pub(crate) extra: BTreeMap<&'static str, Value>,
}

impl Order {
    pub(crate) fn suborder(&self, id: &str) -> Option<&Suborder> {
        self.suborders.iter().find(|suborder| &*suborder.id == id)
    }

    pub(crate) fn suborder_mut(&mut self, id: &str) -> Option<&mut Suborder> {
        self.suborders.iter_mut().find(|suborder| &*suborder.id == id)
    }

    /// What a report of this order's product shows.
    pub(crate) fn detail(&self, product: &str) -> Detail {
        match (product, self.recent_statement) {
            ("employment", false) => Detail::Employment,
            ("employment", true) => Detail::EmploymentWithRecentStatement,
            _ => Detail::Income,
        }
    }

    /// Whether Truv may write to the applicant about this order.
    pub(crate) fn may_contact(&self) -> bool {
        (self.email.is_some() || self.phone.is_some())
            && !self.suppress_notifications
            && self.refresh_approved != Some(false)
    }
}

/// One line of an order's history.
#[derive(Clone, Debug)]
pub(crate) struct TimelineEntry {
    pub(crate) kind: &'static str,
    pub(crate) at: DateTime<Utc>,
    pub(crate) suborder_id: Option<Id>,
    pub(crate) task_id: Option<Id>,
    pub(crate) link_id: Option<Id>,
}

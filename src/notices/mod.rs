//! Notices: webhooks of ours to an agency's own system, such as the eligibility system, about what it has to know.
//!
//! A notice is stored in the transaction of what it tells ([`append_in_tx`]), so that none is missed and none is sent about
//! what did not happen. `work` sends it afterwards ([`deliver`]) to the one endpoint in the agency's settings, signed by the
//! Standard Webhooks scheme (`sign`), and again for days until it is answered with 2xx ([`pace`] decides, purely). It may come more than
//! once and in any order: each carries its own id and the case's version. It names the case by its number and holds nothing
//! else about a person. Without an endpoint notices wait; those older than the log are forgotten.

mod deliver;
mod list;
pub mod pace;
mod sign;
mod store;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::json;

use crate::ids::{self, AgencyId, CaseId, NoticeId};
use crate::storage::{Error, Tx};
use crate::words::{Actor, CaseStatus, NextAction, NoticeKind, NoticeStatus, Program, ReviewDecision};

pub(crate) use self::deliver::{Sender, deliver};
pub use self::list::{Which, page, replay};
pub use self::sign::{signature, verify};
pub(crate) use self::store::{claim, forget};

/// A notice as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Our id; `webhook-id` is `msg_` and this.
    pub id: NoticeId,
    /// The case.
    pub case: CaseId,
    /// What it tells.
    pub kind: NoticeKind,
    /// What became of it.
    pub status: NoticeStatus,
    /// How often it was sent in vain.
    pub attempts: u32,
    /// When it is sent next, while it is pending.
    pub next_at: DateTime<Utc>,
    /// When it was delivered or given up.
    pub settled_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was stored.
    pub created_at: DateTime<Utc>,
}

/// What a notice says of its case.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The tenant.
    pub agency: AgencyId,
    /// The case.
    pub case: CaseId,
    /// The agency's own number.
    pub number: &'a str,
    /// The program.
    pub program: Program,
    /// The case's version with this change: of two notices the one with the larger version is the newer one.
    pub version: i64,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum News {
    /// Somebody has decided on a renewal.
    Decided {
        /// The due date of the renewal.
        due_on: NaiveDate,
        /// The decision.
        decision: ReviewDecision,
        /// When the case is due next; `None` when the renewal stays open.
        next_due_on: Option<NaiveDate>,
    },
    /// A refresh failed in a way that needs a person.
    NeedsPerson {
        /// Where the case stands.
        status: CaseStatus,
        /// What is to be done.
        next_action: NextAction,
        /// Who does it.
        next_actor: Option<Actor>,
    },
}

impl News {
    fn kind(&self) -> NoticeKind {
        match self {
            Self::Decided { .. } => NoticeKind::RenewalDecided,
            Self::NeedsPerson { .. } => NoticeKind::CaseNeedsPerson,
        }
    }
}

/// Stores a notice in the transaction of what it tells. Its id follows from case, version and kind, so that one change is
/// told once.
///
/// # Errors
/// When the database fails.
pub(crate) async fn append_in_tx(tx: &Tx, about: About<'_>, news: News, now: DateTime<Utc>) -> Result<(), Error> {
    let mut data = json!({
        "case_number": about.number,
        "program": about.program,
        "case_version": about.version,
    });
    let more = match news {
        News::Decided { due_on, decision, next_due_on } => {
            json!({ "due_on": due_on, "decision": decision, "next_due_on": next_due_on })
        }
        News::NeedsPerson { status, next_action, next_actor } => {
            json!({ "status": status, "next_action": next_action, "next_actor": next_actor })
        }
    };
    if let (Some(data), serde_json::Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    let kind = news.kind();
    let id: NoticeId = ids::derived(now, &format!("{}/{}/{kind}", about.case, about.version));
    let at = now.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let body = json!({ "type": kind.event_type(), "timestamp": at, "data": data }).to_string();
    store::insert_in_tx(tx, id, about, kind, body, now).await
}

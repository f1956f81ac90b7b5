//! The earlier orders of a case: when the client logged in, what was refreshed since, and what failed.
//!
//! A connection is judged by its last login against the due date (`links::health`), so the history is planned backwards
//! from there. Where that login is too recent to have been the original order, the client has been asked to log in again
//! meanwhile: a re-authentication.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::County;
use super::draw::Draw;
use crate::words::OrderKind;

/// How the connections of a case stand against its due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Freshness {
    Healthy,
    AtRisk,
    LikelyExpired,
    Broken,
    /// Nobody knows when the client logged in.
    Unknown,
}

impl Freshness {
    /// Runs through all of them within twenty neighbouring cases, whatever their due dates.
    pub(super) fn of(index: u32) -> Self {
        match (index.wrapping_mul(7).wrapping_add(index / 20)) % 20 {
            0..=8 => Self::Healthy,
            9..=11 => Self::AtRisk,
            12..=15 => Self::LikelyExpired,
            16..=17 => Self::Broken,
            _ => Self::Unknown,
        }
    }
}

/// One earlier order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) kind: OrderKind,
    pub(super) created_at: DateTime<Utc>,
    pub(super) ended_at: DateTime<Utc>,
    pub(super) has_failed: bool,
}

/// The earlier orders, oldest first, and the last login.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) connected_at: DateTime<Utc>,
    pub(super) steps: Vec<Step>,
}

/// The original order is between half a year and two years old.
const YOUNGEST_ORIGINAL: i64 = 183;
const OLDEST_ORIGINAL: i64 = 720;
/// How long a login lasts at most providers (Truv, "Refresh").
const LIFETIME: i64 = 180;
/// A connection is healthy when that many days are left at the due date.
const MARGIN: i64 = 30;

/// Plans the history of a case that is due in `due_in` days.
pub(super) fn plan(draw: &mut Draw, county: &County, due_in: i64, freshness: Freshness) -> History {
    let login_ago = login_ago(draw, due_in, freshness);
    let is_original = login_ago >= YOUNGEST_ORIGINAL;
    let original_ago = if is_original { login_ago } else { draw.between(login_ago.max(140) + 60, OLDEST_ORIGINAL) };
    let login = county.moment(draw, login_ago);
    let mut steps = Vec::new();
    if is_original {
        steps.push(by_client(draw, OrderKind::Original, login));
        for _ in 0..draw.between(0, 2) {
            steps.extend(refresh_within(draw, county, login_ago - LIFETIME + 5, login_ago - 20));
        }
    } else {
        let first = county.moment(draw, original_ago);
        steps.push(by_client(draw, OrderKind::Original, first));
        let has_middle = freshness != Freshness::Broken && draw.happens(35);
        if has_middle {
            let (least, most) = ((original_ago - LIFETIME + 5).max(login_ago + 10), original_ago - 20);
            steps.extend(refresh_within(draw, county, least, most));
        }
        steps.push(by_client(draw, OrderKind::Reauthentication, login));
        if !has_middle && freshness != Freshness::Broken && draw.happens(30) {
            steps.extend(refresh_within(draw, county, 12, login_ago - 20));
        }
    }
    steps.sort_by_key(|step| step.created_at);
    if freshness == Freshness::Broken {
        // What was refreshed since the login makes room, so that no case has more than three orders.
        steps.truncate(2);
        let latest = steps.last().map_or(login, |step| step.ended_at).max(login);
        let most = (county.founded_at - latest).num_days() - 1;
        if let Some(failed) = refresh_within(draw, county, 4.min(most), most.min(90)) {
            steps.push(Step { has_failed: true, ..failed });
        }
    }
    History { connected_at: login, steps }
}

/// How many days ago the client logged in for the last time.
fn login_ago(draw: &mut Draw, due_in: i64, freshness: Freshness) -> i64 {
    let (least, most) = match freshness {
        Freshness::Healthy | Freshness::Broken | Freshness::Unknown => (3, LIFETIME - MARGIN - 1 - due_in),
        Freshness::AtRisk => ((LIFETIME - MARGIN - due_in).max(3), LIFETIME - due_in),
        Freshness::LikelyExpired => ((LIFETIME + 1 - due_in).max(YOUNGEST_ORIGINAL), OLDEST_ORIGINAL),
    };
    if least <= most {
        // The upper half of a long range: some pay days should have passed since.
        return draw.between(least.max((least + most) / 3), most);
    }
    // A case that is due so late cannot have so fresh a login.
    let next = if freshness == Freshness::AtRisk { Freshness::LikelyExpired } else { Freshness::AtRisk };
    login_ago(draw, due_in, next)
}

/// An order in which the client logged in at `login`, some hours after the link was sent.
fn by_client(draw: &mut Draw, kind: OrderKind, login: DateTime<Utc>) -> Step {
    let created_at = login - TimeDelta::minutes(draw.between(40, 2_800));
    Step { kind, created_at, ended_at: login + TimeDelta::minutes(2), has_failed: false }
}

/// A refresh between `least` and `most` days ago; `None` when there is no such day.
fn refresh_within(draw: &mut Draw, county: &County, least: i64, most: i64) -> Option<Step> {
    if most < least.max(1) {
        return None;
    }
    let days = draw.between(least.max(1), most);
    let created_at = county.moment(draw, days);
    let ended_at = created_at + TimeDelta::seconds(draw.between(40, 900));
    Some(Step { kind: OrderKind::Refresh, created_at, ended_at, has_failed: false })
}

impl County {
    /// A moment in office hours that many days ago.
    fn moment(&self, draw: &mut Draw, days_ago: i64) -> DateTime<Utc> {
        let day = self.today() - TimeDelta::days(days_ago);
        day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::seconds(draw.between(9 * 3_600, 17 * 3_600))
    }
}

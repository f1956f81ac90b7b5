//! `/v1/webhook-requests/`: the history of what was sent.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::Call;
use super::answer::Answer;
use crate::simulator::chance::Id;
use crate::simulator::events::instant;
use crate::simulator::outbox::Attempt;
use crate::simulator::refusal::Refusal;
use crate::simulator::settings::HistoryPayload;
use crate::simulator::state::World;

/// A page of the history: cursors, and no count.
#[derive(Serialize)]
struct History {
    next: Option<String>,
    previous: Option<String>,
    results: Vec<AttemptView>,
}

#[derive(Serialize)]
struct AttemptView {
    /// The attempt's own id; the event's id is the one inside the payload.
    webhook_id: Id,
    event_type: String,
    event_created_at: String,
    created_at: String,
    status_code: Option<u16>,
    error_message: Option<String>,
    webhook_url: String,
    webhook_payload: Value,
}

const PAGE: usize = 50;

/// Attempts of the last thirty days, newest first.
pub(crate) fn requests(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let since = instant_of(call, "created_at__gte")?;
    let until = instant_of(call, "created_at__lte")?;
    let event_type = call.query.get("event_type");
    let status = match call.query.get("status_code") {
        None => None,
        Some(text) => Some(
            text.parse::<u16>()
                .ok()
                .filter(|code| (100..=599).contains(code))
                .ok_or_else(|| Refusal::field("status_code", "Must be between 100 and 599."))?,
        ),
    };
    let size = match call.query.get("page_size") {
        None => PAGE,
        Some(text) => text.parse::<usize>().unwrap_or(PAGE).clamp(1, 100),
    };
    let matching = |attempt: &&Attempt| {
        attempt.owner == call.owner
            && since.is_none_or(|since| attempt.at >= since)
            && until.is_none_or(|until| attempt.at <= until)
            && event_type.is_none_or(|kind| attempt.event_type == *kind)
            && status.is_none_or(|code| attempt.status == Some(code))
    };
    let cursor = call.query.get("cursor").map(|text| Cursor::parse(text)).transpose()?;
    // One more than a page tells whether another follows.
    let mut found: Vec<&Attempt> = match cursor {
        None => world.outbox.history().filter(matching).take(size + 1).collect(),
        Some(Cursor::Before(n)) => {
            world.outbox.history().filter(|one| one.n < n).filter(matching).take(size + 1).collect()
        }
        Some(Cursor::After(n)) => {
            let newer: Vec<&Attempt> = world.outbox.history().filter(|one| one.n > n).filter(matching).collect();
            newer.get(newer.len().saturating_sub(size + 1)..).unwrap_or_default().to_vec()
        }
    };
    let backwards = matches!(cursor, Some(Cursor::After(_)));
    let more = found.len() > size;
    if more {
        if backwards {
            found.remove(0);
        } else {
            found.pop();
        }
    }
    let has_older = if backwards { true } else { more };
    let has_newer = if backwards { more } else { cursor.is_some() };
    let link = |cursor: Cursor| call.address_with("cursor", &cursor.text());
    let next = found.last().filter(|_| has_older).map(|last| link(Cursor::Before(last.n)));
    let previous = found.first().filter(|_| has_newer).map(|first| link(Cursor::After(first.n)));
    let sparse = world.settings.history_payload == HistoryPayload::Sparse;
    let results = found.into_iter().map(|attempt| AttemptView::of(attempt, sparse)).collect();
    Ok(Answer::ok(History { next, previous, results }))
}

impl AttemptView {
    fn of(attempt: &Attempt, sparse: bool) -> Self {
        let mut payload: Value = serde_json::from_slice(&attempt.body).unwrap_or_default();
        if let (true, Some(fields)) = (sparse, payload.as_object_mut()) {
            for field in ["updated_at", "employer_id", "order_number"] {
                fields.remove(field);
            }
        }
        Self {
            webhook_id: attempt.id.clone(),
            event_type: attempt.event_type.clone(),
            event_created_at: instant(attempt.event_created_at),
            created_at: instant(attempt.at),
            status_code: attempt.status,
            error_message: attempt.error.clone(),
            webhook_url: attempt.url.clone(),
            webhook_payload: payload,
        }
    }
}

/// A place between two attempts.
#[derive(Clone, Copy)]
enum Cursor {
    Before(u64),
    After(u64),
}

impl Cursor {
    fn text(self) -> String {
        let plain = match self {
            Self::Before(n) => format!("b{n}"),
            Self::After(n) => format!("a{n}"),
        };
        URL_SAFE_NO_PAD.encode(plain)
    }

    fn parse(text: &str) -> Result<Self, Refusal> {
        let read = || {
            let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
            match plain.split_at_checked(1)? {
                ("b", n) => n.parse().ok().map(Self::Before),
                ("a", n) => n.parse().ok().map(Self::After),
                _ => None,
            }
        };
        read().ok_or(Refusal::NotFound)
    }
}

fn instant_of(call: &Call, name: &str) -> Result<Option<DateTime<Utc>>, Refusal> {
    let Some(text) = call.query.get(name) else { return Ok(None) };
    // A `+` that was not escaped arrives as a space.
    let text = text.replace(' ', "+");
    DateTime::parse_from_rfc3339(&text)
        .map(|at| Some(at.to_utc()))
        .map_err(|_| Refusal::field(name, "Enter a valid date/time."))
}

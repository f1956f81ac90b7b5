//! What is said of an event, said once for all who may hear the same.
//!
//! Every event carries a [`Shelf`]. The first follower with a recipe works the answer out, the others take it, and when
//! the last of them has dealt with the event the shelf is gone: nothing is kept from one event to the next. Rows are
//! read when the answer is worked out, and a follower only takes an answer that was begun after its last one had ended:
//! what it is shown of a case never goes back in time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_graphql::{Response, Value};
use futures_util::future::{BoxFuture, Shared};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::time::Instant;
use tracing::{Instrument as _, Span};

use super::recipe::{Audience, Recipe};
use super::{Run, Turn};
use crate::audit::Notes;
use crate::events::Frame;
use crate::graphql::view::{View, WeakView, withheld};
use crate::kit::Kit;
use crate::telemetry::{self, TRACE};

/// How long an answer may be taken by others. A follower that comes later reads the rows anew.
const FRESH: Duration = Duration::from_secs(1);
/// Pauses before an answer that failed as a whole is tried again: a database that is just being restarted should not send
/// every stream away.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// One result of a subscription, as its follower gets it.
#[derive(Clone, Debug)]
pub enum Told {
    /// Without errors: `{"data": …}` written out, once for all who are told the same.
    Written(Written),
    /// With errors, whose words depend on whom they are said to, and what is shown all the same.
    Raw(Arc<Response>, Notes),
}

/// A result that has been written out.
#[derive(Clone, Debug)]
pub struct Written {
    /// The JSON of the whole result.
    pub json: Arc<str>,
    /// The `cursor` of the event under the root field, where the document asks for it.
    pub cursor: Option<Arc<str>>,
    /// What is shown and withheld.
    pub notes: Notes,
    /// What is withheld, as the end of the result says it; `None` when nothing is.
    pub withheld: Option<Value>,
}

impl Told {
    /// The result in the form that most followers can share.
    pub(super) fn of(mut response: Response, notes: Notes) -> Self {
        let withheld = withheld(&notes);
        if let Some(withheld) = &withheld {
            response.extensions.insert("withheld".to_owned(), withheld.clone());
        }
        if response.errors.is_empty()
            && let Ok(json) = serde_json::to_string(&response)
        {
            let cursor = cursor(&response.data).map(Into::into);
            return Self::Written(Written { json: json.into(), cursor, notes, withheld });
        }
        Self::Raw(Arc::new(response), notes)
    }

    /// What the result shows.
    pub fn notes(&self) -> &Notes {
        match self {
            Self::Written(written) => &written.notes,
            Self::Raw(_, notes) => notes,
        }
    }

    /// Whether nothing could be said of the event: a stream must not go on after this as if it had been said.
    pub(super) fn is_void(&self) -> bool {
        matches!(self, Self::Raw(response, _) if response.data == Value::Null)
    }
}

/// The `cursor` of the event under the one root field. One that would break a line is not a cursor of ours.
fn cursor(data: &Value) -> Option<&str> {
    let Value::Object(root) = data else { return None };
    let Value::Object(event) = root.values().next()? else { return None };
    match event.get("cursor")? {
        Value::String(cursor) if !cursor.contains(['\n', '\r', '\0']) => Some(cursor),
        _ => None,
    }
}

/// An answer with the moments between which its rows were read, in ticks of the process.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) told: Option<Told>,
    pub(super) ended: u64,
}

type Working = Shared<BoxFuture<'static, Answer>>;

/// What the followers of one event share. Goes with the event.
#[derive(Default)]
pub(super) struct Shelf(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    answers: HashMap<u64, Held<Working>>,
    views: HashMap<Audience, Held<WeakView>>,
}

#[derive(Clone)]
struct Held<T> {
    begun: u64,
    at: Instant,
    thing: T,
}

impl<T> Held<T> {
    fn serves(&self, seen: u64) -> bool {
        self.begun > seen && self.at.elapsed() < FRESH
    }
}

/// Works answers out.
pub(super) struct Teller {
    kit: Arc<Kit>,
    run: Run,
    ticks: AtomicU64,
}

impl Teller {
    pub(super) fn new(kit: Arc<Kit>, run: Run) -> Self {
        Self { kit, run, ticks: AtomicU64::new(0) }
    }

    fn tick(&self) -> u64 {
        self.ticks.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What the recipe says of an event, shared with others; begun after the tick `seen`.
    pub(super) fn share(self: &Arc<Self>, on: &Shelf, recipe: &Arc<Recipe>, frame: Frame, seen: u64) -> Working {
        let mut kept = on.lock();
        if let Some(held) = kept.answers.get(&recipe.number).filter(|held| held.serves(seen)) {
            return held.thing.clone();
        }
        // Followers with other documents, but the same in sight, share the rows at least.
        let held = kept.views.get(recipe.audience()).filter(|held| held.serves(seen));
        let (view, begun) = match held.and_then(|held| Some((held.thing.upgrade()?, held.begun))) {
            Some(found) => found,
            None => (View::new(&self.kit, recipe.audience().caller().into()), self.tick()),
        };
        let at = Instant::now();
        kept.views.insert(recipe.audience().clone(), Held { begun, at, thing: view.downgrade() });
        let (teller, worker) = (Arc::clone(self), Arc::clone(recipe));
        let span = span(&frame);
        let work = async move { teller.work_out(&worker, frame, view).await }.instrument(span).boxed().shared();
        kept.answers.insert(recipe.number, Held { begun, at, thing: work.clone() });
        work
    }

    /// What the recipe says of a frame that concerns one stream alone.
    pub(super) async fn alone(&self, recipe: &Recipe, frame: Frame) -> Answer {
        self.work_out(recipe, frame, View::new(&self.kit, recipe.audience().caller().into())).await
    }

    async fn work_out(&self, recipe: &Recipe, frame: Frame, mut view: View) -> Answer {
        let mut pauses = PAUSES.into_iter();
        loop {
            let notes = view.notes().clone();
            let request = recipe.request().data(view).data(Turn::Tell(frame.clone()));
            let told = (self.run)(request).next().await.map(|response| Told::of(response, notes));
            if told.as_ref().is_some_and(Told::is_void)
                && let Some(pause) = pauses.next()
            {
                tokio::time::sleep(pause).await;
                // The failure sits in the loaders.
                view = View::new(&self.kit, recipe.audience().caller().into());
                continue;
            }
            return Answer { told, ended: self.tick() };
        }
    }
}

/// The last part of a trace: an event becomes what its followers are sent.
fn span(frame: &Frame) -> Span {
    let Frame::Event(happening) = frame else { return Span::none() };
    let Some(parent) = &happening.event.trace_parent else { return Span::none() };
    let span = tracing::info_span!(
        target: TRACE, "frame", otel.kind = "producer", event.kind = happening.event.kind.word(),
        case.id = %happening.event.case
    );
    telemetry::follow(&span, Some(parent));
    span
}

impl Shelf {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Subscriptions to the event log: each one's events come from its own stream, what is said of an event is worked out once
//! for all who may hear the same.
//!
//! The library runs a subscription as one long operation for each subscriber, whose every event is resolved and written
//! for that subscriber alone. Here the operation runs first to learn what is to be followed ([`Turn::Plan`]), and then
//! once for each event and recipe ([`Turn::Tell`]). What may be seen is decided for each subscriber and event all the same:
//! the stream admits only events of the subscriber's scope, and a recipe names everything that decides on sight.

mod recipe;
mod telling;

use std::sync::{Arc, OnceLock};

use async_graphql::{Executor, Pos, Request, Response, Value};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use self::recipe::{Recipe, Recipes};
use self::telling::{Shelf, Teller};
use super::error::ApiError;
use super::view::View;
use crate::audit::Notes;
use crate::caller::{CaseScope, Standing};
use crate::events::{self, Filter, Frame, Hub, Position};
use crate::kit::Kit;
use crate::storage;

pub use self::telling::{Told, Written};

/// What a subscription to the log is to do, in the request's data.
#[derive(Clone)]
pub(crate) enum Turn {
    /// Check the arguments and say what is to be followed.
    Plan(Arc<OnceLock<Plan>>),
    /// Say what there is to say of one frame.
    Tell(Frame),
}

/// What is to be followed.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) scope: CaseScope,
    pub(crate) filter: Filter,
    pub(crate) after: Option<Position>,
}

/// Runs subscriptions. Cheap to clone.
#[derive(Clone)]
pub struct Follow(Arc<Inner>);

/// Runs a request on the schema, as the library does.
type Run = Arc<dyn Fn(Request) -> BoxStream<'static, Response> + Send + Sync>;

struct Inner {
    kit: Arc<Kit>,
    hub: Hub,
    run: Run,
    recipes: Recipes,
    teller: Arc<Teller>,
}

impl Follow {
    /// Runs subscriptions on the schema, fed by the hub.
    pub fn new(kit: Arc<Kit>, hub: Hub, schema: impl Executor) -> Self {
        let run: Run = Arc::new(move |request| schema.execute_stream(request, None));
        let teller = Arc::new(Teller::new(Arc::clone(&kit), Arc::clone(&run)));
        Self(Arc::new(Inner { kit, hub, run, recipes: Recipes::default(), teller }))
    }

    /// Starts a subscription of the caller's. It ends when its document or its arguments are wrong, when an event could not
    /// be told, or when a new token allows no case any more; the last result then says so.
    pub fn start(&self, mut request: Request, standing: Standing) -> BoxStream<'static, Told> {
        let recipe = self.0.recipes.of(&mut request, &standing.now());
        let plan = Arc::new(OnceLock::new());
        let view = View::new(&self.0.kit, standing.clone());
        let notes = view.notes().clone();
        let request = request.data(view).data(Turn::Plan(Arc::clone(&plan)));
        let follow = self.clone();
        let followed = async move { Some(follow.follow(recipe?, plan.get()?.clone(), standing)) };
        let followed = stream::once(followed).filter_map(std::future::ready).flatten();
        // What is not about the log runs as the library runs it; what is ends at once, having made a plan.
        (self.0.run)(request).map(move |response| Told::of(response, notes.clone())).chain(followed).boxed()
    }

    fn follow(&self, recipe: Arc<Recipe>, plan: Plan, standing: Standing) -> BoxStream<'static, Told> {
        let Plan { scope, filter, after } = plan;
        let frames = self.frames(scope, &filter, after);
        let follow = self.clone();
        let follower = Follower {
            follow,
            frames,
            scope,
            filter,
            after,
            recipe,
            standing,
            seen: 0,
            is_open: false,
            is_over: false,
        };
        stream::unfold(follower, |mut follower| async move { Some((follower.next().await?, follower)) }).boxed()
    }

    fn frames(&self, scope: CaseScope, filter: &Filter, after: Option<Position>) -> Frames {
        let db = self.0.kit.db.of(scope.agency);
        events::stream(db, self.0.hub.clone(), scope, filter.clone(), after).boxed()
    }
}

type Frames = BoxStream<'static, Result<Frame, storage::Error>>;

/// A stream and the caller who follows it, whose token may change meanwhile.
struct Follower {
    follow: Follow,
    frames: Frames,
    /// Which cases the frames are read for.
    scope: CaseScope,
    filter: Filter,
    /// Where the stream would go on: after the last frame, or where it was asked to begin.
    after: Option<Position>,
    recipe: Arc<Recipe>,
    standing: Standing,
    /// The tick at which the last answer ended.
    seen: u64,
    is_open: bool,
    is_over: bool,
}

impl Follower {
    async fn next(&mut self) -> Option<Told> {
        while !self.is_over {
            let frame = tokio::select! {
                biased;
                () = self.standing.changed() => {
                    if let Err(error) = self.adjust() {
                        self.is_over = true;
                        return Some(failed(error));
                    }
                    continue;
                }
                frame = self.frames.next() => frame?,
            };
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    self.is_over = true;
                    return Some(failed(error.into()));
                }
            };
            match self.tell(frame).await {
                Some(Told::Raw(response, _)) if response.data == Value::Null => {
                    // A stream must not go on as if the event had been told: its client comes back with its last cursor.
                    self.is_over = true;
                    return Some(broken_off(&response));
                }
                Some(told) => return Some(told),
                None => {}
            }
        }
        None
    }

    async fn tell(&mut self, frame: Frame) -> Option<Told> {
        let teller = &self.follow.0.teller;
        let answer = match &frame {
            Frame::Event(happening) => {
                self.after = Some(happening.event.position);
                let kept = happening.shared::<Shelf>();
                teller.share(&kept, &self.recipe, frame, self.seen).await
            }
            Frame::Opened(at) | Frame::Resync(at) => {
                self.after = Some(*at);
                // A stream that goes on under a new token was opened before.
                if matches!(frame, Frame::Opened(_)) && std::mem::replace(&mut self.is_open, true) {
                    return None;
                }
                teller.alone(&self.recipe, frame).await
            }
        };
        self.seen = self.seen.max(answer.ended);
        answer.told
    }

    /// Goes on under the newest token. Where that one shows other cases, the log is read on from where the stream stands,
    /// so that nothing is missing in between.
    fn adjust(&mut self) -> Result<(), ApiError> {
        let caller = self.standing.now();
        let scope = caller.cases()?;
        self.recipe = self.follow.0.recipes.renewed(&self.recipe, &caller);
        if scope != self.scope {
            self.scope = scope;
            self.frames = self.follow.frames(scope, &self.filter, self.after);
        }
        Ok(())
    }
}

/// The errors without the places where they happened, in the form of an operation that could not go on.
fn broken_off(response: &Response) -> Told {
    let errors = response.errors.iter().cloned().map(|error| error.with_path(Vec::new())).collect();
    Told::Raw(Arc::new(Response::from_errors(errors)), Notes::default())
}

/// The stream's own failure, in the form of an operation that could not go on.
fn failed(error: ApiError) -> Told {
    let error = async_graphql::Error::from(error).into_server_error(Pos::default());
    Told::Raw(Arc::new(Response::from_errors(vec![error])), Notes::default())
}

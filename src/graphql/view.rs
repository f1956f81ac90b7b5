//! What one answer is made from: who asks, the database, and the loaders of this answer alone.
//!
//! Every object of the schema carries its [`View`], so that the events of one subscription, which share a request, still
//! read fresh rows.

use std::sync::{Arc, Weak};

use chrono::{DateTime, Utc};

use super::error::ApiError;
use super::loaders::Loaders;
use super::loaders_past;
use crate::caller::{Caller, CaseScope, Caseload, Forbidden, Scope, Standing};
use crate::history::Moment;
use crate::kit::Kit;

/// The caller's view of the agency's data. Cheap to clone.
#[derive(Clone)]
pub struct View(Arc<Inner>);

/// A view that may be used by others as long as somebody uses it.
#[derive(Clone)]
pub(crate) struct WeakView(Weak<Inner>);

impl WeakView {
    /// The view, if it is still in use.
    pub(crate) fn upgrade(&self) -> Option<View> {
        self.0.upgrade().map(View)
    }
}

struct Inner {
    kit: Kit,
    standing: Standing,
    /// The caller as of this answer: a new token counts from the next one on.
    caller: Arc<Caller>,
    cases: Result<CaseScope, Forbidden>,
    loaders: Loaders,
    /// The moment that is shown; `None` for the present.
    past: Option<Arc<Moment>>,
}

impl View {
    /// A view with empty loaders.
    pub(crate) fn new(kit: Kit, standing: Standing) -> Self {
        let caller = standing.now();
        let cases = caller.cases();
        let nothing = CaseScope { agency: caller.agency, caseload: Caseload::Nobody };
        let loaders = Loaders::new(&kit, caller.agency, cases.unwrap_or(nothing));
        Self(Arc::new(Inner { kit, standing, caller, cases, loaders, past: None }))
    }

    /// The same caller's view of one case at a moment: whatever is reached from the case is as it was then.
    pub(crate) fn at(&self, moment: Moment) -> Self {
        let moment = Arc::new(moment);
        let Inner { kit, standing, caller, cases, .. } = &*self.0;
        let nothing = CaseScope { agency: caller.agency, caseload: Caseload::Nobody };
        let loaders = loaders_past::of(kit, caller.agency, cases.unwrap_or(nothing), &moment);
        Self(Arc::new(Inner {
            kit: kit.clone(),
            standing: standing.clone(),
            caller: Arc::clone(caller),
            cases: *cases,
            loaders,
            past: Some(moment),
        }))
    }

    /// The moment that the view shows.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.0.past.as_ref().map_or_else(|| self.0.kit.clock.now(), |moment| moment.at)
    }

    /// Up to when events are shown; `None` for all of them.
    pub(crate) fn until(&self) -> Option<DateTime<Utc>> {
        self.0.past.as_ref().map(|moment| moment.at)
    }

    /// The view as of now, with empty loaders: what is read from here on is read anew, by the caller's newest token.
    pub(crate) fn renewed(&self) -> Self {
        Self::new(self.0.kit.clone(), self.0.standing.clone())
    }

    /// For sharing the view without keeping it.
    pub(crate) fn downgrade(&self) -> WeakView {
        WeakView(Arc::downgrade(&self.0))
    }

    pub(crate) fn kit(&self) -> &Kit {
        &self.0.kit
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.0.caller
    }

    pub(crate) fn load(&self) -> &Loaders {
        &self.0.loaders
    }

    /// The cases in the caller's sight.
    ///
    /// # Errors
    /// FORBIDDEN when the token allows reading no cases at all.
    pub(crate) fn cases(&self) -> Result<CaseScope, ApiError> {
        Ok(self.0.cases?)
    }

    /// Refuses unless the token carries the scope.
    ///
    /// # Errors
    /// FORBIDDEN naming the scope.
    pub(crate) fn require(&self, scope: Scope) -> Result<(), ApiError> {
        Ok(self.0.caller.require(scope)?)
    }

    /// Whether the token carries the scope.
    pub(crate) fn has(&self, scope: Scope) -> bool {
        self.0.caller.has(scope)
    }

    /// Makes a list cursor.
    pub(crate) fn seal(&self, list: &str, key: &impl serde::Serialize) -> String {
        // The keys are plain data, which always becomes JSON.
        let payload = serde_json::to_vec(key).unwrap_or_default();
        self.0.kit.opaque.seal(list, self.0.caller.agency, &payload)
    }

    /// Opens a cursor of the same list; `None` for any other text.
    pub(crate) fn open<K: serde::de::DeserializeOwned>(&self, list: &str, cursor: &str) -> Option<K> {
        let payload = self.0.kit.opaque.open(list, self.0.caller.agency, cursor)?;
        serde_json::from_slice(&payload).ok()
    }
}

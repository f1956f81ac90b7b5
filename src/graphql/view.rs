//! What one answer is made from: who asks, the database, and the loaders of this answer alone.
//!
//! Every object of the schema carries its [`View`], so that the events of one subscription, which share a request, still
//! read fresh rows.

use std::sync::{Arc, OnceLock, Weak};

use async_graphql::indexmap::IndexMap;
use async_graphql::{Name, Value};
use chrono::{DateTime, Utc};

use super::error::ApiError;
use super::loaders::Loaders;
use super::loaders_past;
use crate::audit::{Notes, Withheld};
use crate::caller::{Caller, CaseScope, Caseload, Forbidden, Scope, Standing};
use crate::history::Moment;
use crate::ids::CaseId;
use crate::kit::Kit;
use crate::policy::Field;
use crate::words::AuditAccess;

/// The caller's view of the agency's data, and the notes of what one answer shows of it. Cheap to clone.
#[derive(Clone)]
pub struct View(Arc<Inner>, Notes);

/// A view that may be used by others as long as somebody uses it.
#[derive(Clone)]
pub(crate) struct WeakView(Weak<Inner>);

impl WeakView {
    /// The view, if it is still in use, for another answer.
    pub(crate) fn upgrade(&self) -> Option<View> {
        Some(View(self.0.upgrade()?, Notes::default()))
    }
}

/// What the notes withhold, as an answer's `extensions.withheld` says it: a list of `{field, scope, masked}`; `None` when
/// nothing is.
pub fn withheld(notes: &Notes) -> Option<Value> {
    let withheld: Vec<Value> = notes.withheld().into_iter().map(one_withheld).collect();
    (!withheld.is_empty()).then_some(Value::List(withheld))
}

fn one_withheld(withheld: Withheld) -> Value {
    let entry = |name: &str, value: Value| (Name::new(name), value);
    Value::Object(IndexMap::from_iter([
        entry("field", withheld.field.into()),
        entry("scope", withheld.scope.into()),
        entry("masked", withheld.is_masked.into()),
    ]))
}

struct Inner {
    kit: Arc<Kit>,
    standing: Standing,
    /// The caller as of this answer: a new token counts from the next one on.
    caller: Arc<Caller>,
    cases: Result<CaseScope, Forbidden>,
    /// Made when the answer first reads something.
    loaders: OnceLock<Loaders>,
    /// The moment that is shown; `None` for the present.
    past: Option<Arc<Moment>>,
}

impl View {
    /// A view with empty loaders.
    pub(crate) fn new(kit: &Arc<Kit>, standing: Standing) -> Self {
        let caller = standing.now();
        let kit = if kit.db.has_walls() { Arc::new(kit.of(caller.agency)) } else { Arc::clone(kit) };
        let cases = caller.cases();
        let inner = Inner { kit, standing, caller, cases, loaders: OnceLock::new(), past: None };
        Self(Arc::new(inner), Notes::default())
    }

    /// The same caller's view of one case at a moment: whatever is reached from the case is as it was then.
    pub(crate) fn at(&self, moment: Moment) -> Self {
        let Inner { kit, standing, caller, cases, .. } = &*self.0;
        let inner = Inner {
            kit: Arc::clone(kit),
            standing: standing.clone(),
            caller: Arc::clone(caller),
            cases: *cases,
            loaders: OnceLock::new(),
            past: Some(Arc::new(moment)),
        };
        Self(Arc::new(inner), self.1.clone())
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
        Self(Self::new(&self.0.kit, self.0.standing.clone()).0, self.1.clone())
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

    /// What the answer shows and withholds.
    pub fn notes(&self) -> &Notes {
        &self.1
    }

    /// Notes that something of a case is shown.
    pub(crate) fn show(&self, case: CaseId, kind: AuditAccess) {
        self.1.show(case, kind);
    }

    /// Refuses unless the caller may look over everything of the agency: `audit:read`, and no limit to a caseload.
    ///
    /// # Errors
    /// FORBIDDEN naming the scope.
    pub(crate) fn oversees(&self) -> Result<(), ApiError> {
        Ok(self.0.caller.oversees()?)
    }

    /// Whether the case is in the caller's sight.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn sees(&self, case: CaseId) -> Result<bool, ApiError> {
        Ok(self.load().cases.get(case).await?.is_some())
    }

    /// Whether a field may be shown in full. Where it may not, the answer says so.
    pub(crate) fn reveals(&self, field: &Field) -> bool {
        let may = self.0.caller.sees(field);
        if !may {
            let Field { name, scope, is_masked } = *field;
            self.1.withhold(Withheld { field: name, scope: scope.as_str(), is_masked });
        }
        may
    }

    /// The loaders of this answer.
    pub(crate) fn load(&self) -> &Loaders {
        let Inner { kit, caller, cases, loaders, past, .. } = &*self.0;
        loaders.get_or_init(|| {
            let nothing = CaseScope { agency: caller.agency, caseload: Caseload::Nobody };
            let scope = cases.unwrap_or(nothing);
            match past {
                None => Loaders::new(kit, caller.agency, scope),
                Some(moment) => loaders_past::of(kit, caller.agency, scope, moment),
            }
        })
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

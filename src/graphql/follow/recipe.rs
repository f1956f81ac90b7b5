//! What makes two subscriptions say the same of the same event: the document, the values it uses, and what may be seen.
//!
//! The arguments of the root field choose the events and have no part in what is said of one, and so a thousand screens that
//! each follow their own cases have one recipe.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Request, Value, Variables};

use crate::caller::{Caller, Scope};
use crate::ids::{AgencyId, CaseworkerId};

/// What decides on what a caller may see, and nothing else about them. Whoever shares it may share answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Audience {
    agency: AgencyId,
    caseworker: Option<CaseworkerId>,
    scopes: Vec<Scope>,
}

impl Audience {
    fn of(caller: &Caller) -> Self {
        // In one order, whatever the token's is.
        let scopes = Scope::ALL.into_iter().filter(|scope| caller.has(*scope)).collect();
        Self { agency: caller.agency, caseworker: caller.caseworker, scopes }
    }

    /// A caller without a name, so that nothing that is told to the audience can depend on whose stream it is.
    pub(super) fn caller(&self) -> Caller {
        Caller {
            agency: self.agency,
            subject: "system:streams".to_owned(),
            display_name: None,
            scopes: self.scopes.clone(),
            caseworker: self.caseworker,
            token_id: None,
            expires_at: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    query: String,
    operation: Option<String>,
    /// As JSON, by name.
    values: String,
    audience: Audience,
}

/// How an event becomes an answer.
#[derive(Debug)]
pub(super) struct Recipe {
    /// Unique in the process.
    pub(super) number: u64,
    key: Key,
    document: ExecutableDocument,
    values: Variables,
}

impl Recipe {
    pub(super) fn audience(&self) -> &Audience {
        &self.key.audience
    }

    /// A request that says what the recipe says; it still needs its data.
    pub(super) fn request(&self) -> Request {
        let mut request = Request::new(self.key.query.clone()).variables(self.values.clone());
        request.operation_name.clone_from(&self.key.operation);
        request.set_parsed_query(self.document.clone());
        request
    }
}

/// The recipes in use.
#[derive(Debug, Default)]
pub(super) struct Recipes {
    held: Mutex<HashMap<Key, Weak<Recipe>>>,
    last: AtomicU64,
}

impl Recipes {
    /// The recipe of a request; `None` for one without an operation that could run, of which the schema says what is wrong.
    pub(super) fn of(&self, request: &mut Request, caller: &Caller) -> Option<Arc<Recipe>> {
        let operation = request.operation_name.clone();
        let document = request.parsed_query().ok()?.clone();
        let used = used(&document, chosen(&document, operation.as_deref())?);
        let mut values = request.variables.clone();
        values.retain(|name, _| used.contains(name));
        let key = Key {
            query: request.query.clone(),
            operation: operation.clone(),
            values: serde_json::to_string(&values).ok()?,
            audience: Audience::of(caller),
        };
        let document = without_root_arguments(document, operation.as_deref(), &used);
        Some(self.hold(key, document, values))
    }

    /// The same recipe as told to somebody else: the caller after a new token.
    pub(super) fn renewed(&self, recipe: &Recipe, caller: &Caller) -> Arc<Recipe> {
        let key = Key { audience: Audience::of(caller), ..recipe.key.clone() };
        self.hold(key, recipe.document.clone(), recipe.values.clone())
    }

    fn hold(&self, key: Key, document: ExecutableDocument, values: Variables) -> Arc<Recipe> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(recipe) = held.get(&key).and_then(Weak::upgrade) {
            return recipe;
        }
        if held.len() == held.capacity() {
            held.retain(|_, recipe| recipe.strong_count() > 0);
        }
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let recipe = Arc::new(Recipe { number, key: key.clone(), document, values });
        held.insert(key, Arc::downgrade(&recipe));
        recipe
    }
}

fn chosen<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a OperationDefinition> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(&operation.node),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name).map(|found| &found.node),
        (DocumentOperations::Multiple(operations), None) => operations.values().next().map(|found| &found.node),
        (DocumentOperations::Single(_), Some(_)) => None,
    }
}

/// The document as it is run for one event: the event is given, so that nothing is left to choose.
fn without_root_arguments(
    mut document: ExecutableDocument,
    name: Option<&str>,
    used: &HashSet<Name>,
) -> ExecutableDocument {
    let operation = match (&mut document.operations, name) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get_mut(name),
        (DocumentOperations::Multiple(operations), None) => operations.values_mut().next(),
    };
    if let Some(operation) = operation {
        operation.node.variable_definitions.retain(|definition| used.contains(&definition.node.name.node));
        for item in &mut operation.node.selection_set.node.items {
            if let Selection::Field(field) = &mut item.node {
                field.node.arguments.clear();
            }
        }
    }
    document
}

/// The variables that are used anywhere but in the arguments of the root field.
fn used(document: &ExecutableDocument, operation: &OperationDefinition) -> HashSet<Name> {
    let mut used = HashSet::new();
    directives(&operation.directives, &mut used);
    for item in &operation.selection_set.node.items {
        directives(item.node.directives(), &mut used);
        match &item.node {
            Selection::Field(field) => set(&field.node.selection_set.node, &mut used),
            Selection::InlineFragment(inline) => set(&inline.node.selection_set.node, &mut used),
            Selection::FragmentSpread(_) => {}
        }
    }
    for fragment in document.fragments.values() {
        directives(&fragment.node.directives, &mut used);
        set(&fragment.node.selection_set.node, &mut used);
    }
    used
}

fn set(set: &SelectionSet, used: &mut HashSet<Name>) {
    for item in &set.items {
        directives(item.node.directives(), used);
        match &item.node {
            Selection::Field(field) => {
                for (_, value) in &field.node.arguments {
                    let _ = value.node.clone().into_const_with(noting(used));
                }
                self::set(&field.node.selection_set.node, used);
            }
            Selection::InlineFragment(inline) => self::set(&inline.node.selection_set.node, used),
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn directives(directives: &[Positioned<Directive>], used: &mut HashSet<Name>) {
    for (_, value) in directives.iter().flat_map(|directive| &directive.node.arguments) {
        let _ = value.node.clone().into_const_with(noting(used));
    }
}

/// Writes down the variables of a literal while the library puts something in their place.
fn noting(used: &mut HashSet<Name>) -> impl FnMut(Name) -> Result<Value, Infallible> {
    |name| {
        used.insert(name);
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn caller(scopes: &[Scope]) -> Caller {
        let agency = AgencyId(Uuid::nil());
        Caller { scopes: scopes.to_vec(), ..Caller::system(agency, "a test") }
    }

    fn number(
        recipes: &Recipes,
        keep: &mut Vec<Arc<Recipe>>,
        query: &str,
        values: serde_json::Value,
        who: &Caller,
    ) -> u64 {
        let mut request = Request::new(query).variables(Variables::from_json(values));
        keep.push(recipes.of(&mut request, who).unwrap());
        keep.last().unwrap().number
    }

    #[test]
    fn what_chooses_the_events_has_no_part_in_the_recipe() {
        let (recipes, mut keep) = (Recipes::default(), Vec::new());
        let query = "subscription($f: F, $n: Int, $s: Boolean!) { e(filter: $f) { a(n: $n) ...X b @skip(if: $s) } } fragment X on E { c(n: [$n]) }";
        let who = caller(&[Scope::CasesRead, Scope::ReportsRead]);
        let mut of = |values, who: &Caller| number(&recipes, &mut keep, query, values, who);
        let first = of(json!({ "f": { "x": 1 }, "n": 1, "s": true }), &who);
        assert_eq!(first, of(json!({ "f": { "x": 2 }, "n": 1, "s": true }), &who));
        assert_eq!(first, of(json!({ "s": true, "n": 1 }), &caller(&[Scope::ReportsRead, Scope::CasesRead])));
        assert_ne!(first, of(json!({ "n": 2, "s": true }), &who));
        assert_ne!(first, of(json!({ "n": 1, "s": false }), &who));
        assert_ne!(first, of(json!({ "n": 1, "s": true }), &caller(&[Scope::CasesRead])));
        let elsewhere = Caller { agency: AgencyId(Uuid::max()), ..who.clone() };
        assert_ne!(first, of(json!({ "n": 1, "s": true }), &elsewhere));
        let caseload = Caller { caseworker: Some(CaseworkerId(Uuid::max())), ..who };
        assert_ne!(first, of(json!({ "n": 1, "s": true }), &caseload));
    }

    #[test]
    fn a_recipe_goes_with_its_last_follower() {
        let recipes = Recipes::default();
        for n in 0..1_000 {
            let query = format!("subscription {{ e {{ a{n} }} }}");
            drop(recipes.of(&mut Request::new(query), &caller(&[])));
        }
        assert!(recipes.held.lock().unwrap().len() < 100);
    }
}

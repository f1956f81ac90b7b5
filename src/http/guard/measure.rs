//! Counts a parsed document and measures its operations, looking at every fragment once.

use std::collections::{BTreeSet, HashMap};

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Value, Variables};

use crate::config::DocumentLimits;
use crate::failure::Code;
use crate::http::guard::{Cost, too_complex};
use crate::http::ports::{Costs, FieldCost};
use crate::http::refusal::Refusal;

/// The largest page, and with it the largest factor: resolvers refuse more, so that more never costs more.
const MAX_PAGE: u64 = 100;
/// The page of a connection that is asked for without a size.
const DEFAULT_PAGE: u64 = 25;

/// Counts what stands in the whole document, written once or spread often: aliases, directives, definitions.
pub(super) fn census(
    document: &ExecutableDocument,
    limits: &DocumentLimits,
    introspection: bool,
) -> Result<(), Refusal> {
    if document.operations.iter().len() > limits.operations {
        return Err(too_complex("operations", limits.operations));
    }
    if document.fragments.len() > limits.fragments {
        return Err(too_complex("fragments", limits.fragments));
    }
    let mut count = Census::default();
    for (_, operation) in document.operations.iter() {
        count.directives(&operation.node.directives);
        for variable in &operation.node.variable_definitions {
            count.directives(&variable.node.directives);
        }
        count.set(&operation.node.selection_set.node);
    }
    for fragment in document.fragments.values() {
        count.directives(&fragment.node.directives);
        count.set(&fragment.node.selection_set.node);
    }
    if count.aliases > limits.aliases {
        return Err(too_complex("aliases", limits.aliases));
    }
    if count.directives > limits.directives {
        return Err(too_complex("directives", limits.directives));
    }
    if count.introspects && !introspection {
        return Err(Refusal::new(Code::GraphqlValidationFailed, "introspection is switched off"));
    }
    Ok(())
}

#[derive(Default)]
struct Census {
    aliases: usize,
    directives: usize,
    introspects: bool,
}

impl Census {
    /// Recurses no deeper than the brackets of the source, which the scan has bounded.
    fn set(&mut self, set: &SelectionSet) {
        for item in &set.items {
            self.directives(item.node.directives());
            match &item.node {
                Selection::Field(field) => {
                    self.aliases += usize::from(field.node.alias.is_some());
                    self.introspects |= matches!(field.node.name.node.as_str(), "__schema" | "__type");
                    self.set(&field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn directives(&mut self, directives: &[Positioned<Directive>]) {
        self.directives += directives.len();
    }
}

/// What is known of an operation that may run.
pub(super) struct Priced {
    pub(super) cost: Cost,
    /// Deprecated fields that it selects, as `Type.field`.
    pub(super) deprecated: BTreeSet<String>,
}

/// Measures operations.
pub(super) struct Measure<'a> {
    pub(super) document: &'a ExecutableDocument,
    pub(super) limits: &'a DocumentLimits,
    pub(super) costs: &'a Costs,
}

/// The size of a selection set, fragments expanded. Sums saturate, because 2^60 and "too many" are the same thing.
#[derive(Clone, Copy, Default)]
struct Size {
    /// Fields at every level.
    fields: u64,
    /// Fields at this level.
    roots: u64,
    /// Fields at this level that cost money.
    billed: u64,
    /// Levels of fields.
    depth: usize,
    /// Levels of sets: fields, inline fragments and spreads, which the recursion below follows.
    height: usize,
    /// The weight of each field, times the sizes of the pages around it.
    cost: u64,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.roots = self.roots.saturating_add(other.roots);
        self.billed = self.billed.saturating_add(other.billed);
        self.cost = self.cost.saturating_add(other.cost);
        self.depth = self.depth.max(other.depth);
        self.height = self.height.max(other.height);
    }
}

/// What is known of a fragment while it is being measured and after.
enum Seen {
    Open,
    Done(Size),
}

/// One pass over one operation, whose variables decide the page sizes.
struct Pass<'a> {
    measure: &'a Measure<'a>,
    is_billed: &'a dyn Fn(&str) -> bool,
    operation: Option<&'a OperationDefinition>,
    variables: Option<&'a Variables>,
    seen: HashMap<&'a Name, Seen>,
    /// Deprecated fields, as `Type.field`, each once.
    deprecated: BTreeSet<String>,
}

impl<'a> Measure<'a> {
    /// Refuses what exceeds a limit whatever the variables are. Every operation and the fragments nobody spreads are
    /// measured, because validation will visit them.
    pub(super) fn check(&'a self, is_billed: &'a dyn Fn(&str) -> bool) -> Result<(), Refusal> {
        let pass = |operation| Pass {
            measure: self,
            is_billed,
            operation,
            variables: None,
            seen: HashMap::new(),
            deprecated: BTreeSet::new(),
        };
        for (_, operation) in self.document.operations.iter() {
            let size = pass(Some(&operation.node)).operation(&operation.node)?;
            self.within(&operation.node, size)?;
        }
        let mut pass = pass(None);
        for name in self.document.fragments.keys() {
            let size = pass.fragment(name, 0)?;
            self.within_any(size)?;
        }
        Ok(())
    }

    /// Refuses an operation that costs too much with these variables, which decide the page sizes.
    pub(super) fn price(
        &'a self,
        chosen: &'a OperationDefinition,
        variables: &'a Variables,
    ) -> Result<Priced, Refusal> {
        let mut pass = Pass {
            measure: self,
            is_billed: &|_| false,
            operation: Some(chosen),
            variables: Some(variables),
            seen: HashMap::new(),
            deprecated: BTreeSet::new(),
        };
        let size = pass.operation(chosen)?;
        let limit = self.limits.complexity;
        let Some(remaining) = limit.checked_sub(size.cost) else { return Err(too_complex("units of cost", limit)) };
        let cost = Cost { complexity: size.cost, limit, remaining, depth: size.depth, fields: size.fields };
        Ok(Priced { cost, deprecated: pass.deprecated })
    }

    fn within_any(&self, size: Size) -> Result<(), Refusal> {
        let limits = self.limits;
        if size.fields > limits.fields {
            return Err(too_complex("fields", limits.fields));
        }
        if size.depth > limits.depth {
            return Err(too_complex("levels of selections", limits.depth));
        }
        Ok(())
    }

    fn within(&self, operation: &OperationDefinition, size: Size) -> Result<(), Refusal> {
        self.within_any(size)?;
        match operation.ty {
            OperationType::Mutation if size.roots > u64::try_from(self.limits.mutation_fields).unwrap_or(u64::MAX) => {
                return Err(too_complex("root fields of a mutation", self.limits.mutation_fields));
            }
            OperationType::Mutation if size.billed > 1 => return Err(too_complex("billed mutations", 1)),
            OperationType::Subscription if size.roots > 1 => {
                return Err(too_complex("root fields of a subscription", 1));
            }
            _ => {}
        }
        Ok(())
    }
}

impl<'a> Pass<'a> {
    fn operation(&mut self, operation: &'a OperationDefinition) -> Result<Size, Refusal> {
        let root = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        self.set(&operation.selection_set.node, root, 0)
    }

    /// `parent` is the type whose fields are selected.
    fn set(&mut self, set: &'a SelectionSet, parent: &'a str, level: usize) -> Result<Size, Refusal> {
        self.bounded(level)?;
        let mut total = Size::default();
        for item in &set.items {
            let size = match &item.node {
                Selection::Field(field) => self.field(&field.node, parent, level)?,
                Selection::InlineFragment(inline) => {
                    let condition = inline.node.type_condition.as_ref();
                    let parent = condition.map_or(parent, |condition| condition.node.on.node.as_str());
                    let inner = self.set(&inline.node.selection_set.node, parent, level + 1)?;
                    Size { height: inner.height + 1, ..inner }
                }
                Selection::FragmentSpread(spread) => {
                    let inner = self.fragment(&spread.node.fragment_name.node, level + 1)?;
                    Size { height: inner.height + 1, ..inner }
                }
            };
            total.add(size);
        }
        Ok(total)
    }

    fn field(&mut self, field: &'a Field, parent: &str, level: usize) -> Result<Size, Refusal> {
        let name = field.name.node.as_str();
        let declared = self.measure.costs.of(parent, name);
        if declared.is_some_and(|declared| declared.is_deprecated) {
            self.deprecated.insert(format!("{parent}.{name}"));
        }
        let returns = declared.map_or("", |declared| declared.returns.as_str());
        let inner = self.set(&field.selection_set.node, returns, level + 1)?;
        Ok(Size {
            fields: inner.fields.saturating_add(1),
            roots: 1,
            billed: u64::from((self.is_billed)(name)),
            depth: inner.depth + 1,
            height: inner.height + 1,
            cost: inner
                .cost
                .saturating_mul(self.items(field, declared))
                .saturating_add(declared.map_or(1, |d| d.weight)),
        })
    }

    fn fragment(&mut self, name: &'a Name, level: usize) -> Result<Size, Refusal> {
        match self.seen.get(name) {
            Some(Seen::Open) => {
                return Err(Refusal::new(Code::GraphqlValidationFailed, "a fragment contains itself"));
            }
            Some(Seen::Done(size)) => {
                let size = *size;
                self.bounded(level + size.height)?;
                return Ok(size);
            }
            None => {}
        }
        // A fragment that does not exist is the validation's to report.
        let Some((name, fragment)) = self.measure.document.fragments.get_key_value(name) else {
            return Ok(Size::default());
        };
        self.seen.insert(name, Seen::Open);
        let parent = fragment.node.type_condition.node.on.node.as_str();
        let size = self.set(&fragment.node.selection_set.node, parent, level)?;
        self.seen.insert(name, Seen::Done(size));
        Ok(size)
    }

    /// Bounds this module's recursion, and that of every visitor after it: a chain of fragments is deeper than any of
    /// its parts, though it may have no more levels of fields.
    fn bounded(&self, level: usize) -> Result<(), Refusal> {
        let most = self.measure.limits.nesting;
        if level > most { Err(too_complex("levels of fragments and fields", most)) } else { Ok(()) }
    }

    /// How many objects the field may answer with, as far as its arguments tell; else as many as is usual. A field that
    /// the schema does not have is judged by its looks.
    fn items(&self, field: &Field, declared: Option<&FieldCost>) -> u64 {
        let (usual, sized_by) = match declared {
            Some(declared) => (declared.items, declared.sized_by),
            None => (if is_connection(field) { DEFAULT_PAGE } else { 1 }, &["first", "last", "ids"][..]),
        };
        let asked = sized_by.iter().filter_map(|name| match self.argument(field, name)? {
            Value::Number(number) => number.as_u64(),
            Value::List(items) => u64::try_from(items.len()).ok(),
            _ => None,
        });
        asked.max().map_or(usual, |asked| asked.clamp(1, MAX_PAGE))
    }

    /// An argument's value, variables filled in; `None` when it is missing.
    fn argument(&self, field: &Field, name: &str) -> Option<Value> {
        let written = field.get_argument(name)?.node.clone();
        written.into_const_with(|name| self.variable(&name).cloned().ok_or(())).ok()
    }

    fn variable(&self, name: &Name) -> Option<&Value> {
        self.variables.and_then(|variables| variables.get(name)).or_else(|| {
            let definitions = &self.operation?.variable_definitions;
            let definition = definitions.iter().find(|definition| &definition.node.name.node == name)?;
            definition.node.default_value.as_ref().map(|value| &value.node)
        })
    }
}

fn is_connection(field: &Field) -> bool {
    field.selection_set.node.items.iter().any(|item| match &item.node {
        Selection::Field(inner) => matches!(inner.node.name.node.as_str(), "nodes" | "edges"),
        _ => false,
    })
}

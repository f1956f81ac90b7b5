//! What the fields of the schema cost: the declared table behind the limit on complexity.
//!
//! The unit is one value of one object that is in hand. A field costs its weight, and what is selected under it as often
//! as it may answer: a page by its size (`first`, `last`), a look-up by its ids, a bounded list by what is usual
//! ([`LISTS`]). What a page loads is batched, so a weight speaks of rows and arithmetic and not of statements.

use async_graphql::parser::types::{BaseType, FieldDefinition, TypeKind, TypeSystemDefinition};

/// One field's cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldCost {
    /// The type that has the field.
    pub parent: String,
    /// Its name.
    pub field: String,
    /// The type of its answers.
    pub returns: String,
    /// What the field itself costs.
    pub weight: u64,
    /// How many answers it has where its arguments do not say.
    pub items: u64,
    /// Arguments that say how many: a number of them, or a list of as many.
    pub sized_by: &'static [&'static str],
    /// Whether it is deprecated, so that its use is counted.
    pub is_deprecated: bool,
}

/// A page without a size ([`crate::page`]).
const PAGE: u64 = 25;

/// Lists of objects that are no pages, and how long they usually are. Every one of them stands here.
const LISTS: &[(&str, &str, u64)] = &[
    ("ArithmeticStep", "parts", 5),
    ("AuditEntry", "cases", 25),
    ("Case", "employerLinks", 5),
    ("Case", "history", 25),
    ("EmployerLink", "history", 10),
    ("Employment", "incomeMethods", 3),
    ("IncomeArithmetic", "steps", 3),
    ("ImportCasesPayload", "cases", 100),
    ("ImportCasesPayload", "refused", 10),
    ("IncomeReport", "employments", 5),
    ("Order", "employers", 5),
    ("PayStatement", "deductions", 5),
    ("PayStatement", "earnings", 5),
    ("Query", "caseCounts", 10),
    ("Query", "ledgerTotals", 25),
    ("Query", "linkLifetimes", 25),
    ("Query", "setAsideJobs", 25),
    ("RecordedDecision", "edits", 5),
    ("RefreshLineage", "entries", 10),
    ("RefreshPreview", "targets", 5),
    ("Renewal", "decisions", 2),
    ("Renewal", "orders", 3),
    ("RenewalPlan", "actions", 10),
    ("RenewalPlan", "days", 30),
    ("RenewalPlan", "health", 5),
    ("RenewalPlan", "spending", 7),
    ("ReplayDeliveriesPayload", "deliveries", 25),
    ("ReviewCheck", "evidence", 5),
    ("ReviewField", "evidence", 5),
    ("ReviewField", "previousEvidence", 5),
    ("ReviewPrefill", "carriedEmployments", 2),
    ("ReviewPrefill", "changes", 10),
    ("ReviewPrefill", "decisions", 2),
    ("ReviewPrefill", "fields", 25),
    ("ReviewPrefill", "lateReports", 1),
    ("ReviewStability", "checks", 6),
    ("ReviewSufficiency", "checks", 15),
];

/// Fields that cost more than the one unit of a value in hand.
const WEIGHTS: &[(&str, &str, u64)] = &[
    // Reads everything that the case and its connections ever said.
    ("Case", "history", 25),
    // Walks all orders of the case.
    ("Case", "lineage", 10),
    // Reads two reports with their pay statements and compares them.
    ("Case", "review", 25),
    ("EmployerLink", "history", 10),
    // Counts every case in sight.
    ("Query", "caseCounts", 25),
    // Reads every case of the time with its connections.
    ("Query", "planRenewals", 100),
    // Decides as the mutation would.
    ("Query", "refreshPreview", 25),
    // Reads the whole case and writes it out.
    ("Renewal", "evidencePacket", 500),
    ("Renewal", "review", 25),
];

/// A page's own weight: a statement, and another one for `totalCount`.
const PAGE_WEIGHT: u64 = 5;
/// A mutation's: it takes locks, and writes rows, a job and events.
const MUTATION_WEIGHT: u64 = 50;

/// Every field of a printed schema with its cost.
pub(super) fn of(sdl: &str) -> Vec<FieldCost> {
    let Ok(document) = async_graphql::parser::parse_schema(sdl) else { return Vec::new() };
    let mut costs = vec![entities()];
    for definition in &document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let fields = match &definition.node.kind {
            TypeKind::Object(object) => &object.fields,
            TypeKind::Interface(interface) => &interface.fields,
            _ => continue,
        };
        costs.extend(fields.iter().map(|field| cost(definition.node.name.node.as_str(), &field.node)));
    }
    costs
}

/// The look-up by key of a federated graph, which no printed schema shows.
fn entities() -> FieldCost {
    FieldCost {
        parent: "Query".to_owned(),
        field: "_entities".to_owned(),
        returns: "_Entity".to_owned(),
        weight: PAGE_WEIGHT,
        items: 1,
        sized_by: &["representations"],
        is_deprecated: false,
    }
}

fn cost(parent: &str, field: &FieldDefinition) -> FieldCost {
    let name = field.name.node.as_str();
    let (returns, is_list) = named(&field.ty.node.base);
    let has = |argument: &str| field.arguments.iter().any(|found| found.node.name.node == argument);
    let is_page = has("first");
    // The nodes of a page have been counted at the page.
    let is_part_of_page = parent.ends_with("Connection") && matches!(name, "nodes" | "edges");
    let declared = |table: &[(&str, &str, u64)]| {
        table.iter().find(|(owner, field, _)| *owner == parent && *field == name).map(|(_, _, number)| *number)
    };
    FieldCost {
        parent: parent.to_owned(),
        field: name.to_owned(),
        returns: returns.to_owned(),
        weight: declared(WEIGHTS).unwrap_or(match parent {
            "Mutation" => MUTATION_WEIGHT,
            _ if is_page => PAGE_WEIGHT,
            _ => 1,
        }),
        items: match declared(LISTS) {
            Some(usual) => usual,
            None if is_page => PAGE,
            // A list that nobody has declared is taken for a long one; one of values has nothing under it to repeat, and
            // errors are the exception.
            None if is_list && !is_part_of_page && !returns.ends_with("Error") => PAGE,
            None => 1,
        },
        sized_by: match (is_page, is_list && has("ids")) {
            (true, _) => &["first", "last"],
            (_, true) => &["ids"],
            _ => &[],
        },
        is_deprecated: field.directives.iter().any(|directive| directive.node.name.node == "deprecated"),
    }
}

/// The name of a type without its brackets, and whether it had any.
fn named(base: &BaseType) -> (&str, bool) {
    match base {
        BaseType::Named(name) => (name.as_str(), false),
        BaseType::List(item) => (named(&item.base).0, true),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The types whose fields can be selected.
    fn composite(costs: &[FieldCost]) -> BTreeSet<&str> {
        costs.iter().map(|cost| cost.parent.as_str()).collect()
    }

    #[test]
    fn every_list_of_objects_counts_its_page_or_is_declared() {
        let sdl = crate::graphql::sdl();
        let costs = of(&sdl);
        assert!(costs.len() > 200, "{}", costs.len());
        let composite = composite(&costs);
        let lists: BTreeSet<(&str, &str)> = LISTS.iter().map(|(parent, field, _)| (*parent, *field)).collect();
        let document = async_graphql::parser::parse_schema(&sdl).unwrap();
        let mut found = BTreeSet::new();
        for definition in &document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let TypeKind::Object(object) = &definition.node.kind else { continue };
            let parent = definition.node.name.node.as_str();
            for field in &object.fields {
                let name = field.node.name.node.as_str();
                let (returns, is_list) = named(&field.node.ty.node.base);
                let known = costs.iter().find(|cost| cost.parent == parent && cost.field == name).unwrap();
                if returns.ends_with("Connection") {
                    assert_eq!((known.items, known.sized_by), (PAGE, &["first", "last"][..]), "{parent}.{name}");
                }
                let is_counted = parent.ends_with("Connection") || !known.sized_by.is_empty();
                if is_list && composite.contains(returns) && !is_counted {
                    found.insert((parent.to_owned(), name.to_owned()));
                }
            }
        }
        let found: BTreeSet<(&str, &str)> = found.iter().map(|(parent, field)| (&**parent, &**field)).collect();
        assert_eq!(found, lists, "a list of objects needs its usual length in LISTS");
    }

    #[test]
    fn every_declared_field_exists() {
        let costs = of(&crate::graphql::sdl());
        for (parent, field, number) in LISTS.iter().chain(WEIGHTS) {
            let cost = costs.iter().find(|cost| cost.parent == *parent && cost.field == *field);
            let cost = cost.unwrap_or_else(|| panic!("{parent}.{field} is declared and does not exist"));
            assert!(cost.items == *number || cost.weight == *number, "{parent}.{field}");
        }
    }

    #[test]
    fn ids_and_pages_say_their_own_size() {
        let costs = of(&crate::graphql::sdl());
        let sized = |parent: &str, field: &str| {
            costs.iter().find(|cost| cost.parent == parent && cost.field == field).unwrap().sized_by
        };
        assert_eq!(sized("Query", "nodes"), ["ids"]);
        assert_eq!(sized("Query", "cases"), ["first", "last"]);
        assert_eq!(sized("Employment", "payStatements"), ["first", "last"]);
    }
}

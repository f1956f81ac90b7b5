//! The gate in front of every executor, the same over HTTP, WebSocket and event streams.
//!
//! In order: the source is scanned ([`scan`]) before a recursive parser sees it; it is parsed; the document is counted
//! and measured with every fragment looked at once ([`measure`]); the values are checked ([`values`]). The library's own
//! depth and complexity limits come after validation, whose work a small document can double thirty times over.

#[cfg(test)]
mod hostile;
mod measure;
mod scan;
mod values;

use std::collections::BTreeSet;
use std::sync::Arc;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection,
};
use async_graphql::parser::{self, parse_query};
use async_graphql::{Name, Request, Variables};
use serde::Serialize;

use crate::config::DocumentLimits;
use crate::failure::Code;
use crate::http::ports::{Costs, OperationInfo};
use crate::http::refusal::Refusal;

/// The gate with its limits.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    limits: DocumentLimits,
    introspection: bool,
    costs: Costs,
}

/// A document within every limit that does not depend on its variables. A registered one is measured once, at start.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    source: String,
    /// SHA-256 of the source, hexadecimal.
    hash: Arc<str>,
    document: ExecutableDocument,
}

/// A request that may be executed.
pub(crate) struct Admitted {
    /// The request, its document already parsed.
    pub(crate) request: Request,
    /// What the chosen operation is.
    pub(crate) info: OperationInfo,
    /// What it costs with its variables.
    pub(crate) cost: Cost,
    /// Deprecated fields that it selects, as `Type.field`.
    pub(crate) deprecated: BTreeSet<String>,
    /// What it is called in the metrics: its root field, if it has one that the schema knows.
    pub(crate) label: String,
}

/// What an operation costs, as its answer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Cost {
    /// Units, page sizes counted.
    pub(crate) complexity: u64,
    /// The most units that one operation may cost.
    pub(crate) limit: u64,
    /// What is left between the two.
    pub(crate) remaining: u64,
    /// Levels of fields.
    pub(crate) depth: usize,
    /// Fields, fragments expanded.
    pub(crate) fields: u64,
}

impl Measured {
    /// The document's text.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

impl Guard {
    pub(crate) fn new(limits: DocumentLimits, introspection: bool, costs: Costs) -> Self {
        Self { limits, introspection, costs }
    }

    fn measured<'a>(&'a self, document: &'a ExecutableDocument) -> measure::Measure<'a> {
        measure::Measure { document, limits: &self.limits, costs: &self.costs }
    }

    /// Reads and measures a document, or says which limit it breaks. `hash` is the SHA-256 of the source, `is_billed`
    /// knows the root fields that cost money.
    pub(crate) fn measure(
        &self,
        source: String,
        hash: &[u8; 32],
        is_billed: &dyn Fn(&str) -> bool,
    ) -> Result<Measured, Refusal> {
        scan::check(&source, &self.limits)?;
        let document = parse_query(&source).map_err(|error| parse_refusal(&error))?;
        measure::census(&document, &self.limits, self.introspection)?;
        self.measured(&document).check(is_billed)?;
        values::literals(&document)?;
        Ok(Measured { source, hash: hex::encode(hash).into(), document })
    }

    /// Lets a request through, or says why its operation or its variables are not admitted.
    pub(crate) fn admit(
        &self,
        measured: Measured,
        operation_name: Option<String>,
        variables: Variables,
    ) -> Result<Admitted, Refusal> {
        let Measured { source, hash, document } = measured;
        let (name, operation) = choose(&document, operation_name.as_deref())?;
        let info = OperationInfo { kind: operation.ty, name, document: hash };
        let measure::Priced { cost, deprecated } = self.measured(&document).price(operation, &variables)?;
        values::variables(operation, &variables)?;
        let label = self.label(operation);
        let mut request = Request::new(source).variables(variables);
        request.operation_name = operation_name;
        request.set_parsed_query(document);
        Ok(Admitted { request, info, cost, deprecated, label })
    }

    /// A word out of the schema, because the operation's own name is the client's and there may be any number of them.
    fn label(&self, operation: &OperationDefinition) -> String {
        let parent = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        let mut fields = operation.selection_set.node.items.iter().map(|item| match &item.node {
            Selection::Field(field) => Some(field.node.name.node.as_str()),
            Selection::FragmentSpread(_) | Selection::InlineFragment(_) => None,
        });
        match (fields.next().flatten(), fields.next()) {
            (Some(field), None) if self.costs.of(parent, field).is_some() => field.to_owned(),
            (Some(field), None) if field.starts_with("__") => "introspection".to_owned(),
            (Some(_), None) => "unknown".to_owned(),
            _ => "several".to_owned(),
        }
    }

    /// Whether every operation of a document is admitted without any variable: then it is not refused whatever page the
    /// client leaves out. For documents that are checked before anybody sends them.
    pub(crate) fn price(&self, measured: &Measured) -> Result<(), Refusal> {
        let (measure, nothing) = (self.measured(&measured.document), Variables::default());
        let mut operations = measured.document.operations.iter();
        operations.try_for_each(|(_, operation)| measure.price(&operation.node, &nothing).map(drop))
    }
}

/// The operation that is meant, with its name.
fn choose<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<(Option<String>, &'a OperationDefinition), Refusal> {
    let chosen = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some((None, operation)),
        (DocumentOperations::Multiple(operations), Some(name)) => {
            operations.get(&Name::new(name)).map(|operation| (Some(name.to_owned()), operation))
        }
        (DocumentOperations::Multiple(operations), None) if operations.len() == 1 => {
            operations.iter().next().map(|(name, operation)| (Some(name.to_string()), operation))
        }
        (DocumentOperations::Multiple(_), None) => {
            return Err(Refusal::new(Code::BadRequest, "the document has several operations: name one"));
        }
        (DocumentOperations::Single(_), Some(_)) => None,
    };
    chosen
        .map(|(name, operation)| (name, &operation.node))
        .ok_or_else(|| Refusal::new(Code::BadRequest, "the document has no operation of that name"))
}

/// The library's words quote the document and its grammar's rules, so they are replaced by ours.
fn parse_refusal(error: &parser::Error) -> Refusal {
    let message = match error {
        parser::Error::Syntax { .. } => "the document is not valid GraphQL",
        parser::Error::MultipleOperations { .. } => "an operation without a name must be the only one",
        parser::Error::OperationDuplicated { .. } => "two operations have the same name",
        parser::Error::FragmentDuplicated { .. } => "two fragments have the same name",
        parser::Error::MissingOperation => "the document has no operation",
        parser::Error::RecursionLimitExceeded => "the document is nested too deeply",
        _ => "the document is not an executable one",
    };
    let refusal = Refusal::new(Code::GraphqlParseFailed, message);
    match error.positions().next() {
        Some(position) => refusal.at(position.line, position.column),
        None => refusal,
    }
}

/// A limit that is exceeded, in words that name it and its size.
fn too_complex(what: &str, limit: impl std::fmt::Display) -> Refusal {
    Refusal::new(Code::QueryTooComplex, format!("the document exceeds the limit of {limit} {what}"))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use rstest::rstest;

    use super::*;

    const HASH: [u8; 32] = [7; 32];

    fn admit_with(query: &str, variables: serde_json::Value) -> Result<Admitted, String> {
        let guard = Guard::new(DocumentLimits::default(), false, Costs::default());
        let measured = guard.measure(query.to_owned(), &HASH, &|name| name == "createRefreshOrder");
        measured.and_then(|measured| guard.admit(measured, None, Variables::from_json(variables))).map_err(|refusal| {
            let error = refusal.error(uuid::Uuid::nil());
            format!("{} {}", refusal.code(), error["message"].as_str().unwrap_or_default())
        })
    }

    fn numbered(count: usize, one: impl Fn(usize) -> String) -> String {
        (0..count).map(one).collect()
    }

    fn refusal(query: &str) -> String {
        admit_with(query, serde_json::Value::Null).err().unwrap_or_else(|| "admitted".to_owned())
    }

    #[rstest]
    #[case::bytes(format!("{{ a }} #{}", "x".repeat(16_384)), "16384 bytes")]
    #[case::tokens(format!("{{ {} }}", "a ".repeat(2_000)), "2000 tokens")]
    #[case::nesting(format!("{{ a(x: {}{}) }}", "[".repeat(70), "]".repeat(70)), "64 levels of brackets")]
    #[case::open_nesting("[".repeat(1_500), "64 levels of brackets")]
    #[case::depth(format!("{}a{}", "{ a ".repeat(11), " }".repeat(11)), "10 levels of selections")]
    #[case::fields(format!("{{ {} }}", "a ".repeat(501)), "500 fields")]
    #[case::typenames(format!("{{ {} }}", "__typename ".repeat(501)), "500 fields")]
    #[case::aliases(format!("{{ {} }}", numbered(31, |n| format!("x{n}: a "))), "30 aliases")]
    #[case::directives(format!("{{ a {} }}", "@skip(if: false) ".repeat(51)), "50 directives")]
    #[case::variable_directives(format!("query($x: Int {}) {{ a(x: $x) }}", "@d ".repeat(51)), "50 directives")]
    #[case::operations(numbered(11, |n| format!("query Q{n} {{ a }} ")), "10 operations")]
    #[case::fragments(
        format!("{{ a }} {}", numbered(51, |n| format!("fragment F{n} on Query {{ a }} "))),
        "50 fragments"
    )]
    #[case::mutations("mutation { a b c d e f }".to_owned(), "5 root fields of a mutation")]
    #[case::billed(
        "mutation { createRefreshOrder { a } ...F } fragment F on Mutation { b: createRefreshOrder { a } }".to_owned(),
        "1 billed mutations"
    )]
    #[case::subscriptions("subscription { a b }".to_owned(), "1 root fields of a subscription")]
    #[case::cost("{ a(first: 100) { b(first: 100) { c } } }".to_owned(), "10000 units of cost")]
    fn each_limit_has_its_own_message(#[case] query: String, #[case] limit: &str) {
        assert_eq!(refusal(&query), format!("QUERY_TOO_COMPLEX the document exceeds the limit of {limit}"));
    }

    /// For how long this thread has had a core, since other work on this machine is not the gate's; where the system does
    /// not tell, the time that has passed.
    fn worked(since: Instant) -> Duration {
        let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
        let nanos = told.and_then(|told| told.split(' ').next()?.parse().ok());
        nanos.map_or_else(|| since.elapsed(), Duration::from_nanos)
    }

    #[test]
    fn every_hostile_document_is_through_with_in_a_twentieth_of_a_second() {
        let since = Instant::now();
        for hostile in hostile::documents() {
            let variables: serde_json::Value = serde_json::from_str(hostile.variables).unwrap();
            let one = || {
                let start = worked(since);
                let outcome = admit_with(&hostile.document, variables.clone());
                (worked(since).saturating_sub(start), outcome.err())
            };
            // The best of three: the first one pays for memory that the others find.
            let (time, refusal) = [one(), one(), one()].into_iter().min().unwrap();
            assert!(time < Duration::from_millis(50), "{}: {time:?}", hostile.name);
            // What only a schema can tell is admitted here.
            assert!(refusal.is_none_or(|text| text.starts_with(hostile.code)), "{}", hostile.name);
        }
    }

    #[rstest]
    #[case("{ ...A } fragment A on Q { ...B } fragment B on Q { ...A }")]
    #[case("{ a } fragment A on Q { a { ...A } }")]
    fn fragments_in_a_circle_are_refused(#[case] query: &str) {
        assert_eq!(refusal(query), "GRAPHQL_VALIDATION_FAILED a fragment contains itself");
    }

    #[rstest]
    #[case("{ __schema { types { name } } }")]
    #[case("{ a ... @include(if: true) { x: __type(name: \"Q\") { name } } }")]
    fn introspection_is_refused_when_it_is_off(#[case] query: &str) {
        assert_eq!(refusal(query), "GRAPHQL_VALIDATION_FAILED introspection is switched off");
    }

    #[rstest]
    #[case("query($a: ID!) { x(a: $a) }", serde_json::json!({}), "the variable $a is required")]
    #[case("query($a: ID!) { x(a: $a) }", serde_json::json!({"a": null}), "the variable $a is required")]
    #[case("query($a: Int) { x(a: $a) }", serde_json::json!({"a": 2_147_483_648_u64}), "an integer does not fit 32 bits")]
    #[case("query($a: In) { x(a: $a) }", serde_json::json!({"a": {"b": [1e12]}}), "an integer does not fit 32 bits")]
    #[case("{ x(a: -2147483649) }", serde_json::json!({}), "an integer does not fit 32 bits")]
    #[case("query($a: [Int!]) { x(a: $a) }", serde_json::json!({"a": [1, null]}), "the variable $a does not fit its type")]
    #[case("query($a: Boolean) { x(a: $a) }", serde_json::json!({"a": "yes"}), "the variable $a does not fit its type")]
    #[case("query($a: String) { x(a: $a) }", serde_json::json!({"a": "\0"}), "a string holds a control character")]
    #[case("{ x(a: \"\\u0000\") }", serde_json::json!({}), "a string holds a control character")]
    fn values_are_checked_before_anything_runs(
        #[case] query: &str,
        #[case] variables: serde_json::Value,
        #[case] message: &str,
    ) {
        assert_eq!(admit_with(query, variables).err().unwrap(), format!("BAD_USER_INPUT {message}"));
    }

    #[test]
    fn a_nullable_or_defaulted_variable_may_be_missing() {
        let query = "query($a: ID, $b: Int! = 2, $c: [String!]) { x(a: $a, b: $b, c: $c) }";
        assert!(admit_with(query, serde_json::json!({ "c": "one coerces to a list" })).is_ok());
    }

    /// One field of a small schema.
    fn declare(costs: &mut Costs, parent: &str, field: &str, returns: &str, (weight, items): (u64, u64)) {
        let sized_by = &["first", "ids"][..];
        costs.declare(
            parent.to_owned(),
            field.to_owned(),
            crate::http::ports::FieldCost {
                returns: returns.to_owned(),
                weight,
                items,
                sized_by,
                is_deprecated: field == "heavy",
            },
        );
    }

    #[rstest]
    #[case::weights("{ plain heavy }", 1 + 40)]
    #[case::a_list_of_usual_length("{ list { plain } }", 1 + 7 * 3)]
    #[case::a_page("{ list(first: 2) { plain } }", 1 + 2 * 3)]
    #[case::a_page_of_more_than_there_can_be("{ list(first: 5000) { plain } }", 1 + 100 * 3)]
    #[case::a_look_up("{ list(ids: [1, 2, 3]) { plain } }", 1 + 3 * 3)]
    #[case::by_a_variable("query($n: Int = 4) { list(first: $n) { plain } }", 1 + 4 * 3)]
    #[case::the_type_of_a_fragment("{ ...F } fragment F on Item { plain }", 3)]
    #[case::the_type_of_an_inline_fragment("{ node { ... on Item { plain } ... { plain } } }", 1 + 3 + 1)]
    #[case::what_no_schema_has("{ nothing { nodes { a } } }", 1 + 25 * 2)]
    fn each_field_costs_what_is_declared_for_its_type(#[case] query: &str, #[case] complexity: u64) {
        let mut costs = Costs::default();
        declare(&mut costs, "Query", "plain", "String", (1, 1));
        declare(&mut costs, "Query", "heavy", "String", (40, 1));
        declare(&mut costs, "Query", "list", "Item", (1, 7));
        declare(&mut costs, "Query", "node", "Node", (1, 1));
        declare(&mut costs, "Item", "plain", "String", (3, 1));
        declare(&mut costs, "Node", "plain", "String", (1, 1));
        let guard = Guard::new(DocumentLimits::default(), false, costs);
        let measured = guard.measure(query.to_owned(), &HASH, &|_| false).unwrap();
        let admitted = guard.admit(measured, None, Variables::default()).ok().unwrap();
        let deprecated: Vec<&str> = admitted.deprecated.iter().map(String::as_str).collect();
        assert_eq!(deprecated, if query.contains("heavy") { vec!["Query.heavy"] } else { Vec::new() });
        let cost = admitted.cost;
        assert_eq!((cost.complexity, cost.remaining, cost.limit), (complexity, 10_000 - complexity, 10_000));
    }

    #[test]
    fn the_documents_that_clients_really_send_are_within_the_limits() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/operations");
        let variables = serde_json::json!({ "id": "a", "by": { "id": "a" }, "input": {}, "caseId": "a", "window": {} });
        let mut seen = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let document = std::fs::read_to_string(&path).unwrap();
            assert_eq!(admit_with(&document, variables.clone()).err(), None, "{}", path.display());
            seen += 1;
        }
        assert!(seen > 0);
    }

    #[test]
    fn the_librarys_words_about_syntax_stay_inside() {
        assert_eq!(refusal("{ a(secret: \"hunter2\" "), "GRAPHQL_PARSE_FAILED the document is not valid GraphQL");
    }
}

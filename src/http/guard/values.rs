//! Checks variables and literals before anything runs.
//!
//! The library notices a missing required variable, or an integer beyond 32 bits, only when the field that uses it
//! runs: an earlier mutation field has then taken effect, and `@include(if: $missing)` is silently false.

use async_graphql::parser::types::{
    BaseType, Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type,
};
use async_graphql::{Positioned, Value, Variables};

use crate::failure::Code;
use crate::http::refusal::Refusal;

/// Characters of one string, variable or literal.
const MAX_STRING: usize = 10_000;

/// Refuses variables that are missing or do not fit, and values in them that no argument of ours takes.
pub(super) fn variables(operation: &OperationDefinition, variables: &Variables) -> Result<(), Refusal> {
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        let name = &definition.name.node;
        let kind = &definition.var_type.node;
        match (variables.get(name), &definition.default_value) {
            // A default stands in for a missing value, not for null.
            (None, None) | (Some(Value::Null), _) if !kind.nullable => return Err(about(name, "is required")),
            (Some(value), _) if !fits(value, kind) => return Err(about(name, "does not fit its type")),
            _ => {}
        }
    }
    variables.values().try_for_each(plain)
}

/// Refuses values in the document itself that no argument of ours takes.
pub(super) fn literals(document: &ExecutableDocument) -> Result<(), Refusal> {
    for (_, operation) in document.operations.iter() {
        for definition in &operation.node.variable_definitions {
            definition.node.default_value.as_ref().map_or(Ok(()), |default| plain(&default.node))?;
        }
        directives(&operation.node.directives)?;
        set(&operation.node.selection_set.node)?;
    }
    for fragment in document.fragments.values() {
        directives(&fragment.node.directives)?;
        set(&fragment.node.selection_set.node)?;
    }
    Ok(())
}

fn about(variable: &str, problem: &str) -> Refusal {
    // A name may be as long as the document.
    let name: String = variable.chars().take(80).collect();
    Refusal::new(Code::BadUserInput, format!("the variable ${name} {problem}"))
}

/// Whether a value fits as far as the built-in types tell; the schema's own types are the validation's business.
fn fits(value: &Value, kind: &Type) -> bool {
    if *value == Value::Null {
        return kind.nullable;
    }
    match (&kind.base, value) {
        (BaseType::List(item), Value::List(values)) => values.iter().all(|value| fits(value, item)),
        // One value stands for a list of one (GraphQL specification, 3.11).
        (BaseType::List(item), value) => fits(value, item),
        (BaseType::Named(name), value) => match name.as_str() {
            // Integers beyond 32 bits are refused by `plain`, in words of their own.
            "Int" => {
                matches!(value, Value::Number(number) if !number.is_f64() || number.as_f64().is_some_and(is_whole))
            }
            "Boolean" => matches!(value, Value::Boolean(_)),
            "String" => matches!(value, Value::String(_)),
            "ID" => match value {
                Value::String(_) => true,
                Value::Number(number) => !number.is_f64(),
                _ => false,
            },
            _ => true,
        },
    }
}

fn set(set: &SelectionSet) -> Result<(), Refusal> {
    for item in &set.items {
        directives(item.node.directives())?;
        match &item.node {
            Selection::Field(field) => {
                for (_, value) in &field.node.arguments {
                    plain(&literal(value.node.clone().into_const_with(|_| Ok(Value::Null))))?;
                }
                self::set(&field.node.selection_set.node)?;
            }
            Selection::InlineFragment(inline) => self::set(&inline.node.selection_set.node)?,
            Selection::FragmentSpread(_) => {}
        }
    }
    Ok(())
}

fn directives(directives: &[Positioned<Directive>]) -> Result<(), Refusal> {
    for directive in directives {
        for (_, value) in &directive.node.arguments {
            plain(&literal(value.node.clone().into_const_with(|_| Ok(Value::Null))))?;
        }
    }
    Ok(())
}

/// A literal whose variables are taken for null, which cannot fail.
fn literal(value: Result<Value, std::convert::Infallible>) -> Value {
    match value {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

/// Refuses what no argument of ours takes: integers that `Int` cannot hold (it is the schema's only number; money
/// travels as text), control characters other than line ends and tabs (PostgreSQL refuses U+0000), endless strings.
fn plain(value: &Value) -> Result<(), Refusal> {
    match value {
        Value::Number(number) => {
            let fits = number.as_i64().map_or_else(
                || number.as_f64().is_none_or(|number| !is_whole(number) || number.abs() <= f64::from(i32::MAX)),
                |number| i32::try_from(number).is_ok(),
            );
            if fits { Ok(()) } else { Err(Refusal::new(Code::BadUserInput, "an integer does not fit 32 bits")) }
        }
        Value::String(text) if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) => {
            Err(Refusal::new(Code::BadUserInput, "a string holds a control character"))
        }
        Value::String(text) if text.chars().count() > MAX_STRING => {
            Err(Refusal::new(Code::BadUserInput, format!("a string is longer than {MAX_STRING} characters")))
        }
        Value::List(values) => values.iter().try_for_each(plain),
        Value::Object(fields) => fields.values().try_for_each(plain),
        _ => Ok(()),
    }
}

fn is_whole(number: f64) -> bool {
    number.fract() == 0.0
}

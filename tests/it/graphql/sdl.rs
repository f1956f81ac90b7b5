//! The printed schema is reviewed like code.

const FILE: &str = include_str!("../../../schema/schema.graphql");

#[test]
fn the_printed_schema_is_the_one_in_the_file() {
    assert!(
        recert::graphql::sdl() == FILE,
        "the schema has changed: run `cargo run -- schema > schema/schema.graphql` and review the difference"
    );
}

#[test]
fn every_type_field_argument_and_value_is_described() {
    let mut described = false;
    let mut missing = Vec::new();
    let mut inside_text = false;
    for (number, line) in FILE.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("\"\"\"") {
            inside_text = line == "\"\"\"" && !inside_text;
            described = true;
            continue;
        }
        if inside_text {
            continue;
        }
        let is_item = !line.is_empty()
            && !line.starts_with(['}', ')', '@'])
            && !["schema", "query:", "mutation:", "subscription:", "directive", "union"]
                .iter()
                .any(|w| line.starts_with(w));
        if is_item && !described {
            missing.push(format!("{}: {line}", number + 1));
        }
        described = false;
    }
    assert!(missing.is_empty(), "without a description:\n{}", missing.join("\n"));
}

#[test]
fn one_of_and_the_scalars_pages_are_declared() {
    for part in [
        "directive @oneOf on INPUT_OBJECT",
        "input CaseBy @oneOf {",
        "scalar Date @specifiedBy(url: \"https://scalars.graphql.org/chillicream/local-date.html\")",
        "scalar Decimal @specifiedBy(",
        "interface CaseEvent implements Node {",
        "type OrderStatusChanged implements CaseEvent & Node {",
    ] {
        assert!(FILE.contains(part), "{part}");
    }
}

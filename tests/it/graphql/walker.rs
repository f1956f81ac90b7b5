//! Writes documents that ask for everything the schema has, with every argument that could lead somewhere else.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, InputValueDefinition, Type, TypeKind, TypeSystemDefinition};
use serde_json::Value;

/// The schema, as far as documents are concerned.
pub(crate) struct Walker {
    types: HashMap<String, Kind>,
}

enum Kind {
    /// Fields of an object, with the types that an interface or a union may be.
    Object(Vec<Field>),
    Abstract(Vec<String>),
    Input {
        fields: Vec<Argument>,
        is_one_of: bool,
    },
    Enum(String),
}

struct Field {
    name: String,
    arguments: Vec<Argument>,
    returns: String,
}

struct Argument {
    name: String,
    ty: String,
    is_list: bool,
    is_required: bool,
}

/// What arguments are filled with.
pub(crate) struct Probes {
    pub(crate) ids: Vec<String>,
    pub(crate) texts: Vec<String>,
}

fn named(ty: &Type) -> (String, bool) {
    match &ty.base {
        BaseType::Named(name) => (name.to_string(), false),
        BaseType::List(inner) => (named(inner).0, true),
    }
}

fn argument(value: &InputValueDefinition) -> Argument {
    let (ty, is_list) = named(&value.ty.node);
    let is_required = !value.ty.node.nullable && value.default_value.is_none();
    Argument { name: value.name.node.to_string(), ty, is_list, is_required }
}

impl Walker {
    pub(crate) fn new() -> Self {
        let document = parse_schema(recert::graphql::sdl()).unwrap();
        let (mut types, mut members) = (HashMap::new(), BTreeMap::<String, Vec<String>>::new());
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            let kind = match definition.node.kind {
                TypeKind::Object(object) => {
                    for interface in &object.implements {
                        members.entry(interface.node.to_string()).or_default().push(name.clone());
                    }
                    let fields = object.fields.into_iter().map(|field| Field {
                        name: field.node.name.node.to_string(),
                        arguments: field.node.arguments.iter().map(|value| argument(&value.node)).collect(),
                        returns: named(&field.node.ty.node).0,
                    });
                    Kind::Object(fields.collect())
                }
                TypeKind::Union(union) => {
                    Kind::Abstract(union.members.iter().map(|member| member.node.to_string()).collect())
                }
                TypeKind::InputObject(input) => Kind::Input {
                    fields: input.fields.iter().map(|field| argument(&field.node)).collect(),
                    is_one_of: definition.node.directives.iter().any(|it| it.node.name.node == "oneOf"),
                },
                TypeKind::Enum(words) => Kind::Enum(words.values[0].node.value.node.to_string()),
                TypeKind::Scalar | TypeKind::Interface(_) => continue,
            };
            types.insert(name, kind);
        }
        types.extend(members.into_iter().map(|(name, members)| (name, Kind::Abstract(members))));
        Self { types }
    }

    /// Everything of a type, so many levels deep, no type inside itself. Empty for a leaf.
    fn selection(&self, ty: &str, depth: usize, path: &mut Vec<String>) -> String {
        match self.types.get(ty) {
            Some(Kind::Object(fields)) => {
                path.push(ty.to_owned());
                let parts: Vec<String> = fields.iter().filter_map(|field| self.part(field, "", depth, path)).collect();
                path.pop();
                format!("{{ __typename {} }}", parts.join(" "))
            }
            Some(Kind::Abstract(members)) => {
                let of = |member: &String, path: &mut Vec<String>| {
                    let Some(Kind::Object(fields)) = self.types.get(member) else { return String::new() };
                    if path.contains(member) {
                        return String::new();
                    }
                    path.push(member.clone());
                    // Members may have fields of the same name and another type: each has its own alias.
                    let parts: Vec<String> =
                        fields.iter().filter_map(|field| self.part(field, member, depth, path)).collect();
                    path.pop();
                    format!("... on {member} {{ {} }}", parts.join(" "))
                };
                let parts: Vec<String> = members.iter().map(|member| of(member, path)).collect();
                format!("{{ __typename {} }}", parts.join(" "))
            }
            _ => String::new(),
        }
    }

    fn part(&self, field: &Field, prefix: &str, depth: usize, path: &mut Vec<String>) -> Option<String> {
        let is_leaf = !matches!(self.types.get(&field.returns), Some(Kind::Object(_) | Kind::Abstract(_)));
        // The parts of a page are no level of their own.
        let is_page = field.returns.ends_with("Connection") || path.last().is_some_and(|on| on.ends_with("Connection"));
        if !is_leaf && (path.contains(&field.returns) || (depth == 0 && !is_page)) {
            return None;
        }
        if field.arguments.iter().any(|argument| argument.is_required) {
            return None;
        }
        let under = if is_leaf {
            String::new()
        } else {
            self.selection(&field.returns, depth.saturating_sub(usize::from(!is_page)), path)
        };
        let alias = if prefix.is_empty() { String::new() } else { format!("{prefix}_{}: ", field.name) };
        Some(format!("{alias}{}{under}", field.name))
    }

    fn root(&self, ty: &str) -> &[Field] {
        match self.types.get(ty) {
            Some(Kind::Object(fields)) => fields,
            _ => panic!("the schema has no {ty}"),
        }
    }

    /// A document for every root field of the query, with every argument in turn filled with every probe.
    pub(crate) fn queries(&self, depth: usize, probes: &Probes) -> Vec<String> {
        let mut documents = Vec::new();
        for field in self.root("Query").iter().filter(|field| !field.name.starts_with('_')) {
            let under = self.selection(&field.returns, depth, &mut vec!["Query".to_owned()]);
            for call in self.calls(&field.arguments, probes) {
                documents.push(format!("{{ {}{call}{under} }}", field.name));
            }
        }
        documents
    }

    /// The same for mutations, by the field's name.
    pub(crate) fn mutations(&self, depth: usize, probes: &Probes) -> Vec<(String, String)> {
        let mut documents = Vec::new();
        for field in self.root("Mutation") {
            let under = self.selection(&field.returns, depth, &mut vec!["Mutation".to_owned()]);
            for call in self.calls(&field.arguments, probes) {
                documents.push((field.name.clone(), format!("mutation {{ {}{call}{under} }}", field.name)));
            }
        }
        documents
    }

    /// Argument lists: what is required, alone and with each of the others in turn.
    fn calls(&self, arguments: &[Argument], probes: &Probes) -> BTreeSet<String> {
        let lists = self.combinations(arguments, probes, 3);
        lists.into_iter().map(|list| if list.is_empty() { String::new() } else { format!("({list})") }).collect()
    }

    fn combinations(&self, arguments: &[Argument], probes: &Probes, depth: usize) -> BTreeSet<String> {
        let first = |argument: &Argument| {
            let value = self.values(argument, probes, depth).into_iter().next();
            format!("{}: {}", argument.name, value.unwrap_or_else(|| "null".to_owned()))
        };
        let required: Vec<&Argument> = arguments.iter().filter(|argument| argument.is_required).collect();
        let mut lists: BTreeSet<String> = [required.iter().map(|it| first(it)).collect::<Vec<_>>().join(" ")].into();
        for tried in arguments {
            let others: Vec<String> = required.iter().filter(|it| it.name != tried.name).map(|it| first(it)).collect();
            for value in self.values(tried, probes, depth) {
                lists.insert([&others[..], &[format!("{}: {value}", tried.name)]].concat().join(" "));
            }
        }
        lists
    }

    /// What an argument can be filled with.
    fn values(&self, argument: &Argument, probes: &Probes, depth: usize) -> Vec<String> {
        let text = |text: &String| Value::from(text.clone()).to_string();
        let values: Vec<String> = match self.types.get(&argument.ty) {
            Some(Kind::Enum(word)) => vec![word.clone()],
            Some(Kind::Input { .. }) if depth == 0 => Vec::new(),
            Some(Kind::Input { fields, is_one_of: true }) => {
                let alone = |field: &Argument| {
                    let values = self.values(field, probes, depth - 1);
                    values.into_iter().map(|value| format!("{{ {}: {value} }}", field.name)).collect::<Vec<_>>()
                };
                fields.iter().flat_map(alone).collect()
            }
            Some(Kind::Input { fields, .. }) => {
                self.combinations(fields, probes, depth - 1).into_iter().map(|list| format!("{{ {list} }}")).collect()
            }
            _ => match argument.ty.as_str() {
                "ID" => probes.ids.iter().map(text).collect(),
                "String" => probes.texts.iter().map(text).collect(),
                "Int" => vec!["1".to_owned()],
                "Boolean" => vec!["true".to_owned()],
                "Date" => vec!["\"2026-04-30\"".to_owned()],
                "DateTime" => vec!["\"2026-03-01T00:00:00Z\"".to_owned()],
                "Decimal" => vec!["\"1.00\"".to_owned()],
                _ => Vec::new(),
            },
        };
        if argument.is_list { values.into_iter().map(|value| format!("[{value}]")).collect() } else { values }
    }
}

/// Every text in an answer that could only have come from one place: long enough, and no word of a vocabulary.
pub(crate) fn texts(answer: &Value, found: &mut BTreeSet<String>) {
    match answer {
        Value::String(text) => {
            let is_word = text.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c == ' ');
            if text.len() >= 6 && !is_word {
                found.insert(text.clone());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => {
            fields.iter().filter(|(name, _)| *name != "__typename").for_each(|(_, value)| texts(value, found));
        }
        _ => {}
    }
}

//! The one rule of direction: `src/lib.rs` lists the modules from the edge inwards, and a module uses only modules listed
//! below it. It is read from the sources, so that an upward import fails here before it becomes a habit.

use std::fs;
use std::path::{Path, PathBuf};

/// Longer files are to be split by what they do.
const MOST_LINES: usize = 450;

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The modules in the order of `lib.rs`.
fn order(lib: &str) -> Vec<String> {
    let name = |line: &str| Some(line.strip_prefix("pub mod ")?.strip_suffix(';')?.to_owned());
    lib.lines().filter_map(|line| name(line.trim())).collect()
}

/// Every Rust file below `src`, as its path there and its text.
pub(crate) fn sources() -> Vec<(String, String)> {
    let (root, mut found, mut open) = (src(), Vec::new(), vec![src()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// What one file does against the rule, a sentence each.
fn offences(order: &[String], file: &str, text: &str) -> Vec<String> {
    let own = file.split('/').next().unwrap().trim_end_matches(".rs");
    let Some(own_place) = order.iter().position(|module| module == own) else {
        return if matches!(own, "lib" | "main") {
            vec![]
        } else {
            vec![format!("{file}: lib.rs does not list {own}")]
        };
    };
    let mut offences = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        // Comments may name what the code must not use.
        let code = line.split("//").next().unwrap();
        for (at, _) in code.match_indices("crate::") {
            if code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
                continue;
            }
            let path = code[at + "crate::".len()..].trim_start();
            let used: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if used.is_empty() {
                offences.push(format!("{file}:{number}: one `use crate::module::…` line for each module"));
            } else if order.iter().position(|module| *module == used).is_some_and(|place| place < own_place) {
                offences.push(format!("{file}:{number}: {own} uses {used}, which stands above it"));
            } else if !order.contains(&used) {
                offences.push(format!("{file}:{number}: {own} uses crate::{used}, which is no module of lib.rs"));
            }
        }
        if code.contains("use crate;") || code.contains("use crate as ") || code.contains("use {crate") {
            offences.push(format!("{file}:{number}: name the module behind `crate`"));
        }
    }
    offences
}

#[test]
fn every_module_uses_only_modules_listed_below_it() {
    let order = order(&fs::read_to_string(src().join("lib.rs")).unwrap());
    assert!(order.len() > 5, "lib.rs lists its modules one a line: {order:?}");
    let found: Vec<String> = sources().iter().flat_map(|(file, text)| offences(&order, file, text)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn lib_lists_every_module_once_and_nothing_else() {
    let lib = fs::read_to_string(src().join("lib.rs")).unwrap();
    let other = |line: &&str| !line.is_empty() && !line.starts_with("//!") && !line.starts_with("pub mod ");
    assert_eq!(lib.lines().find(other), None);
    let mut modules = order(&lib);
    modules.sort();
    let mut files: Vec<String> = sources()
        .iter()
        .map(|(file, _)| file.split('/').next().unwrap().trim_end_matches(".rs").to_owned())
        .filter(|module| module != "lib" && module != "main")
        .collect();
    files.dedup();
    files.sort();
    assert_eq!(modules, files);
}

#[test]
fn a_made_up_upward_import_is_found() {
    let order = order("pub mod edge;\npub mod middle;\npub mod ground;\n");
    let upward = |text: &str| offences(&order, "middle/store.rs", text);
    assert_eq!(upward("use crate::edge::Router;"), ["middle/store.rs:1: middle uses edge, which stands above it"]);
    assert_eq!(upward("\nlet x = crate::edge::answer();").len(), 1);
    assert_eq!(upward("pub(in crate::edge) fn f() {}").len(), 1);
    assert_eq!(upward("use crate::{ground, middle};").len(), 1, "a group hides its modules from the eye");
    assert_eq!(upward("use crate::*;").len(), 1);
    assert_eq!(upward("use crate::nowhere::X;").len(), 1);
    assert_eq!(offences(&order, "stray.rs", "").len(), 1);
}

#[test]
fn downward_and_sideways_imports_and_comments_are_left_alone() {
    let order = order("pub mod edge;\npub mod middle;\npub mod ground;\n");
    let text =
        "use crate::ground::Row;\nuse crate::middle::Order;\n// crate::edge is above\nuse other_crate::edge::X;\n";
    assert!(offences(&order, "middle/mod.rs", text).is_empty());
    assert!(offences(&order, "edge.rs", "use crate::ground::Row;").is_empty());
}

#[test]
fn no_file_is_too_long_to_read_at_one_go() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|(_, text)| text.lines().count() > MOST_LINES)
        .map(|(file, text)| format!("{file}: {} lines", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "more than {MOST_LINES} lines: {}", long.join(", "));
}

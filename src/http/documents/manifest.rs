//! Reads registered documents from where build tools leave them: a folder of `.graphql` files, or a JSON file in one of
//! three shapes. What each tool calls a document's id must be its SHA-256.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::http::documents::Hash;
use crate::http::json;

/// One document as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The file or the key, for messages.
    pub(crate) name: String,
    /// The hash that the manifest gives; `None` in a folder, whose files have none.
    pub(crate) stated: Option<Hash>,
    /// The document, byte for byte.
    pub(crate) text: String,
}

/// All documents under a path, or what is wrong with it and what to do.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, String> {
    let entries = if path.is_dir() { read_folder(path) } else { read_file(path) }?;
    if entries.is_empty() {
        return Err(format!("{} holds no documents; name a folder of .graphql files or a manifest", path.display()));
    }
    Ok(entries)
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be read: {error}", path.display())
}

/// Every `.graphql` and `.gql` file of the folder and the folders in it. The name of a document is its file's SHA-256,
/// final line break included, as `sha256sum` prints it.
fn read_folder(folder: &Path) -> Result<Vec<Entry>, String> {
    let mut open = vec![folder.to_path_buf()];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))? {
            let path = entry.map_err(|error| unreadable(&folder, &error))?.path();
            let is_document = path.extension().is_some_and(|end| end == "graphql" || end == "gql");
            if path.is_dir() {
                open.push(path);
            } else if is_document {
                files.push(path);
            }
        }
    }
    // The order of a folder is the file system's; messages should not change with it.
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
            Ok(Entry { name: path.display().to_string(), stated: None, text })
        })
        .collect()
}

fn read_file(path: &Path) -> Result<Vec<Entry>, String> {
    let text = fs::read(path).map_err(|error| unreadable(path, &error))?;
    let manifest = json::parse(&text).map_err(|_| format!("{} is not a JSON file", path.display()))?;
    entries(&manifest).map_err(|fault| format!("{}: {fault}", path.display()))
}

/// The shapes: Apollo's `{"format": "apollo-persisted-query-manifest", "operations": [{"id", "body"}]}`; and one object
/// of hash to text, as graphql-codegen's client preset and Relay's compiler write it.
fn entries(manifest: &Value) -> Result<Vec<Entry>, String> {
    let Value::Object(manifest) = manifest else { return Err("the manifest is not a JSON object".to_owned()) };
    if let (Some(Value::String(format)), Some(Value::Array(operations))) =
        (manifest.get("format"), manifest.get("operations"))
    {
        if format != "apollo-persisted-query-manifest" || manifest.get("version") != Some(&Value::from(1)) {
            return Err("its format is not version 1 of apollo-persisted-query-manifest".to_owned());
        }
        return operations.iter().map(|operation| entry(text(operation.get("id"))?, operation.get("body"))).collect();
    }
    manifest.iter().map(|(id, text)| entry(id, Some(text))).collect()
}

fn text(value: Option<&Value>) -> Result<&str, String> {
    value.and_then(Value::as_str).ok_or_else(|| "an operation has no id that is a text".to_owned())
}

fn entry(id: &str, text: Option<&Value>) -> Result<Entry, String> {
    let mut stated = [0; 32];
    let shown: String = id.chars().take(80).collect();
    if hex::decode_to_slice(id.strip_prefix("sha256:").unwrap_or(id), &mut stated).is_err() {
        return Err(format!("{shown:?} is not a SHA-256; set the hash algorithm of the tool that wrote it to sha256"));
    }
    match text {
        Some(Value::String(text)) => Ok(Entry { name: shown, stated: Some(stated), text: text.clone() }),
        _ => Err(format!("the document of {shown:?} is not a text")),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    const ID: &str = "a591a6d40bf420404a011733cfb7b190d62c65bf0bcda32b57b277d9ad9f146e";

    #[rstest]
    #[case::codegen_and_relay(json!({ ID: "{ a }" }))]
    #[case::with_its_algorithm(json!({ format!("sha256:{ID}"): "{ a }" }))]
    #[case::apollo(json!({
        "format": "apollo-persisted-query-manifest", "version": 1,
        "operations": [{ "id": ID, "name": "A", "type": "query", "body": "{ a }" }],
    }))]
    fn each_shape_gives_hashes_and_texts(#[case] manifest: Value) {
        let found = entries(&manifest).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].stated.map(hex::encode).as_deref(), found[0].text.as_str()), (Some(ID), "{ a }"));
    }

    #[rstest]
    #[case::a_list(json!([]), "the manifest is not a JSON object")]
    #[case::relays_own_hash(
        json!({ "5d41402abc4b2a76b9719d911017c592": "{ a }" }),
        "\"5d41402abc4b2a76b9719d911017c592\" is not a SHA-256; set the hash algorithm of the tool that wrote it to sha256"
    )]
    #[case::no_text(json!({ ID: 7 }), &format!("the document of {ID:?} is not a text"))]
    #[case::apollos_next(
        json!({ "format": "apollo-persisted-query-manifest", "version": 2, "operations": [] }),
        "its format is not version 1 of apollo-persisted-query-manifest"
    )]
    fn what_is_not_a_manifest_is_refused(#[case] manifest: Value, #[case] fault: &str) {
        assert_eq!(entries(&manifest).unwrap_err(), fault);
    }
}

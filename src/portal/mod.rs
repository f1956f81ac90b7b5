//! The reference portal: a caseworker's four screens, in plain ES modules and one stylesheet, embedded in the binary.
//!
//! It shows how a front end uses the public API and has no door of its own: it sends the documents in `operations/` with
//! the token of the person who signed in, and anything it does can be done without it. The files are served as they stand
//! in this folder by `http/pages.rs`, at `/` and below `/portal/`, where `server.portal` asks for them. Nothing has to be
//! built, nothing is fetched from elsewhere, and nothing in them is secret.

/// One embedded file.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Its name, in this folder and below `/portal/`.
    pub name: &'static str,
    /// Its content.
    pub text: &'static str,
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => { &[$(File { name: $name, text: include_str!($name) }),+] };
}

/// The page itself.
pub const PAGE: &str = include_str!("page.html");

/// What the page loads. Modules stand from the start of the page inwards.
pub const FILES: &[File] = files![
    "style.css",
    "icons.svg",
    "mark.svg",
    "main.js",
    "route.js",
    "session.js",
    "sign-in.js",
    "api.js",
    "live.js",
    "changes.js",
    "line-state.js",
    "status-line.js",
    "queue.js",
    "queue-view.js",
    "queue-filters.js",
    "queue-table.js",
    "contact.js",
    "case.js",
    "next-step.js",
    "review.js",
    "evidence.js",
    "statements.js",
    "decision.js",
    "connections.js",
    "lineage.js",
    "lineage-picture.js",
    "batches.js",
    "plan.js",
    "batch.js",
    "csv.js",
    "words.js",
    "format.js",
    "morph.js",
    "dom.js",
];

/// The documents that the portal sends, each named like its operation, and the fragments that they share.
const OPERATIONS: &[File] = files![
    "operations/PortalAssign.graphql",
    "operations/PortalBatch.graphql",
    "operations/PortalBatchRow.graphql",
    "operations/PortalBatches.graphql",
    "operations/PortalCancelBatch.graphql",
    "operations/PortalCase.graphql",
    "operations/PortalCounts.graphql",
    "operations/PortalDecide.graphql",
    "operations/PortalEvents.graphql",
    "operations/PortalLineage.graphql",
    "operations/PortalLine.graphql",
    "operations/PortalPauseBatch.graphql",
    "operations/PortalPlan.graphql",
    "operations/PortalPreview.graphql",
    "operations/PortalProgress.graphql",
    "operations/PortalQueue.graphql",
    "operations/PortalRefresh.graphql",
    "operations/PortalResumeBatch.graphql",
    "operations/PortalReview.graphql",
    "operations/PortalRow.graphql",
    "operations/PortalSendLink.graphql",
    "operations/PortalStartBatch.graphql",
    "operations/PortalViewer.graphql",
];

/// The documents by the names of their operations, each whole: with the fragments that it spreads.
pub fn operations() -> Vec<(&'static str, String)> {
    let named = OPERATIONS.iter().filter_map(|file| {
        let name = file.name.strip_prefix("operations/")?.strip_suffix(".graphql")?;
        Some((name, file.text))
    });
    let (fragments, operations): (Vec<_>, Vec<_>) = named.partition(|(_, text)| text.starts_with("fragment "));
    let whole = |text: &str| {
        let spread = fragments.iter().filter(|(name, _)| text.contains(&format!("...{name}")));
        spread.fold(text.to_owned(), |whole, (_, fragment)| whole + fragment)
    };
    operations.into_iter().map(|(name, text)| (name, whole(text))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    fn in_folder(name: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/portal").join(name);
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let files = files.filter(|entry| entry.path().is_file());
        files.map(|entry| format!("{name}{}", entry.file_name().to_str().unwrap())).collect()
    }

    #[test]
    fn every_file_of_the_folder_is_in_the_binary() {
        let mut known: BTreeSet<String> = FILES.iter().map(|file| file.name.to_owned()).collect();
        known.extend(["page.html", "mod.rs"].map(str::to_owned));
        assert_eq!(in_folder(""), known);
        let operations: BTreeSet<String> = OPERATIONS.iter().map(|file| file.name.to_owned()).collect();
        assert_eq!(in_folder("operations/"), operations);
    }

    fn is_module(name: &str) -> bool {
        name.rsplit('.').next() == Some("js")
    }

    /// What a module imports at its head, or fetches later with `import(…)`.
    fn imports<'a>(text: &'a str, before: &str) -> BTreeSet<&'a str> {
        text.split(before).skip(1).filter_map(|rest| rest.split('\'').next()).collect()
    }

    /// The modules that the first screen needs.
    fn first_view() -> BTreeSet<&'static str> {
        let (mut seen, mut open) = (BTreeSet::new(), vec!["main.js"]);
        while let Some(name) = open.pop() {
            if seen.insert(name) {
                let file = FILES.iter().find(|file| file.name == name).unwrap();
                open.extend(imports(file.text, " from './"));
            }
        }
        seen
    }

    #[test]
    fn the_page_asks_for_every_module_of_the_first_screen_at_once() {
        let asked: BTreeSet<&str> =
            PAGE.split("\"/portal/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let modules = asked.into_iter().filter(|name| is_module(name));
        assert_eq!(modules.collect::<BTreeSet<_>>(), first_view());
    }

    #[test]
    fn a_document_brings_its_fragments_along() {
        let operations = operations();
        assert!(operations.iter().all(|(_, text)| !text.starts_with("fragment ")));
        let (_, queue) = operations.iter().find(|(name, _)| *name == "PortalQueue").unwrap();
        assert!(queue.starts_with("query PortalQueue(") && queue.contains("fragment PortalRow on Case"), "{queue}");
        assert!(!queue.contains("PortalBatchRow"), "{queue}");
    }

    #[test]
    fn the_first_view_is_light_before_any_compression() {
        let first = first_view();
        let files = FILES.iter().filter(|file| !is_module(file.name) || first.contains(file.name));
        let operations = operations().into_iter().map(|(_, text)| text.len());
        let bytes = PAGE.len() + files.map(|file| file.text.len()).chain(operations).sum::<usize>();
        assert!(bytes < 150_000, "{bytes} bytes");
    }
}

//! Looks a setting up in all sources, and remembers which names exist so that the others can be reported.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::PathBuf;

use ::config::{FileFormat, Format, Map, Value, ValueKind};

use super::nearest::nearest;
use super::problems::{Problem, Problems};
use super::shown::{HIDDEN, Setting, Shown, Slot, Told, without_secrets};
use super::sources::{Origin, Sources, default_file};
use super::values::{Parsed, Raw, Refusal};

/// Variables under this prefix belong to the test suite.
const TESTS: &str = "RECERT_TEST_";

/// The outcome of one look-up. A refused value has already been reported.
pub(super) enum Read<T> {
    Absent(Slot),
    Refused,
    Given(T, Origin),
}

impl<T> Read<T> {
    pub(super) fn or(self, default: T) -> T
    where
        T: Shown,
    {
        if let Self::Absent(slot) = &self {
            slot.assume(&default);
        }
        self.ok().unwrap_or(default)
    }

    pub(super) fn ok(self) -> Option<T> {
        match self {
            Self::Given(value, _) => Some(value),
            Self::Absent(_) | Self::Refused => None,
        }
    }
}

/// All sources of one start, the names asked for so far, and the problems found so far.
pub(super) struct Reader<'s> {
    sources: &'s Sources,
    path: PathBuf,
    file: BTreeMap<String, Raw>,
    keys: BTreeSet<String>,
    origins: BTreeMap<String, Origin>,
    variables: BTreeSet<&'static str>,
    problems: Vec<Problem>,
    told: Told,
}

impl<'s> Reader<'s> {
    /// Reads and takes apart the settings file.
    pub(super) fn new(sources: &'s Sources) -> Self {
        let path = sources.named_file.clone().unwrap_or_else(default_file);
        let mut reader = Self {
            sources,
            path,
            file: BTreeMap::new(),
            keys: BTreeSet::new(),
            origins: BTreeMap::new(),
            variables: BTreeSet::new(),
            problems: Vec::new(),
            told: Told::default(),
        };
        reader.read_file();
        reader
    }

    fn read_file(&mut self) {
        let whole = Origin::File { path: self.path.clone(), key: String::new() };
        let text = match self.sources.read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && self.sources.named_file.is_none() => return,
            Err(error) => {
                let cure = "name a readable UTF-8 file with --config, or leave the flag out";
                return self.report("config", whole, format!("the file cannot be read: {error}"), cure);
            }
        };
        match FileFormat::Toml.parse(None, &text) {
            Ok(tree) => self.file = leaves(tree),
            Err(error) => {
                self.report("config", whole, without_source(&error.to_string()), "mend the TOML at that place");
            }
        }
    }

    /// A setting whose value may be shown.
    pub(super) fn open<T: Shown>(
        &mut self,
        key: &str,
        variables: &[&'static str],
        parse: impl FnOnce(&Raw) -> Parsed<T>,
    ) -> Read<T> {
        let quote = |raw: &Raw| match raw {
            Raw::One(text) => format!("{:?} ", text.chars().take(80).collect::<String>()),
            Raw::Many(_) => String::new(),
        };
        self.look_up(key, variables, parse, quote, |_, value| value.shown())
    }

    /// An address that may hold a secret: never quoted, and shown without what may be one.
    pub(super) fn address<T>(
        &mut self,
        key: &str,
        variables: &[&'static str],
        parse: impl FnOnce(&Raw) -> Parsed<T>,
    ) -> Read<T> {
        let show = |raw: &Raw, _: &T| match raw {
            Raw::One(text) => without_secrets(text.trim()),
            Raw::Many(_) => HIDDEN.to_owned(),
        };
        self.look_up(key, variables, parse, |_| String::new(), show)
    }

    /// A setting whose value is never shown: a secret.
    pub(super) fn hidden<T>(
        &mut self,
        key: &str,
        variables: &[&'static str],
        parse: impl FnOnce(&Raw) -> Parsed<T>,
    ) -> Read<T> {
        self.look_up(key, variables, parse, |_| String::new(), |_, _| HIDDEN.to_owned())
    }

    fn look_up<T>(
        &mut self,
        key: &str,
        variables: &[&'static str],
        parse: impl FnOnce(&Raw) -> Parsed<T>,
        quote: impl FnOnce(&Raw) -> String,
        show: impl FnOnce(&Raw, &T) -> String,
    ) -> Read<T> {
        self.keys.insert(key.to_owned());
        self.variables.extend(variables);
        let Some((raw, origin)) = self.winner(key, variables) else {
            return Read::Absent(self.told.absent(key, !variables.is_empty()));
        };
        let refused = "(refused)".to_owned();
        let Some(raw) = raw else {
            self.told.given(key, refused, origin.clone());
            self.report(key, origin, "is not UTF-8", "write it in UTF-8");
            return Read::Refused;
        };
        self.origins.insert(key.to_owned(), origin.clone());
        match parse(&raw) {
            Ok(value) => {
                self.told.given(key, show(&raw, &value), origin.clone());
                Read::Given(value, origin)
            }
            Err(Refusal { what, cure }) => {
                self.told.given(key, refused, origin.clone());
                self.report(key, origin, format!("{}{what}", quote(&raw)), cure);
                Read::Refused
            }
        }
    }

    /// Flags win over variables, variables (the first name that is set) over the file.
    fn winner(&self, key: &str, variables: &[&'static str]) -> Option<(Option<Raw>, Origin)> {
        if let Some(flag) = self.sources.flags.iter().find(|flag| flag.key == key) {
            return Some((Some(Raw::One(flag.text.clone())), Origin::Flag(flag.name.to_owned())));
        }
        for name in variables {
            if let Some(value) = self.variable(name) {
                return Some((
                    value.to_str().map(|text| Raw::One(text.to_owned())),
                    Origin::Variable((*name).to_owned()),
                ));
            }
        }
        let raw = self.file.get(key)?;
        Some((Some(raw.clone()), Origin::File { path: self.path.clone(), key: key.to_owned() }))
    }

    /// An environment variable; one that is empty counts as not set, since many tools cannot unset one.
    pub(super) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.sources.variables.get(name).map(std::ffi::OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// Where the value of a setting came from; `None` when nobody set it. Only after the setting has been read.
    pub(super) fn origin(&self, key: &str) -> Option<Origin> {
        self.origins.get(key).cloned()
    }

    /// The text of a file that a setting names.
    pub(super) fn text_of(&self, path: &std::path::Path) -> std::io::Result<String> {
        self.sources.read(path)
    }

    /// How many tables the file's array `[[name]]` has. `name = []` is another way to write none.
    pub(super) fn tables(&mut self, name: &str) -> usize {
        if matches!(self.file.get(name), Some(Raw::Many(items)) if items.is_empty()) {
            self.keys.insert(name.to_owned());
        }
        let index = |key: &String| key.strip_prefix(name)?.strip_prefix('[')?.split_once("].")?.0.parse::<usize>().ok();
        self.file.keys().filter_map(index).max().map_or(0, |last| last + 1)
    }

    /// The names right below a table whose keys are free, such as providers.
    pub(super) fn names_below(&self, table: &str) -> Vec<String> {
        let below = |key: &String| key.strip_prefix(table)?.strip_prefix('.').map(str::to_owned);
        self.file.keys().filter_map(below).collect()
    }

    /// Names variables that exist even if nothing asks for them this time.
    pub(super) fn know(&mut self, variables: impl IntoIterator<Item = &'static str>) {
        self.variables.extend(variables);
    }

    /// Records one problem.
    pub(super) fn report(&mut self, setting: &str, origin: Origin, what: impl Into<String>, cure: impl Into<String>) {
        self.problems.push(Problem { setting: setting.to_owned(), origin, what: what.into(), cure: cure.into() });
    }

    /// Everything that was asked for so far, with values and origins.
    pub(super) fn settings(&self) -> Vec<Setting> {
        self.told.settings()
    }

    /// Reports the names that nobody asked for, and answers with all problems, if there are any.
    pub(super) fn finish(mut self) -> Result<(), Problems> {
        let keys: Vec<String> = self.file.keys().filter(|key| !self.keys.contains(*key)).cloned().collect();
        for key in keys {
            let near = nearest(&key, self.keys.iter().map(String::as_str));
            let cure = near.map_or_else(|| "remove it".to_owned(), |near| format!("did you mean {near}?"));
            let origin = Origin::File { path: self.path.clone(), key: key.clone() };
            self.report(&key, origin, "there is no such setting", cure);
        }
        let ours = |name: &&String| name.starts_with("RECERT_") && !name.starts_with(TESTS);
        let unknown = |name: &&String| !self.variables.contains(name.as_str());
        let names: Vec<String> = self.sources.variables.keys().filter(ours).filter(unknown).cloned().collect();
        for name in names {
            let near = nearest(&name, self.variables.iter().copied());
            let cure = near.map_or_else(|| "unset it".to_owned(), |near| format!("did you mean {near}?"));
            self.report(&name, Origin::Variable(name.clone()), "there is no such variable", cure);
        }
        if self.problems.is_empty() { Ok(()) } else { Err(Problems(self.problems)) }
    }
}

/// Every value of the tree under its whole key: `server.listen`, `agencies[0].slug`. An array of plain values is one leaf.
fn leaves(tree: Map<String, Value>) -> BTreeMap<String, Raw> {
    let mut found = BTreeMap::new();
    let mut open: Vec<(String, Value)> = tree.into_iter().collect();
    while let Some((key, value)) = open.pop() {
        match value.kind {
            ValueKind::Table(table) => {
                open.extend(table.into_iter().map(|(name, value)| (format!("{key}.{name}"), value)));
            }
            ValueKind::Array(items) => {
                let plain = |item: &Value| !matches!(item.kind, ValueKind::Table(_) | ValueKind::Array(_));
                if items.iter().all(plain) {
                    found.insert(key, Raw::Many(items.into_iter().map(|item| item.to_string()).collect()));
                } else {
                    open.extend(items.into_iter().enumerate().map(|(at, item)| (format!("{key}[{at}]"), item)));
                }
            }
            kind => {
                found.insert(key, Raw::One(kind.to_string()));
            }
        }
    }
    found
}

/// The place and the reason of a TOML error. The lines between them quote the file, which may hold secrets.
fn without_source(message: &str) -> String {
    let mut lines = message.lines().filter(|line| !line.trim().is_empty());
    let place = lines.next().unwrap_or("the file is not TOML");
    match lines.next_back() {
        Some(reason) if !reason.contains('|') => format!("{place}: {reason}"),
        _ => place.to_owned(),
    }
}

//! Where settings come from: variables, files and flags, handed in as values so that tests never touch the process.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Where the settings file is, when `--config` does not say.
pub fn default_file() -> PathBuf {
    PathBuf::from("recert.toml")
}

/// Where the value of one setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A key of the settings file.
    File {
        /// The file as it was named.
        path: PathBuf,
        /// The key with its section, such as `server.listen`; empty where the whole file is meant.
        key: String,
    },
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
}

impl Origin {
    /// In one word, for a table: `default`, the file, the variable or the flag.
    pub fn short(&self) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::File { path, .. } => path.display().to_string(),
            Self::Variable(name) => name.escape_debug().to_string(),
            Self::Flag(name) => name.clone(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default, since it is not set"),
            Self::File { path, key } if key.is_empty() => write!(f, "the file {}", path.display()),
            Self::File { path, key } => write!(f, "the file {}, key {}", path.display(), key.escape_debug()),
            Self::Variable(name) => write!(f, "the variable {}", name.escape_debug()),
            Self::Flag(name) => write!(f, "the flag {name}"),
        }
    }
}

type ReadText = Box<dyn Fn(&Path) -> io::Result<String>>;

/// What [`super::load`] may read. Built once from the process, or by hand in tests.
pub struct Sources {
    pub(super) variables: BTreeMap<String, OsString>,
    pub(super) named_file: Option<PathBuf>,
    pub(super) flags: Vec<Flag>,
    read: ReadText,
}

/// One setting given on the command line.
pub(super) struct Flag {
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) text: String,
}

impl Sources {
    /// The process's environment and the file system. Variables whose name is not UTF-8 cannot be ours.
    pub fn of_process() -> Self {
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect();
        Self {
            variables,
            named_file: None,
            flags: Vec::new(),
            read: Box::new(|path: &Path| std::fs::read_to_string(path)),
        }
    }

    /// No variables, and these files alone (path and text).
    pub fn of_texts(files: &[(&str, &str)]) -> Self {
        let files: BTreeMap<PathBuf, String> =
            files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect();
        Self {
            variables: BTreeMap::new(),
            named_file: None,
            flags: Vec::new(),
            read: Box::new(move |path: &Path| {
                files.get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
            }),
        }
    }

    /// Adds or replaces one environment variable.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// Names the settings file, which then has to exist; `None` leaves it at [`default_file`], which may be absent.
    #[must_use]
    pub fn file(mut self, path: Option<&Path>) -> Self {
        self.named_file = path.map(Path::to_path_buf);
        self
    }

    /// Gives the setting `key` by the flag called `name`; `None` means that the flag was not given.
    #[must_use]
    pub fn flag(mut self, key: &'static str, name: &'static str, value: Option<impl fmt::Display>) -> Self {
        self.flags.extend(value.map(|value| Flag { key, name, text: value.to_string() }));
        self
    }

    /// The socket of the service manager that has started the process (`NOTIFY_SOCKET`, which systemd sets); `None` where
    /// there is none.
    pub fn service_manager(&self) -> Option<OsString> {
        self.variables.get("NOTIFY_SOCKET").cloned()
    }

    pub(super) fn read(&self, path: &Path) -> io::Result<String> {
        (self.read)(path)
    }
}

impl fmt::Debug for Sources {
    /// Names only: variables and flags may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("named_file", &self.named_file)
            .field("flags", &self.flags.iter().map(|flag| flag.name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

//! The data directory: the database, the secret behind tokens, and `demo.json`. Only its owner may read what it holds.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::ready::Ready;
use crate::cli::Failure;
use crate::config::SealKey;

const DATABASE: &str = "demo.sqlite";
const SECRET: &str = "demo.secret";
const READY: &str = "demo.json";
const LOCK: &str = "demo.lock";

/// The directory of one demonstration, held until dropped.
#[derive(Debug)]
pub(super) struct DataDir {
    path: PathBuf,
    secret: SecretString,
    /// Locked while the demonstration runs.
    _lock: File,
}

impl DataDir {
    /// Makes or takes over the directory. `demo.json` of an earlier run goes: it would name ports that nobody serves.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::Failed(format!("{}: {error}", path.display()));
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let lock = private().create(true).write(true).truncate(false).open(path.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let cure = "is in use by another demonstration; choose another directory with --data-dir";
                return Err(Failure::Failed(format!("{} {cure}", path.display())));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        remove(&path.join(READY)).map_err(failed)?;
        let secret = secret(&path.join(SECRET)).map_err(failed)?;
        Ok(Self { path: path.to_path_buf(), secret, _lock: lock })
    }

    /// The database file.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Removes the database of an earlier run with the files beside it.
    pub(super) fn remove_database(&self) -> Result<(), Failure> {
        for end in ["", "-wal", "-shm"] {
            let file = self.path.join(format!("{DATABASE}{end}"));
            remove(&file).map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))?;
        }
        Ok(())
    }

    /// Signs tokens; drawn once for the directory, so that a token outlives a restart.
    pub(super) fn token_secret(&self) -> SecretString {
        self.secret.clone()
    }

    /// Signs in at the simulator, in the form of Truv's own secrets.
    pub(super) fn access_secret(&self) -> SecretString {
        let digest = Sha256::digest(format!("access secret of {}", self.secret.expose_secret()));
        SecretString::from(format!("sandbox-{}", hex::encode(digest.get(..20).unwrap_or_default())))
    }

    /// Seals what lies in the database; its name is one that production refuses.
    pub(super) fn seal_key(&self) -> SealKey {
        let digest = Sha256::digest(format!("sealing key of {}", self.secret.expose_secret()));
        SealKey { id: "demo".to_owned(), key: digest.to_vec().into() }
    }

    /// Where [`DataDir::write_ready`] writes.
    pub(super) fn ready_file(&self) -> PathBuf {
        self.path.join(READY)
    }

    /// Writes `demo.json`, whole or not at all: its appearance is the sign that everything answers.
    pub(super) fn write_ready(&self, ready: &Ready) -> Result<(), Failure> {
        let (file, draft) = (self.ready_file(), self.path.join("demo.json.new"));
        let write = || {
            remove(&draft)?;
            let mut output = private().create_new(true).write(true).open(&draft)?;
            output.write_all(format!("{:#}\n", ready.json()).as_bytes())?;
            fs::rename(&draft, &file)
        };
        write().map_err(|error| Failure::Failed(format!("{}: {error}", file.display())))
    }
}

/// 256 random bits in hexadecimal, kept in the file.
fn secret(file: &Path) -> io::Result<SecretString> {
    match fs::read_to_string(file) {
        Ok(text) if text.trim().len() >= 64 => return Ok(SecretString::from(text.trim())),
        // What is too short was cut off while it was written.
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let text = hex::encode(rand::random::<[u8; 32]>());
    private().create(true).write(true).truncate(true).open(file)?.write_all(text.as_bytes())?;
    Ok(SecretString::from(text))
}

fn private() -> OpenOptions {
    let mut options = File::options();
    options.mode(0o600);
    options
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

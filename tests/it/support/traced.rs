//! A run of the tests that is listened to: with `RECERT_TEST_TRACE` set to a folder everything that gateways in this process log, at
//! trace level, goes to its file `log`, and every secret, personal word and pay amount that the simulators gave them to
//! its file `private`. `tests/logscan` looks for the ones in the other.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use recert::cli::logging::subscriber;
use recert::config::{Log, LogFormat};
use recert::simulator::{Private, Simulator};

/// Where what is private is written to.
#[derive(Clone)]
pub(crate) struct Trace(Arc<Mutex<File>>);

/// Writes down what a simulator has given out, once its test is over.
pub(crate) struct Traced {
    trace: Trace,
    private: Private,
}

/// Begins to listen, the first time; `None` where nobody asked for it.
pub(crate) fn begin() -> Option<Trace> {
    static TRACE: LazyLock<Option<Trace>> = LazyLock::new(|| {
        let folder = PathBuf::from(std::env::var_os("RECERT_TEST_TRACE")?);
        let log = open(&folder.join("log"));
        let trace = Log { filter: "trace".to_owned(), format: LogFormat::Json };
        let writer = move || log.try_clone().expect("the log of the run");
        tracing::subscriber::set_global_default(subscriber(&trace, false, writer)).expect("nobody listens yet");
        Some(Trace(Arc::new(Mutex::new(open(&folder.join("private"))))))
    });
    TRACE.clone()
}

fn open(path: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(path).expect("a folder to write to")
}

impl Trace {
    pub(crate) fn of(self, sim: &Simulator) -> Traced {
        Traced { trace: self, private: sim.private() }
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        let words: String = self.private.words().into_iter().map(|word| word + "\n").collect();
        self.trace.0.lock().unwrap().write_all(words.as_bytes()).unwrap();
    }
}

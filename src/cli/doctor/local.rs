//! What can be seen on this machine: settings, files, disk, listeners.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;

use super::finding::{Check, Finding, Report};
use super::{PATIENCE, Ward};
use crate::config::{Origin, Problem, Setting};
use crate::storage;

/// Others on the machine may read the file.
const READABLE_BY_OTHERS: u32 = 0o004;

/// The settings, when they can be used: what somebody set, and from where.
pub(super) fn settings(settings: &[Setting]) -> Finding {
    let set: Vec<String> = settings
        .iter()
        .filter(|setting| setting.origin != Origin::Default)
        .map(|setting| format!("{} = {} (from {})", setting.key, setting.value, setting.origin.short()))
        .collect();
    let rest = settings.len() - set.len();
    let check = Check::new("settings", "reading the file, the variables and the flags");
    check.ok(format!("{}; {rest} others are at their defaults (recert config show)", set.join("; ")))
}

/// One setting that cannot be used.
pub(super) fn problem(problem: Problem) -> Finding {
    let check = Check::new(format!("setting {}", problem.setting), format!("reading {}", problem.origin));
    check.fault(format!("{} {}", problem.setting, problem.what), problem.cure)
}

/// Files that hold secrets or personal data and are open to everybody on the machine.
pub(super) fn files(ward: &Ward, report: &mut Report) {
    let files = ward.settings.iter().filter_map(|setting| match &setting.origin {
        Origin::File { path, .. } if setting.value == "(hidden)" => Some(path.clone()),
        _ => None,
    });
    let mut files: Vec<PathBuf> = files.chain(database_file(ward)).collect();
    files.dedup();
    for file in files {
        let Ok(about) = fs::metadata(&file) else { continue };
        let shown = file.display();
        let check = Check::new(format!("file {shown}"), format!("looking who may read {shown}"));
        report.add(if about.mode() & READABLE_BY_OTHERS == 0 {
            check.ok("only its owner and group may read it")
        } else {
            check.warning(
                "everybody on this machine may read it, and it holds secrets or personal data",
                format!("chmod o-rwx {shown}"),
            )
        });
    }
}

fn database_file(ward: &Ward) -> Option<PathBuf> {
    storage::sqlite_path(ward.config.database.url.expose_secret()).filter(|path| *path != ":memory:").map(PathBuf::from)
}

/// Room for the database.
pub(super) fn disk(ward: &Ward, min_free: u64) -> Finding {
    let Some(file) = database_file(ward) else {
        let check = Check::new("disk", "finding out where the database keeps its files");
        return check.skipped("the database is not a file on this machine; watch the disk of its server there");
    };
    let folder = match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let check = Check::new("disk", format!("asking how much is free at {}", folder.display()));
    let about = match rustix::fs::statvfs(&folder) {
        Ok(about) => about,
        Err(error) => {
            return check.fault(
                error.to_string(),
                format!("make the folder {}, or name another one in {}", folder.display(), ward.named("database.url")),
            );
        }
    };
    let free = about.f_bavail.saturating_mul(about.f_frsize) / 1_000_000;
    if free < min_free {
        let change = "make room there, or move the database; without room every write is answered with 503";
        return check.fault(format!("{free} MB are free, and {min_free} MB are wanted (--min-free)"), change);
    }
    if let Err(error) = rustix::fs::access(&folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK) {
        let change = "let the user that runs the gateway write there: SQLite keeps its log beside the file";
        return check.fault(format!("{free} MB are free, and nothing can be written there: {error}"), change);
    }
    check.ok(format!("{free} MB are free"))
}

/// The listeners. Answers whether a gateway runs there already.
pub(super) async fn listeners(ward: &Ward, report: &mut Report) -> bool {
    let server = &ward.config.server;
    let (public, admin) = (TcpListener::bind(server.listen).await, TcpListener::bind(server.admin_listen).await);
    // Whoever is asked sits at an address of this machine.
    let is_running = is_taken(&admin) && is_gateway(server.admin_listen).await;
    for (key, address, bound) in
        [("server.listen", server.listen, public), ("server.admin_listen", server.admin_listen, admin)]
    {
        let check = Check::new(key, format!("listening on {address}"));
        report.add(match bound {
            Ok(_) if is_running => check.warning(
                "nobody listens there, although a gateway answers at server.admin_listen",
                "restart the gateway: it runs with other settings than these",
            ),
            Ok(_) => check.ok("the address is free: no gateway is running here"),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_running => check.ok("a gateway listens there"),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => check.fault(
                "another program listens there",
                format!("end that program, or choose another port with {}", ward.named(key)),
            ),
            Err(error) => check.fault(
                error.to_string(),
                format!("give {} an address of this machine and a port that its user may open", ward.named(key)),
            ),
        });
    }
    is_running
}

fn is_taken(bound: &io::Result<TcpListener>) -> bool {
    bound.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse)
}

/// Whether the program behind this address says that it is alive as a gateway does.
async fn is_gateway(admin: SocketAddr) -> bool {
    let Ok(http) = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build() else { return false };
    let Ok(answer) = http.get(format!("http://{admin}/livez")).send().await else { return false };
    answer.text().await.is_ok_and(|text| text.contains(r#""status":"alive""#))
}

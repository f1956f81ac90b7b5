//! Wake-ups from other replicas.

use super::Ward;
use super::finding::{Check, Finding};
use crate::cli::Failure;
use crate::config::Wake;
use crate::storage::Database;
use crate::wake::{self, Bus, Lost};

/// Sends a wake-up to ourselves.
pub(super) async fn bus(ward: &Ward, db: Option<&Database>) -> Finding {
    let wake = &ward.config.work.wake;
    let way = match wake {
        Wake::Off => "none, as work.wake says",
        Wake::Database => "by the database",
        Wake::Postgres(_) => "by PostgreSQL at the address in work.wake",
        #[cfg(feature = "nats")]
        Wake::Nats(_) => "by NATS",
    };
    let check = Check::new("wake-ups", format!("sending one to ourselves ({way})"));
    let Some(db) = db else { return check.skipped("the database comes first") };
    match wake::echo(db, wake).await {
        Ok(Bus::None) if db.direct_url().is_some() => check.warning(
            "they are switched off; other replicas' changes come late, by work.poll_interval",
            "leave work.wake out, unless there is a single replica",
        ),
        Ok(Bus::None) => check.ok("none are needed: SQLite has one gateway, which wakes itself"),
        Ok(Bus::Postgres | Bus::Nats) => check.ok("it came back"),
        Err(error) => {
            let change = match &error {
                Lost::Deaf => format!(
                    "a pooler that shares connections by transaction forgets who listens, and another database does not \
                     hear: give {} a direct address of the same database",
                    ward.named("work.wake")
                ),
                _ => format!("see that the server runs and that {} is its address", ward.named("work.wake")),
            };
            // Everything still arrives, later.
            check.fault(Failure::of(&error).to_string(), change)
        }
    }
}

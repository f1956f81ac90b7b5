//! The command line: one file a command, which holds its flags and runs it.
//!
//! Answers go to standard output, everything else to standard error. A process ends with 0 when the command did what was
//! asked, 1 when it failed, and 2 when the command line or the settings are wrong and nothing was begun.

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Problems, Sources};

pub mod audit;
pub mod completions;
pub mod config;
pub mod deliveries;
pub mod demo;
pub mod doctor;
pub mod export;
pub mod import;
pub mod keys;
pub mod ledger;
pub mod logging;
pub mod migrate;
pub mod notices;
mod notify;
mod offline;
pub mod purge;
pub mod renew;
pub mod revoke;
pub mod schema;
pub mod serve;
pub mod settings;
pub mod simulator;
pub mod stop;
pub mod token;
pub mod verify;
pub mod webhook;

/// A GraphQL gateway that recertifies people's income without making them start over.
#[derive(Debug, Parser)]
#[command(name = "recert", version, about, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 failed, 2 the command line or the settings are wrong.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, in the order in which a newcomer meets them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a whole county on this machine: gateway, Truv simulator, seeded cases, ready tokens
    ///
    /// Everything listens on loopback, and every token is for this demonstration only. Stop it with Ctrl-C. Each start
    /// founds the county anew, from the same seed the same one; `--keep` goes on with the last one.
    Demo(demo::Args),
    /// Start the gateway
    ///
    /// Settings come from the file, then from `RECERT_…` variables, then from these flags; a later one wins.
    Serve(serve::Args),
    /// Bring the database's schema up to date
    ///
    /// Applies the migrations that are missing. Several at once are safe: the others wait.
    Migrate(migrate::Args),
    /// Take in cases and their earlier orders from a CSV or NDJSON file
    ///
    /// Importing a file again changes nothing. Rows that cannot be used are left out and reported with line, column and
    /// reason; the others are imported. Ends with 1 when rows were left out.
    Import(import::Args),
    /// List webhook deliveries that want attention, or have them applied once more
    Deliveries(deliveries::Args),
    /// Refresh many cases, one after the other
    ///
    /// Starts a renewal batch in the database and follows it to its end; the gateways that run on the database take its
    /// cases up, and go on when this command is interrupted. Ends with 1 when it was interrupted.
    Renew(renew::Args),
    /// Print what refreshes cost, as CSV
    ///
    /// One line for each connection that was refreshed, with what is known about its cost; `--totals` prints sums.
    Ledger(ledger::Args),
    /// Make, count or exchange the keys that seal secrets in the database
    Keys(keys::Args),
    /// Print or check the trail of who read or changed which case
    Audit(audit::Args),
    /// Remove what has been kept long enough
    ///
    /// The bodies of settled deliveries, the personal data of closed cases, and the oldest part of the audit trail, each after
    /// the time that `[retention]` says. Cases under hold are left as they are.
    Purge(purge::Args),
    /// Keep everything of a case, whatever its age
    Hold(purge::HoldArgs),
    /// List webhooks to the agency's own system, or have them sent once more
    Notices(notices::Args),
    /// Write a case's evidence packets, one file for each renewal
    ///
    /// A packet holds everything that the decision stands on: lineage, deliveries, reports, changes, arithmetic, decision.
    /// It holds income and pay data in clear; prints each file's name after its seal.
    Export(export::Args),
    /// Check an evidence packet offline, byte for byte
    ///
    /// Ends with 1 and names the first difference when the file is not what was exported. Needs no settings.
    Verify(verify::Args),
    /// Start the Truv simulator alone
    ///
    /// It speaks Truv's API on one port and takes orders about how to behave on another. Both are on loopback.
    Simulator(simulator::Args),
    /// Print a development token
    ///
    /// Prints the token and nothing else, so that it can be used as `$(recert token …)`. Refused where a real issuer is
    /// configured (`auth.jwks`): tokens then come from there.
    Token(token::Args),
    /// End tokens before their time, or take scopes from them
    ///
    /// Works on the database; every gateway on it refuses the tokens within five seconds and closes the sockets and streams
    /// that were opened with them. An administrator can do the same with the mutation `revokeTokens`.
    Revoke(revoke::Args),
    /// Print the GraphQL schema
    Schema(schema::Args),
    /// Try everything that a gateway needs, and say what to do about each failure
    ///
    /// Settings, files, database, clocks, token keys, Truv, webhooks, wake-ups, listeners: what was tried, what came back,
    /// what to change. Ends with 0 when nothing is at fault, 1 when something is, 2 when the settings cannot be used.
    Doctor(doctor::Args),
    /// Print the settings as they stand, each with where its value came from
    Config(config::Args),
    /// Register, list or test the address that Truv sends webhooks to
    Webhook(webhook::Args),
    /// Print the script with which a shell completes this command line
    Completions(completions::Args),
}

/// Why a command did not do what was asked. The text is for the operator, and holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Settings are wrong or missing.
    #[error(transparent)]
    Settings(#[from] Problems),
    /// The flags parse one by one, and make no sense together or with the settings.
    #[error("{0}")]
    Usage(String),
    /// The command began and failed.
    #[error("{0}")]
    Failed(String),
    /// Everything has been said; the command ends with this code.
    #[error("")]
    Told(u8),
    /// The answer could not be written.
    #[error("cannot write the answer: {0}")]
    Output(#[source] io::Error),
}

impl Failure {
    /// The command failed: the error with everything that caused it.
    pub fn of(error: &dyn std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let more = error.to_string();
            // Many errors repeat their cause in their own text.
            if !text.contains(&more) {
                text.push_str(": ");
                text.push_str(&more);
            }
            cause = error.source();
        }
        Self::Failed(text)
    }

    /// The exit code that goes with it.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) | Self::Output(_) => 1,
            Self::Settings(_) | Self::Usage(_) => 2,
            Self::Told(code) => *code,
        }
    }
}

/// Runs one command to its end and answers with the exit code.
pub fn run(cli: Cli, sources: Sources) -> ExitCode {
    match carry_out(cli.command, sources) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Told(code)) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("recert: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

fn carry_out(command: Command, sources: Sources) -> Result<(), Failure> {
    match command {
        Command::Serve(args) if args.check => serve::check(&args, sources),
        Command::Serve(args) => wait_for(serve::run(&args, sources)),
        Command::Import(args) if args.dry_run => import::dry_run(&args, sources),
        Command::Token(args) => token::run(&args, sources),
        Command::Schema(args) => schema::run(&args),
        Command::Config(args) => config::run(&args, sources),
        Command::Completions(args) => completions::run(args),
        Command::Doctor(args) => wait_for(doctor::run(&args, sources)),
        Command::Webhook(args) => wait_for(webhook::run(&args, sources)),
        Command::Demo(args) => wait_for(demo::run(&args)),
        Command::Migrate(args) => wait_for(migrate::run(&args, sources)),
        Command::Import(args) => wait_for(import::run(&args, sources)),
        Command::Deliveries(args) => wait_for(deliveries::run(&args, sources)),
        Command::Renew(args) => wait_for(renew::run(&args, sources)),
        Command::Revoke(args) => wait_for(revoke::run(&args, sources)),
        Command::Ledger(args) => wait_for(ledger::run(&args, sources)),
        Command::Keys(args) => wait_for(keys::run(&args, sources)),
        Command::Audit(args) => wait_for(audit::run(&args, sources)),
        Command::Purge(args) => wait_for(purge::run(&args, sources)),
        Command::Hold(args) => wait_for(purge::hold(&args, sources)),
        Command::Notices(args) => wait_for(notices::run(&args, sources)),
        Command::Export(args) => wait_for(export::run(&args, sources)),
        Command::Verify(args) => verify::run(&args),
        Command::Simulator(args) => wait_for(simulator::run(&args)),
    }
}

/// Runs a command that waits for things on a runtime of its own.
fn wait_for(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::of(&error))?.block_on(command)
}

/// One process, one crypto library: for commands that call somebody without starting a gateway.
fn use_one_crypto_library() {
    // A second one in the same process finds it installed.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

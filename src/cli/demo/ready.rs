//! What is said once everything answers: to people on standard output, to programs in `demo.json`.

use std::io::{self, Write};
use std::net::SocketAddr;

use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use super::CLIENT_ID;
use super::files::DataDir;
use super::tokens::Issued;
use crate::county::{self, County, Household, Payroll};
use crate::simulator::Scenario;

/// The roles that the portal has screens for.
const SIGNED_IN: [&str; 2] = ["caseworker", "supervisor"];

/// Where everything is, and the keys to it.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) gateway: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) simulator: SocketAddr,
    pub(super) control: SocketAddr,
    pub(super) access_secret: SecretString,
    pub(super) tokens: Vec<Issued>,
}

impl Ready {
    /// The content of `demo.json`.
    pub(super) fn json(&self) -> Value {
        let tokens: Map<String, Value> = self
            .tokens
            .iter()
            .map(|issued| (issued.role.to_owned(), Value::from(issued.token.expose_secret())))
            .collect();
        json!({
            "graphql": format!("http://{}/graphql", self.gateway),
            "portal": format!("http://{}/", self.gateway),
            "explorer": format!("http://{}/graphiql", self.gateway),
            "websocket": format!("ws://{}/graphql", self.gateway),
            "webhooks": format!("http://{}/webhooks/truv/{}", self.gateway, county::SLUG),
            "simulator_api": format!("http://{}", self.simulator),
            "simulator_control": format!("http://{}", self.control),
            "admin": format!("http://{}", self.admin),
            "client_id": CLIENT_ID,
            "access_secret": self.access_secret.expose_secret(),
            "tokens": tokens,
        })
    }

    /// Writes the block that a newcomer reads.
    pub(super) fn print(&self, out: &mut impl Write, county: &County, dir: &DataDir) -> io::Result<()> {
        let Self { gateway, admin, simulator, control, .. } = self;
        let caseworker = self.tokens.first().map_or("", |issued| issued.token.expose_secret());
        let size = county.size;
        writeln!(out, "Recert is ready: a county of {size} cases. Everything listens on this machine only.\n")?;
        writeln!(out, "  Portal               http://{gateway}/   (ready links below)")?;
        writeln!(out, "  GraphQL              http://{gateway}/graphql   (ws:// for subscriptions, /schema.graphql)")?;
        writeln!(out, "  Explorer             http://{gateway}/graphiql   (paste one of the tokens below)")?;
        writeln!(out, "  Health               http://{admin}/readyz")?;
        writeln!(out, "  Truv simulator       http://{simulator}   (client id {CLIENT_ID}, secret in demo.json)")?;
        writeln!(out, "  Simulator's control  http://{control}/control/log")?;
        writeln!(out, "  All of this as JSON  {}\n", dir.ready_file().display())?;
        writeln!(out, "Open the portal in a browser, signed in already:\n")?;
        for issued in self.tokens.iter().filter(|issued| SIGNED_IN.contains(&issued.role)) {
            let (role, token) = (issued.role, issued.token.expose_secret());
            writeln!(out, "  {role:<12} http://{gateway}/#token={token}")?;
        }
        writeln!(out, "\nTokens, for this demonstration only:\n")?;
        for issued in &self.tokens {
            writeln!(out, "  {:<12} {}", issued.role, issued.token.expose_secret())?;
        }
        writeln!(out, "\nThe cases that are due next:\n")?;
        writeln!(out, "  TOKEN={caseworker}")?;
        let gql = format!(
            "curl -s http://{gateway}/graphql -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json'"
        );
        let queue = "{ cases(first: 5, filter: { status: [DUE] }) { nodes { id number dueOn isOverdue client { displayName } } } }";
        writeln!(out, "  {gql} -d '{{\"query\":\"{queue}\"}}'")?;
        if let Some(example) = county.households().take(2_000).find(|household| is_smooth(county, household)) {
            self.print_refresh(out, &gql, &example)?;
        }
        writeln!(out, "\nStop with Ctrl-C.")?;
        out.flush()
    }

    /// What can be done with one case, from the refresh to the client who has to log in again.
    fn print_refresh(&self, out: &mut impl Write, gql: &str, example: &Household) -> io::Result<()> {
        let (control, number) = (self.control, &example.case_number);
        writeln!(out, "\nRefresh one of them, {number}, and look at it again a moment later:\n")?;
        let by = format!("by: {{ number: \\\"{number}\\\" }}");
        writeln!(
            out,
            "  CASE=$({gql} -d '{{\"query\":\"{{ case({by}) {{ id }} }}\"}}' | sed -E 's/.*\"id\":\"([^\"]+)\".*/\\1/')"
        )?;
        let create = "mutation { createRefreshOrder(input: { caseId: \\\"'$CASE'\\\", purpose: RENEWAL, idempotencyKey: \\\"first\\\" }) \
                      { order { id status } userErrors { __typename ... on UserError { message } } } }";
        writeln!(out, "  {gql} -d '{{\"query\":\"{create}\"}}'")?;
        let look = "status nextAction review { changes { label previousValue value } current { monthlyIncome } }";
        writeln!(out, "  {gql} -d '{{\"query\":\"{{ case({by}) {{ {look} }} }}\"}}'")?;
        writeln!(out, "\nWhat else to try:\n")?;
        let link = example.payrolls.first().map_or("", |payroll| payroll.truv_link_id.as_str());
        let json = "-H 'Content-Type: application/json'";
        writeln!(
            out,
            "  a password that was changed: the next refresh of that connection fails and the case needs its client"
        )?;
        writeln!(
            out,
            "    curl -s -X PUT http://{control}/control/links/{link}/scenario {json} -d '{{\"scenario\":\"login_error\"}}'"
        )?;
        writeln!(
            out,
            "  then sendVerificationLink, and play the client who logs in (ORDER is the new order's truvOrderId):"
        )?;
        writeln!(
            out,
            "    curl -s -X POST http://{control}/control/orders/$ORDER/applicant {json} -d '{{\"action\":\"login\"}}'"
        )?;
        writeln!(out, "  a day that passes at once, for the gateway and for Truv:")?;
        writeln!(out, "    curl -s -X POST http://{control}/control/clock/advance {json} -d '{{\"seconds\":86400}}'")
    }
}

/// A case that is due and whose refresh will simply succeed.
fn is_smooth(county: &County, household: &Household) -> bool {
    let works = |payroll: &Payroll| {
        payroll.trouble.is_none()
            && payroll.is_age_known
            && matches!(payroll.scenario, Scenario::Ok | Scenario::OkNewStub)
            && county.founded_at - payroll.connected_at < TimeDelta::days(150)
    };
    household.due_on <= county.today() + TimeDelta::days(30) && household.payrolls.iter().all(works)
}

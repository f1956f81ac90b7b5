//! Taking cases in.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::Case;
use crate::caller::Scope;
use crate::cases::import::{ImportAssignee, ImportClient, ImportOrder, ImportRow, Outcome, Seen, import};
use crate::cases::{self, import::Report};
use crate::graphql::error::ApiError;
use crate::graphql::scalars::Date;
use crate::graphql::user_errors::{ImportCasesError, InvalidInputError};
use crate::graphql::view::View;
use crate::words::{DeliveryChannel, ProductType, Program};

/// Most cases of one request; a larger list goes in several, or through `recert import`.
const MOST_CASES: usize = 1_000;

/// Cases to take in. Each one is known by its number and its client's id, so that taking it in again changes nothing.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct ImportCasesInput {
    /// At most 1,000.
    cases: Vec<ImportCaseInput>,
}

/// One case.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct ImportCaseInput {
    /// The agency's own number of the case.
    number: String,
    /// The program.
    program: Program,
    /// When the certification must be renewed.
    due_on: Date,
    /// First day of the certification period.
    period_start: Date,
    /// Last day of the certification period.
    period_end: Date,
    /// The person.
    client: ImportClientInput,
    /// The caseworker; absent leaves the case as it is.
    assignee: Option<ImportAssigneeInput>,
    /// Truv orders made earlier, oldest first: they are read from Truv for employers, connections and the last report.
    #[graphql(default)]
    orders: Vec<ImportOrderInput>,
}

/// The person on a case.
#[derive(Clone, InputObject)]
pub(crate) struct ImportClientInput {
    /// The agency's id of the person, which Truv knows too.
    external_user_id: String,
    /// Given name.
    first_name: String,
    /// Family name.
    last_name: String,
    /// E-mail address; absent leaves what is known.
    email: Option<String>,
    /// Phone number; absent leaves what is known.
    phone: Option<String>,
    /// Last four digits of the social security number; more is refused.
    ssn_last4: Option<String>,
    /// In which language the person wants to be asked, a tag such as `es`; absent leaves what is known.
    language: Option<String>,
    /// By which way the person wants to be asked; absent leaves what is known.
    preferred_channel: Option<DeliveryChannel>,
}

impl std::fmt::Debug for ImportClientInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportClientInput").finish_non_exhaustive()
    }
}

/// A caseworker.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct ImportAssigneeInput {
    /// The `sub` of the caseworker's tokens.
    external_id: String,
    /// Shown to people; absent leaves what is known.
    display_name: Option<String>,
}

/// A Truv order that is older than the import.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct ImportOrderInput {
    /// Truv's id.
    truv_order_id: String,
    /// The agency's number of the order.
    number: Option<String>,
    /// What was ordered.
    #[graphql(default_with = "ProductType::Income")]
    product: ProductType,
    /// The day it was ordered.
    ordered_on: Option<Date>,
}

/// What became of the cases.
#[derive(SimpleObject)]
pub(crate) struct ImportCasesPayload {
    /// How many were not known.
    created_count: i32,
    /// How many were known and are now as given.
    updated_count: i32,
    /// How many were so already.
    unchanged_count: i32,
    /// The cases taken in, in the order given; one that has left the caller's own sight is left out.
    cases: Vec<Case>,
    /// The cases left out; the others were taken in.
    refused: Vec<RefusedCase>,
    /// Why nothing was taken in; empty when something was tried.
    user_errors: Vec<ImportCasesError>,
}

/// A case that was left out.
#[derive(SimpleObject)]
pub(crate) struct RefusedCase {
    /// Its place in the list, from 0.
    index: i32,
    /// What is wrong with it. Never quotes what was given.
    message: String,
}

#[derive(Default)]
pub(crate) struct ImportMutation;

#[Object]
impl ImportMutation {
    /// Takes cases in, each on its own: one that cannot be used is left out with the reason. Needs `cases:write` beside a
    /// scope to read cases.
    async fn import_cases(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Cases to take in.")] input: ImportCasesInput,
    ) -> Result<ImportCasesPayload, ApiError> {
        let view = ctx.data_unchecked::<View>().renewed();
        view.require(Scope::CasesWrite)?;
        view.cases()?;
        if input.cases.is_empty() || input.cases.len() > MOST_CASES {
            let error = InvalidInputError::of("Give 1 to 1,000 cases.", &["cases"]);
            return Ok(payload(&Report::default(), Vec::new(), vec![error.into()]));
        }
        let rows: Vec<ImportRow> = (0..).zip(input.cases).map(|(index, case)| row(index, case)).collect();
        let report = match import(view.kit(), view.caller(), &rows, &mut Seen::default()).await {
            Ok(report) => report,
            Err(cases::Error::Forbidden(missing)) => return Err(missing.into()),
            Err(cases::Error::Storage(error)) => return Err(error.into()),
            Err(cases::Error::NotFound | cases::Error::UnknownCaseworker | cases::Error::Stale { .. }) => {
                return Err(ApiError::internal("an import was refused as a whole"));
            }
        };
        let loaded = report.imported.iter().map(|imported| view.load().cases.get(imported.case));
        let found = futures_util::future::try_join_all(loaded).await?;
        let shown = found.into_iter().flatten().map(|case| Case::new(case, &view)).collect();
        Ok(payload(&report, shown, Vec::new()))
    }
}

/// Rows are numbered as the lines of a file without a header are: by their place.
fn row(index: u64, case: ImportCaseInput) -> ImportRow {
    ImportRow {
        line: index,
        case_number: case.number,
        program: case.program,
        due_date: case.due_on.0,
        period_start: case.period_start.0,
        period_end: case.period_end.0,
        client: ImportClient {
            external_user_id: case.client.external_user_id,
            first_name: case.client.first_name,
            last_name: case.client.last_name,
            email: case.client.email,
            phone: case.client.phone,
            ssn_last4: case.client.ssn_last4,
            language: case.client.language,
            preferred_channel: case.client.preferred_channel,
        },
        assignee: case
            .assignee
            .map(|assignee| ImportAssignee { external_id: assignee.external_id, name: assignee.display_name }),
        orders: case
            .orders
            .into_iter()
            .map(|order| ImportOrder {
                truv_id: order.truv_order_id,
                number: order.number,
                product: order.product,
                date: order.ordered_on.map(|day| day.0),
            })
            .collect(),
    }
}

fn payload(report: &Report, cases: Vec<Case>, user_errors: Vec<ImportCasesError>) -> ImportCasesPayload {
    let count = |outcome| i32::try_from(report.count(outcome)).unwrap_or(i32::MAX);
    let refused = report.refused.iter().map(|refused| RefusedCase {
        index: i32::try_from(refused.line).unwrap_or(i32::MAX),
        message: refused.column.map_or_else(String::new, |column| format!("{column} ")) + &refused.reason,
    });
    ImportCasesPayload {
        created_count: count(Outcome::Created),
        updated_count: count(Outcome::Updated),
        unchanged_count: count(Outcome::Unchanged),
        cases,
        refused: refused.collect(),
        user_errors,
    }
}

//! Asking Truv for new data, and what it would cost.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::Order;
use crate::caller::Scope;
use crate::graphql::cases::Case;
use crate::graphql::error::ApiError;
use crate::graphql::ids;
use crate::graphql::ledger::Spending;
use crate::graphql::links::EmployerLink;
use crate::graphql::refresh_errors::CreateRefreshOrderError;
use crate::graphql::reports::IncomeReport;
use crate::graphql::scalars::DateTime;
use crate::graphql::user_errors::InvalidInputError;
use crate::graphql::view::View;
use crate::ids::OrderEmployerId;
use crate::ledger;
use crate::orders::{self, RefreshInput};
use crate::words::{ProductType, RefreshPurpose};

/// Most employers named in one request. Truv's orders hold a handful.
const MAX_EMPLOYERS: usize = 100;

/// Data of a case that is fresh enough by the agency's rule, so that a refresh may be needless.
#[derive(Clone)]
pub(crate) struct FreshData {
    fresh: orders::Fresh,
    view: View,
}

impl FreshData {
    pub(crate) fn new(fresh: orders::Fresh, view: &View) -> Self {
        Self { fresh, view: view.clone() }
    }
}

/// Data of a case that is fresh enough by the agency's rule, so that a refresh may be needless.
#[Object]
impl FreshData {
    /// The newest report of the case. Null with FORBIDDEN without the scope `reports:read`.
    async fn report(&self) -> Option<Result<IncomeReport, ApiError>> {
        IncomeReport::find(&self.view, self.fresh.report).await.transpose()
    }

    /// When it was made.
    async fn generated_at(&self) -> DateTime {
        DateTime(self.fresh.generated_at)
    }

    /// Its age in whole days.
    async fn age_days(&self) -> u32 {
        self.fresh.age_days
    }

    /// Within how many days the agency takes data for fresh.
    async fn fresh_days(&self) -> u32 {
        self.fresh.fresh_days
    }
}

/// What to ask Truv for.
#[derive(Clone, Debug, InputObject)]
pub(crate) struct CreateRefreshOrderInput {
    /// The case.
    case_id: ID,
    /// The order to refresh; absent for the one in which the client connected the employers.
    source_order_id: Option<ID>,
    /// What to ask for: an order for income can be refreshed for income or employment, every other one for itself.
    #[graphql(default_with = "ProductType::Income")]
    product: ProductType,
    /// Why the data is asked for.
    purpose: RefreshPurpose,
    /// Ids of `OrderEmployer`s of the order to refresh; absent for all of them. Each one is billed.
    employer_ids: Option<Vec<ID>>,
    /// A text of your own, 1 to 200 characters: a repeat with the same key and input answers with the first result and
    /// is not billed again; the same key with other input is a conflict.
    idempotency_key: String,
}

/// What became of the request.
#[derive(SimpleObject)]
pub(crate) struct CreateRefreshOrderPayload {
    /// The order, stored and on its way to Truv; null with a user error.
    order: Option<Order>,
    /// The case as it is now; null with a user error.
    case: Option<Case>,
    /// What it costs, where it goes beyond the soft cap of the program's month: a warning. Null otherwise.
    spending_warning: Option<Spending>,
    /// Data that was fresh enough already by the agency's rule, where it only warns: a warning. Null otherwise.
    fresh_data_warning: Option<FreshData>,
    /// Why nothing changed; empty when it did.
    user_errors: Vec<CreateRefreshOrderError>,
}

#[derive(Default)]
pub(crate) struct RefreshMutation;

#[Object]
impl RefreshMutation {
    /// Asks Truv to refresh the data behind an earlier order of the case. Billed for each employer. The order is stored
    /// before anything is sent; follow `caseEvents` for what becomes of it. Needs `orders:refresh` beside a scope to read
    /// the case.
    async fn create_refresh_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to ask Truv for.")] input: CreateRefreshOrderInput,
    ) -> Result<CreateRefreshOrderPayload, ApiError> {
        // An earlier mutation of the same request may have changed what the loaders keep.
        let view = ctx.data_unchecked::<View>().renewed();
        view.require(Scope::OrdersRefresh)?;
        view.cases()?;
        let refused = |user_errors| CreateRefreshOrderPayload {
            order: None,
            case: None,
            spending_warning: None,
            fresh_data_warning: None,
            user_errors,
        };
        let asked = match parse(&input) {
            Ok(asked) => asked,
            Err(error) => return Ok(refused(vec![error.into()])),
        };
        match orders::refresh(view.kit(), view.caller(), &asked).await {
            Ok(made) => Ok(CreateRefreshOrderPayload {
                order: Some(Order::new(made.order.into(), &view)),
                case: Some(Case::new(made.case.into(), &view)),
                fresh_data_warning: made.fresh.map(|fresh| FreshData::new(fresh, &view)),
                spending_warning: made.spending.filter(ledger::Spending::is_noticeable).map(Spending::from),
                user_errors: Vec::new(),
            }),
            Err(orders::Error::Refused(refusals)) => {
                let errors =
                    refusals.into_iter().map(|refusal| CreateRefreshOrderError::of(refusal, asked.case, &view));
                Ok(refused(errors.collect()))
            }
            Err(orders::Error::Forbidden(missing)) => Err(missing.into()),
            Err(orders::Error::Storage(error)) => Err(error.into()),
        }
    }
}

fn parse(input: &CreateRefreshOrderInput) -> Result<RefreshInput, InvalidInputError> {
    let case = ids::find(&input.case_id);
    let source = input.source_order_id.as_ref().map(ids::find);
    Ok(RefreshInput {
        case: case.ok_or_else(|| InvalidInputError::of("This is not the id of a case.", &["caseId"]))?,
        source: match source {
            Some(None) => return Err(InvalidInputError::of("This is not the id of an order.", &["sourceOrderId"])),
            Some(source) => source,
            None => None,
        },
        product: input.product,
        purpose: input.purpose,
        employers: employers(input.employer_ids.as_deref())?,
        idempotency_key: input.idempotency_key.clone(),
    })
}

fn employers(ids: Option<&[ID]>) -> Result<Option<Vec<OrderEmployerId>>, InvalidInputError> {
    let Some(ids) = ids else { return Ok(None) };
    if ids.len() > MAX_EMPLOYERS {
        return Err(InvalidInputError::of("At most 100 employers can be named.", &["employerIds"]));
    }
    let mut found = Vec::with_capacity(ids.len());
    for (index, id) in ids.iter().enumerate() {
        let wrong = || {
            let path = ["employerIds", &index.to_string()];
            InvalidInputError::of("This is not the id of an employer of an order.", &path)
        };
        found.push(ids::find(id).ok_or_else(wrong)?);
    }
    Ok(Some(found))
}

/// What `createRefreshOrder` would do now.
#[derive(SimpleObject)]
pub(crate) struct RefreshPreview {
    /// Whether it would be allowed.
    is_allowed: bool,
    /// How many connections would be asked; each one is billed.
    billable_links: i32,
    /// What it would cost, held against the caps of the program's month; null when there is nothing to refresh.
    spending: Option<Spending>,
    /// Data that is fresh enough already by the agency's rule; null when there is none, or no such rule.
    fresh_data: Option<FreshData>,
    /// The connections that would be asked.
    targets: Vec<EmployerLink>,
    /// Everything that stands against it; empty when it is allowed.
    refusals: Vec<CreateRefreshOrderError>,
}

#[derive(Default)]
pub(crate) struct PreviewQuery;

#[Object]
impl PreviewQuery {
    /// What `createRefreshOrder` would do now, without doing it; null when there is no such case or it is not yours.
    /// Needs `orders:refresh`.
    async fn refresh_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The case.")] case_id: ID,
        #[graphql(desc = "What would be asked for.", default_with = "ProductType::Income")] product: ProductType,
        #[graphql(desc = "Employers of the order to refresh; absent for all.")] employer_ids: Option<Vec<ID>>,
        #[graphql(desc = "Why it would be asked for.", default_with = "RefreshPurpose::Renewal")]
        purpose: RefreshPurpose,
    ) -> Option<Result<RefreshPreview, ApiError>> {
        let view = ctx.data_unchecked::<View>();
        preview(view, &case_id, (product, purpose), employer_ids.as_deref()).await.transpose()
    }
}

async fn preview(
    view: &View,
    case_id: &ID,
    what: (ProductType, RefreshPurpose),
    employer_ids: Option<&[ID]>,
) -> Result<Option<RefreshPreview>, ApiError> {
    view.require(Scope::OrdersRefresh)?;
    view.cases()?;
    let case = ids::parse(case_id, "caseId")?;
    let employers =
        employers(employer_ids).map_err(|_| ApiError::bad_input("employerIds must be ids of employers of an order"))?;
    match orders::preview(view.kit(), view.caller(), case, what, employers.as_deref()).await {
        Ok(plan) => Ok(Some(RefreshPreview {
            is_allowed: plan.refusals.is_empty(),
            billable_links: i32::try_from(plan.targets.len()).unwrap_or(i32::MAX),
            spending: plan.spending.map(Spending::from),
            fresh_data: plan.fresh.map(|fresh| FreshData::new(fresh, view)),
            targets: plan
                .targets
                .into_iter()
                .map(|target| EmployerLink::new(target.link.into(), Some(case), view))
                .collect(),
            refusals: plan
                .refusals
                .into_iter()
                .map(|refusal| CreateRefreshOrderError::of(refusal, case, view))
                .collect(),
        })),
        Err(orders::Error::Refused(_)) => Ok(None),
        Err(orders::Error::Forbidden(missing)) => Err(missing.into()),
        Err(orders::Error::Storage(error)) => Err(error.into()),
    }
}

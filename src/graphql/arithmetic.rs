//! How a monthly income was worked out, down to the lines of the pay statements.

use std::sync::Arc;

use async_graphql::{Object, SimpleObject};

use super::error::ApiError;
use super::reports::PayStatement;
use super::scalars::Decimal;
use super::view::View;
use crate::ids::PayStatementId;
use crate::reports;
use crate::reports::arithmetic::{Arithmetic, Part};
use crate::words::IncomeMethod;

/// One way to a monthly income.
#[derive(Clone)]
pub(crate) struct IncomeArithmetic {
    job: Arc<reports::Employment>,
    place: usize,
    view: View,
}

/// One step of the way, as it would be written on paper.
#[derive(Clone, SimpleObject)]
pub(crate) struct ArithmeticStep {
    /// What is worked out.
    label: String,
    /// The sum, such as `18.40 × 130.5 ÷ 2 × 26 ÷ 12`. US dollars, hours and days are exact.
    expression: String,
    /// What it comes to: of the last step the figure to the cent; of earlier ones to four places, and the last step does
    /// not go on from the rounded one.
    value: Decimal,
    /// The pay statements whose amounts stand in the expression.
    parts: Vec<ArithmeticPart>,
}

/// What one pay statement adds to a step.
#[derive(Clone, SimpleObject)]
pub(crate) struct ArithmeticPart {
    /// US dollars, or hours.
    amount: Decimal,
    /// The statement, with its lines.
    statement: PayStatement,
}

impl IncomeArithmetic {
    /// Every way that the job's report allows, the one that counts first.
    pub(crate) fn of(job: &Arc<reports::Employment>, view: &View) -> Vec<Self> {
        let way = |place| Self { job: Arc::clone(job), place, view: view.clone() };
        (0..job.arithmetic.len()).map(way).collect()
    }

    fn found(&self) -> Result<&Arithmetic, ApiError> {
        self.job.arithmetic.get(self.place).ok_or_else(|| ApiError::internal("an arithmetic has no place"))
    }

    async fn part(&self, part: &Part) -> Result<ArithmeticPart, ApiError> {
        Ok(ArithmeticPart { amount: Decimal(part.amount), statement: statement(&self.view, part.statement).await? })
    }
}

/// How a monthly income was worked out. It was kept with the report, so that it stays what it was when the rules change.
#[Object]
impl IncomeArithmetic {
    /// US dollars a month.
    #[expect(clippy::unused_async, reason = "the library asks for it")]
    async fn amount(&self) -> Result<Decimal, ApiError> {
        Ok(Decimal(self.found()?.amount))
    }

    /// The way that was taken.
    #[expect(clippy::unused_async, reason = "the library asks for it")]
    async fn method(&self) -> Result<IncomeMethod, ApiError> {
        Ok(self.found()?.method.key())
    }

    /// The version of the rules that it follows. It grows whenever the same report would give another figure.
    #[expect(clippy::unused_async, reason = "the library asks for it")]
    async fn rules_version(&self) -> Result<u32, ApiError> {
        Ok(self.found()?.rules)
    }

    /// What went in and was derived by Truv rather than read, or was missing at the provider, in Truv's words; of a pay
    /// statement with its date. Weaker evidence.
    #[expect(clippy::unused_async, reason = "the library asks for it")]
    async fn weak_fields(&self) -> Result<&[String], ApiError> {
        Ok(&self.found()?.weak)
    }

    /// The way step by step. The last step's value is the amount.
    async fn steps(&self) -> Result<Vec<ArithmeticStep>, ApiError> {
        let mut steps = Vec::new();
        for step in self.found()?.steps() {
            let parts = futures_util::future::try_join_all(step.parts.iter().map(|part| self.part(part))).await?;
            let label = step.label.to_owned();
            steps.push(ArithmeticStep { label, expression: step.expression, value: Decimal(step.value), parts });
        }
        Ok(steps)
    }
}

/// A pay statement that something stands on.
pub(crate) async fn statement(view: &View, id: PayStatementId) -> Result<PayStatement, ApiError> {
    let row = view.load().statements.get(id).await?;
    row.map(PayStatement::new).ok_or_else(|| ApiError::internal("a figure stands on a pay statement that is missing"))
}

/// The pay statements that something stands on, in their order.
pub(crate) async fn statements(view: &View, ids: &[PayStatementId]) -> Result<Vec<PayStatement>, ApiError> {
    futures_util::future::try_join_all(ids.iter().map(|id| statement(view, *id))).await
}

//! The closed vocabularies: one word per idea, the same in SQL, Rust, GraphQL, logs and tests.
//!
//! Words of ours are stored as such. Words that mirror Truv (`TaskStatus`, `SuborderStatus`, …) are stored raw as they
//! arrived and read through their `parse`, which answers `UNKNOWN` for a word it has not met: a new upstream value never
//! breaks a row or a query. The doc comments are the published contract, since the GraphQL schema prints them.

mod audit;
mod batches;
mod cases;
mod gate;
mod history;
mod ledger;
mod notices;
mod orders;
mod plans;
mod reports;
mod upstream;
mod work;

pub use self::audit::{AuditAccess, AuditChannel, AuditOutcome};
pub use self::batches::{BatchItemStatus, BatchSkipReason, BatchStatus};
pub use self::cases::{Actor, CaseEventKind, CaseStatus, NextAction, Program, ReviewDecision};
pub use self::gate::{BreakerReason, BreakerState};
pub use self::history::{LinkChangeKind, RowKind};
pub use self::ledger::{LedgerDifference, LedgerStatus};
pub use self::notices::{NoticeKind, NoticeStatus};
pub use self::orders::{
    DeliveryChannel, FailureReason, LifetimeBasis, LinkHealth, OrderKind, OrderStatus, ProductType, PurposeRule,
    RefreshPurpose, RestoredBy,
};
pub use self::plans::{PlanReason, PlannedAction};
pub use self::reports::{ChangeKind, IdentityMatch, IncomeMethod, PayFrequency, ReviewCheckKey, ReviewFieldKey};
pub use self::upstream::{DataSource, SuborderStatus, TaskStatus};
pub use self::work::{DeliveryStatus, JobKind, WebhookState};

/// Declares a vocabulary: the enum, its words in SQL, JSON and GraphQL (`SCREAMING_SNAKE_CASE`), and its list.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$item:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            sea_orm::DeriveActiveEnum, sea_orm::EnumIter,
            serde::Serialize, serde::Deserialize, async_graphql::Enum,
        )]
        #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "SCREAMING_SNAKE_CASE")]
        #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
        pub enum $name { $($(#[$item])* $variant),+ }

        impl $name {
            /// Every word, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as it stands in SQL, JSON and GraphQL.
            pub fn word(self) -> String {
                sea_orm::ActiveEnum::to_value(&self)
            }

            /// The value behind a word of ours; `None` for any other text.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.word() == word)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.word())
            }
        }
    };
}
use vocabulary;

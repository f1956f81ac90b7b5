//! Truv's own shapes, as they stand on the wire (docs.truv.com, API reference), and nothing of ours.
//!
//! Reading is tolerant: the id of a thing is required, every other value may be missing or null, a null list is empty,
//! unknown fields are ignored, and status words stay text because the vendor's lists are open. Secrets that nobody needs
//! (`access_token` and `bridge_token` inside orders, social security numbers, dates of birth) are not read at all; those
//! that somebody needs are `SecretString`.

pub mod employments;
pub mod invoices;
pub mod links;
pub mod orders;
pub mod pages;
pub mod reports;
pub mod scalars;
pub mod tasks;
pub mod webhooks;

pub use employments::{Address, AnnualIncome, Company, Deduction, Earning, Employment, Profile, Statement, W2};
pub use invoices::Invoice;
pub use links::{BridgeToken, BridgeTokenRequest, CompanyMapping, Link, Provider};
pub use orders::{NewEmployer, NewOrder, NotificationSettings, Order, RefreshRequest, Suborder, SuborderRef};
pub use pages::Page;
pub use reports::{LinkReport, ReportLink, ReportedJob, UserReport};
pub use tasks::Task;
pub use webhooks::{Event, HistoryEntry, HistoryPage, HistoryQuery, NewWebhook, Webhook, WebhookPatch};

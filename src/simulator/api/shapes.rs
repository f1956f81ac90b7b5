//! Orders, suborders, links, tasks and users as the API writes them, field for field as in Truv's samples.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::simulator::chance::Id;
use crate::simulator::events::instant;
use crate::simulator::payroll::{Detail, Person, Snapshot, employments};
use crate::simulator::scenarios::TaskState;
use crate::simulator::state::{Link, Order, Provider, Suborder, Task, User, World};

/// An order.
#[derive(Serialize)]
pub(crate) struct OrderView {
    id: Id,
    products: Vec<&'static str>,
    source: &'static str,
    order_number: Option<Id>,
    custom_field: Option<Arc<str>>,
    client_name: String,
    first_name: Arc<str>,
    last_name: Arc<str>,
    user_id: Id,
    bridge_token: Id,
    share_url: String,
    short_share_url: String,
    created_at: String,
    updated_at: String,
    canceled_at: Option<String>,
    completed_at: Option<String>,
    expired_at: String,
    is_expired: bool,
    user_consent_at: Option<String>,
    initial_order: Option<Id>,
    refresh_order: Option<Id>,
    employers: Vec<SuborderView>,
    financial_accounts: [(); 0],
    #[serde(flatten)]
    extra: BTreeMap<&'static str, Value>,
}

/// One employer of an order.
#[derive(Serialize)]
pub(crate) struct SuborderView {
    id: Id,
    product_type: &'static str,
    status: &'static str,
    suborder_number: Option<Id>,
    created_at: String,
    bridge_token: Id,
    link_id: Option<Id>,
    access_token: Option<Id>,
    pdf_report: Option<String>,
    data_source: Option<Arc<str>>,
    provider: Option<ProviderView>,
    is_suspicious: bool,
    last_task_status: Option<&'static str>,
    start_date: Option<Arc<str>>,
    end_date: Option<Arc<str>>,
    company_name: Option<Arc<str>>,
    company_address: Option<Arc<Value>>,
    company_domain: Option<Arc<str>>,
    company_logo: Option<String>,
    employments: Employments,
}

/// A provider.
#[derive(Serialize)]
pub(crate) struct ProviderView {
    id: Arc<str>,
    name: Arc<str>,
    logo_url: String,
}

impl From<&Provider> for ProviderView {
    fn from(provider: &Provider) -> Self {
        Self {
            id: provider.id.clone(),
            name: provider.name.clone(),
            logo_url: format!("https://cdn.example.test/p/{}.svg", provider.id),
        }
    }
}

/// Jobs, computed while they are written: parameters go in, two years of statements come out.
pub(crate) struct Employments(Option<(Person, Snapshot, Detail)>);

impl Serialize for Employments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            None => serializer.collect_seq(std::iter::empty::<()>()),
            Some((person, snapshot, detail)) => {
                serializer.collect_seq(employments(person, &snapshot.jobs, snapshot.as_of, *detail))
            }
        }
    }
}

/// A connection.
#[derive(Serialize)]
pub(crate) struct LinkView {
    id: Id,
    access_token: String,
    created_at: String,
    updated_at: String,
    deleted_at: Option<String>,
    tracking_info: Option<Id>,
    status: &'static str,
    user_external_id: Option<String>,
    provider_id: Arc<str>,
    provider: ProviderView,
    company_mapping: Option<CompanyMapping>,
    link_hash: Id,
    allowed_products: Vec<&'static str>,
    initial_product_type: &'static str,
    data_source: Arc<str>,
    is_suspicious: bool,
    is_dds_available: bool,
}

#[derive(Serialize)]
struct CompanyMapping {
    id: Id,
    name: Arc<str>,
    logo_url: Option<String>,
}

/// A task.
#[derive(Serialize)]
pub(crate) struct TaskView {
    id: Id,
    status: &'static str,
    product_type: &'static str,
    provider: Option<ProviderView>,
    created_at: String,
    updated_at: String,
    link_id: Option<Id>,
    user_id: Id,
    error_message: Option<&'static str>,
    tracking_info: Option<Id>,
    bridge_token: Option<Id>,
    data_source: Option<Arc<str>>,
    is_suspicious: bool,
    order_id: Option<Id>,
}

/// A person.
#[derive(Serialize)]
pub(crate) struct UserView {
    id: Id,
    external_user_id: Option<String>,
    first_name: String,
    last_name: String,
    email: Option<String>,
    phone: Option<String>,
    ssn: Option<String>,
    created_at: String,
    updated_at: String,
}

/// An instant of links and tasks: whole seconds.
pub(crate) fn second(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The link that fits a text message.
pub(crate) fn short_share_url(order: &Order) -> String {
    format!("https://go.example.test/{}", order.id.get(..8).unwrap_or(&order.id))
}

impl World {
    pub(crate) fn order_view(&self, order: &Order) -> OrderView {
        let bridge_token = self.chance.id("bridge token", &order.id, 0);
        OrderView {
            id: order.id.clone(),
            products: order.products.clone(),
            source: order.source,
            order_number: order.order_number.clone(),
            custom_field: order.custom_field.clone(),
            client_name: self.settings.client_name.clone(),
            first_name: order.first_name.clone(),
            last_name: order.last_name.clone(),
            user_id: order.user_id.clone(),
            share_url: format!(
                "https://cdn.example.test/order.html?bridge_token={bridge_token}&order_group_id={}",
                order.id
            ),
            short_share_url: short_share_url(order),
            bridge_token,
            created_at: instant(order.created_at),
            updated_at: instant(order.updated_at),
            canceled_at: order.canceled_at.map(instant),
            completed_at: order.completed_at.map(instant),
            expired_at: instant(order.expired_at),
            is_expired: order.is_expired,
            user_consent_at: order.user_consent_at.map(instant),
            initial_order: order.initial_order.clone(),
            refresh_order: order.refresh_order.clone(),
            employers: order.suborders.iter().map(|suborder| self.suborder_view(order, suborder)).collect(),
            financial_accounts: [],
            extra: order.extra.clone(),
        }
    }

    pub(crate) fn suborder_view(&self, order: &Order, suborder: &Suborder) -> SuborderView {
        let link = suborder.link_id.as_ref().and_then(|id| self.links.get(id));
        let data = suborder
            .data
            .clone()
            .zip(link)
            .map(|(snapshot, link)| (self.person_of(link), snapshot, order.detail(suborder.product)));
        SuborderView {
            id: suborder.id.clone(),
            product_type: suborder.product,
            status: suborder.status.as_str(),
            suborder_number: suborder.number.clone(),
            created_at: instant(suborder.created_at),
            bridge_token: self.chance.id("bridge token", &suborder.id, 0),
            link_id: suborder.link_id.clone(),
            access_token: link.map(|link| link.access_token.clone()),
            pdf_report: None,
            data_source: link.map(|link| link.data_source.clone()),
            provider: link.map(|link| ProviderView::from(&link.provider)),
            is_suspicious: suborder.suspicious,
            last_task_status: suborder.last_task.map(TaskState::as_str),
            start_date: suborder.asked.start_date.clone(),
            end_date: suborder.asked.end_date.clone(),
            company_name: suborder.asked.company_name.clone().or_else(|| link.map(|link| link.company_name.clone())),
            company_address: suborder.asked.company_address.clone(),
            company_domain: suborder.asked.company_domain.clone(),
            company_logo: None,
            employments: Employments(data),
        }
    }

    /// The access token is masked unless `token` says otherwise.
    pub(crate) fn link_view(&self, link: &Link, token: bool) -> LinkView {
        LinkView {
            id: link.id.clone(),
            access_token: if token { link.access_token.to_string() } else { masked(&link.access_token) },
            created_at: second(link.created_at),
            updated_at: second(link.updated_at),
            deleted_at: link.deleted_at.map(second),
            tracking_info: link.tracking_info.clone(),
            status: link.status.as_str(),
            user_external_id: self.users.get(&link.user_id).and_then(|user| user.external_user_id.clone()),
            provider_id: link.provider.id.clone(),
            provider: ProviderView::from(&link.provider),
            company_mapping: link.company_mapping_id.clone().map(|id| CompanyMapping {
                id,
                name: link.company_name.clone(),
                logo_url: None,
            }),
            link_hash: link.hash.clone(),
            allowed_products: vec![link.product],
            initial_product_type: link.product,
            data_source: link.data_source.clone(),
            is_suspicious: link.suspicious,
            is_dds_available: true,
        }
    }

    pub(crate) fn task_view(&self, task: &Task) -> TaskView {
        let link = task.link_id.as_ref().and_then(|id| self.links.get(id));
        TaskView {
            id: task.id.clone(),
            status: task.status.as_str(),
            product_type: task.product,
            provider: link.map(|link| ProviderView::from(&link.provider)),
            created_at: second(task.created_at),
            updated_at: second(task.updated_at),
            link_id: task.link_id.clone(),
            user_id: task.user_id.clone(),
            error_message: task.error_message,
            tracking_info: task.tracking_info.clone(),
            bridge_token: None,
            data_source: link.map(|link| link.data_source.clone()),
            is_suspicious: task.suspicious,
            order_id: task.order_id.clone(),
        }
    }

    /// The person as a connection's provider knows them.
    fn person_of(&self, link: &Link) -> Person {
        let user = self.users.get(&link.user_id);
        Person {
            first_name: user.map(|user| user.first_name.clone()).unwrap_or_default(),
            last_name: user.map(|user| user.last_name.clone()).unwrap_or_default(),
            email: user.and_then(|user| user.email.clone()),
            ssn: user.and_then(|user| user.ssn.clone()),
            connected_at: link.created_at,
        }
    }

    pub(crate) fn employments_view(&self, link: &Link, snapshot: Snapshot, detail: Detail) -> Employments {
        Employments(Some((self.person_of(link), snapshot, detail)))
    }
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.clone(),
            external_user_id: user.external_user_id.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            email: user.email.clone(),
            phone: user.phone.clone(),
            ssn: user.ssn.clone(),
            created_at: instant(user.created_at),
            updated_at: instant(user.updated_at),
        }
    }
}

/// Stars, and the last four characters.
fn masked(token: &str) -> String {
    let count = token.chars().count();
    let tail: String = token.chars().skip(count.saturating_sub(4)).collect();
    format!("{}{tail}", "*".repeat(count.saturating_sub(4)))
}

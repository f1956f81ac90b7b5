//! Income and employment reports, of a person and of one connection.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Call;
use super::answer::Answer;
use super::body::RequestBody;
use super::shapes::Employments;
use crate::simulator::chance::Id;
use crate::simulator::engine::millis;
use crate::simulator::events::instant;
use crate::simulator::payroll::{Detail, Snapshot};
use crate::simulator::refusal::Refusal;
use crate::simulator::state::{Link, UserReport, World};

/// A person's report. `provider` is plain text here and an object elsewhere, as upstream has it.
#[derive(Serialize)]
struct UserReportView {
    report_id: Id,
    created_at: String,
    completed_at: String,
    last_task_at: Option<String>,
    links: Vec<ReportLink>,
}

#[derive(Serialize)]
struct ReportLink {
    id: Id,
    link_id: Id,
    tracking_info: Option<Id>,
    data_source: std::sync::Arc<str>,
    provider: std::sync::Arc<str>,
    provider_name: std::sync::Arc<str>,
    is_suspicious: bool,
    employments: Employments,
}

/// One connection's report.
#[derive(Serialize)]
struct LinkReportView {
    id: Id,
    status: &'static str,
    completed_at: Option<String>,
    link_id: Id,
    access_token: Id,
    tracking_info: Option<Id>,
    refresh_status: &'static str,
    pdf_report: Option<String>,
    data_source: std::sync::Arc<str>,
    provider: std::sync::Arc<str>,
    is_suspicious: bool,
    employments: Employments,
}

impl World {
    /// What a connection's report shows at this moment; nothing for a little while after a pull has ended.
    fn readable<'a>(&self, link: &'a Link, now: DateTime<Utc>) -> Option<&'a Snapshot> {
        let delay = millis(u64::from(self.settings.report_delay_ms));
        let ready = link.done_at.is_none_or(|done| done + delay <= now);
        link.data.as_ref().filter(|_| ready && link.deleted_at.is_none())
    }
}

pub(crate) fn create(world: &mut World, call: &Call, user_id: &str) -> Result<Answer, Refusal> {
    let user = world.user_of(call.owner, user_id)?;
    let body = RequestBody::parse(call.body)?;
    let detail = if body.flag("is_voe")?.unwrap_or(false) { Detail::Employment } else { Detail::Income };
    let links: Vec<&Link> = user.links.iter().filter_map(|id| world.links.get(id)).collect();
    let read: Vec<(Id, Snapshot)> =
        links.iter().filter_map(|link| Some((link.id.clone(), world.readable(link, call.now)?.clone()))).collect();
    if read.is_empty() {
        return Err(Refusal::NotFound);
    }
    let last_task_at = links.iter().filter_map(|link| link.done_at).max();
    let user_id = user.id.clone();
    let id = world.new_id("report");
    let report = UserReport {
        id: id.clone(),
        owner: call.owner,
        user_id,
        detail,
        created_at: call.now,
        last_task_at,
        links: read,
    };
    let view = user_report(world, &report);
    world.reports.insert(id, report);
    Ok(Answer::created(view))
}

pub(crate) fn read(world: &World, call: &Call, user_id: &str, report_id: &str) -> Result<Answer, Refusal> {
    let user = world.user_of(call.owner, user_id)?;
    let report = world.reports.get(report_id).filter(|report| report.user_id == user.id).ok_or(Refusal::NotFound)?;
    call.owner.may_see(report.owner)?;
    Ok(Answer::ok(user_report(world, report)))
}

pub(crate) fn of_link(world: &World, call: &Call, link_id: &str, detail: Detail) -> Result<Answer, Refusal> {
    let link = world.link_of(call.owner, link_id)?;
    let snapshot = world.readable(link, call.now).ok_or(Refusal::NotFound)?.clone();
    Ok(Answer::ok(LinkReportView {
        id: world.chance.id("link report", &link.id, u64::try_from(snapshot.as_of.timestamp_micros()).unwrap_or(0)),
        status: link.status.as_str(),
        completed_at: link.done_at.map(instant),
        link_id: link.id.clone(),
        access_token: link.access_token.clone(),
        tracking_info: link.tracking_info.clone(),
        refresh_status: link.status.as_str(),
        pdf_report: None,
        data_source: link.data_source.clone(),
        provider: link.provider.id.clone(),
        is_suspicious: link.suspicious,
        employments: world.employments_view(link, snapshot, detail),
    }))
}

fn user_report(world: &World, report: &UserReport) -> UserReportView {
    let links = report
        .links
        .iter()
        .filter_map(|(id, snapshot)| {
            let link = world.links.get(id)?;
            Some(ReportLink {
                id: world.chance.id("report link", &format!("{}{}", report.id, link.id), 0),
                link_id: link.id.clone(),
                tracking_info: link.tracking_info.clone(),
                data_source: link.data_source.clone(),
                provider: link.provider.id.clone(),
                provider_name: link.provider.name.clone(),
                is_suspicious: link.suspicious,
                employments: world.employments_view(link, snapshot.clone(), report.detail),
            })
        })
        .collect();
    UserReportView {
        report_id: report.id.clone(),
        created_at: instant(report.created_at),
        completed_at: instant(report.created_at),
        last_task_at: report.last_task_at.map(instant),
        links,
    }
}

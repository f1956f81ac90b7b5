//! The sections of a packet, as JSON: field names are ours, instants end in `Z`, amounts are decimal text in US dollars.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::chain::Section;
use super::gather::{Gathered, Whole};
use crate::audit::Kept;
use crate::events::Event;
use crate::orders::Order;
use crate::renewals::{Decision, Shown};
use crate::reports::{Employment, PayLine, PayStatement, Report};
use crate::words::AuditAccess;

/// Every section, in the order of the file.
pub(super) fn sections(from: &Gathered) -> Vec<Section> {
    let section = |name, content| Section { name, content };
    let shown = from.review.as_ref().map(|review| Shown::from(&review.filled));
    // What was decided on counts; before a decision, what the screen shows now.
    let shown = from.decisions.last().map(|decision| decision.shown.clone()).or(shown).unwrap_or_default();
    vec![
        section("packet", head(from)),
        section("case", case(from)),
        section("lineage", from.orders.iter().map(|order| self::order(from, order)).collect()),
        section("deliveries", deliveries(from)),
        section("report", from.current.as_ref().map_or(Value::Null, whole)),
        section("report_as_received", from.current.as_ref().map_or(Value::Null, |whole| whole.body.clone())),
        section("baseline", from.baseline.as_ref().map_or(Value::Null, whole)),
        section("changes", changes(&shown)),
        section("arithmetic", arithmetic(from)),
        section("judgement", judgement(&shown)),
        section("decisions", from.decisions.iter().map(decision).collect()),
        section("late_reports", from.late.iter().map(report).collect()),
        section("events", from.events.iter().map(event).collect()),
        section("access", from.access.iter().map(|kept| looked(from, kept)).collect()),
    ]
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn maybe(at: Option<DateTime<Utc>>) -> Option<String> {
    at.map(instant)
}

fn head(from: &Gathered) -> Value {
    json!({
        "agency": from.agency,
        "case": from.case.number,
        "program": from.case.program,
        "renewal": from.renewal.id,
        "due_on": from.renewal.due_on,
        "exported_at": instant(from.exported_at),
        "exported_by": from.exported_by,
        "written_by": concat!("recert ", env!("CARGO_PKG_VERSION")),
    })
}

fn case(from: &Gathered) -> Value {
    let (case, renewal) = (&from.case, &from.renewal);
    json!({
        "id": case.id,
        "number": case.number,
        "program": case.program,
        "status": case.status,
        "version": case.version,
        "due_on": case.due_on,
        "client": from.client.as_ref().map(|client| json!({
            "id": client.id,
            "external_user_id": client.external_user_id,
            "name": client.display_name(),
            "ssn_last4": from.ssn_last4,
        })),
        "renewal": {
            "id": renewal.id,
            "due_on": renewal.due_on,
            "opened_on": renewal.opened_on,
            "prepared_at": maybe(renewal.prepared_at),
            "baseline_report": renewal.baseline,
            "current_report": renewal.current,
            "decision": renewal.decision,
            "decided_by": renewal.decided_by,
            "decided_at": maybe(renewal.decided_at),
            "closed_at": maybe(renewal.closed_at),
        },
    })
}

fn order(from: &Gathered, order: &Order) -> Value {
    let employers = from.employers.get(&order.id).map(Vec::as_slice).unwrap_or_default();
    let employers = employers.iter().map(|employer| {
        let link = employer.link.and_then(|id| from.links.get(&id));
        json!({
            "company": employer.company_name,
            "truv_suborder_id": employer.truv_suborder_id,
            "truv_link_id": link.map(|link| &link.truv_link_id),
            "provider": link.and_then(|link| link.provider_name.as_ref()),
            "status": employer.raw_status,
            "task_status": employer.task_status,
            "task_at": maybe(employer.task_at),
        })
    });
    json!({
        "id": order.id,
        "truv_order_id": order.truv_order_id,
        "parent": order.parent,
        "depth": order.depth,
        "kind": order.kind,
        "status": order.status,
        "product": order.product,
        "purpose": order.purpose,
        "renewal": order.renewal,
        "requested_by": order.requested_by,
        "created_at": instant(order.created_at),
        "sent_at": maybe(order.sent_at),
        "completed_at": maybe(order.completed_at),
        "failure": order.failure.as_ref().map(|failure| json!({
            "reason": failure.reason,
            "message": failure.message,
            "occurred_at": instant(failure.occurred_at),
        })),
        "employers": employers.collect::<Vec<_>>(),
    })
}

fn deliveries(from: &Gathered) -> Value {
    let delivery = |used: &crate::deliveries::Used| {
        json!({
            "id": used.id,
            "order": used.order_id,
            "key": used.dedupe_key,
            "event": used.event_type,
            "received_at": instant(used.received_at),
            "applied_at": maybe(used.settled_at),
            "body_sha256": used.body_sha256,
            "found_in_history": used.is_from_history,
        })
    };
    from.deliveries.iter().map(delivery).collect()
}

fn report(report: &Report) -> Value {
    json!({
        "id": report.id,
        "order": report.order,
        "truv_report_id": report.truv_report_id,
        "generated_at": instant(report.generated_at),
        "stored_at": instant(report.created_at),
        "monthly_income": report.monthly_income,
    })
}

fn whole(whole: &Whole) -> Value {
    let mut value = report(&whole.report);
    let jobs: Vec<Value> = whole.jobs.iter().map(|(job, statements)| self::job(job, statements)).collect();
    if let Some(fields) = value.as_object_mut() {
        fields.insert("jobs".to_owned(), Value::Array(jobs));
    }
    value
}

fn job(job: &Employment, statements: &[PayStatement]) -> Value {
    json!({
        "id": job.id,
        "report": job.report,
        "key": job.key,
        "company": job.company_name,
        "ein": job.company_ein,
        "is_active": job.is_active,
        "title": job.job_title,
        "start_date": job.start_date,
        "end_date": job.end_date,
        "data_source": job.data_source,
        "derived_fields": job.derived_fields,
        "missing_fields": job.missing_fields,
        "income": job.income,
        "income_unit": job.income_unit,
        "pay_rate": job.pay_rate,
        "pay_frequency": job.pay_frequency,
        "monthly_income": job.monthly_income,
        "is_suspicious": job.is_suspicious,
        "identity": job.identity,
        "pay_statements": statements.iter().map(statement).collect::<Vec<_>>(),
    })
}

fn statement(statement: &PayStatement) -> Value {
    let lines = |lines: &[PayLine]| serde_json::to_value(lines).unwrap_or_default();
    json!({
        "id": statement.id,
        "pay_date": statement.pay_date,
        "period_start": statement.period_start,
        "period_end": statement.period_end,
        "hours": statement.hours,
        "gross_pay": statement.gross_pay,
        "net_pay": statement.net_pay,
        "gross_pay_ytd": statement.gross_pay_ytd,
        "net_pay_ytd": statement.net_pay_ytd,
        "earnings": lines(&statement.earnings),
        "deductions": lines(&statement.deductions),
        "derived_fields": statement.derived_fields,
        "missing_fields": statement.missing_fields,
        "is_new_since_baseline": statement.is_new,
    })
}

fn changes(shown: &Shown) -> Value {
    json!({ "rules": shown.rules, "lines": shown.fields })
}

fn judgement(shown: &Shown) -> Value {
    json!({
        "is_sufficient": shown.evidence.iter().all(|check| check.is_met),
        "evidence": shown.evidence,
        "is_stable": shown.stability.iter().all(|check| check.is_met),
        "stability": shown.stability,
    })
}

/// The way to every monthly figure, for those of the newest report and of the baseline.
fn arithmetic(from: &Gathered) -> Value {
    let ways = |(job, _): &(Employment, Vec<PayStatement>)| {
        let way = |way: &crate::reports::arithmetic::Arithmetic| {
            let steps = way.steps().into_iter().map(|step| {
                json!({
                    "label": step.label,
                    "expression": step.expression,
                    "value": step.value,
                    "pay_statements": step.parts,
                })
            });
            json!({
                "method": way.method.key(),
                "amount": way.amount,
                "rules_version": way.rules,
                "weak_fields": way.weak,
                "steps": steps.collect::<Vec<_>>(),
            })
        };
        json!({ "job": job.id, "key": job.key, "ways": job.arithmetic.iter().map(way).collect::<Vec<_>>() })
    };
    let of = |whole: &Option<Whole>| whole.as_ref().map(|whole| whole.jobs.iter().map(ways).collect::<Vec<_>>());
    json!({ "report": of(&from.current), "baseline": of(&from.baseline) })
}

fn decision(decision: &Decision) -> Value {
    let edits = decision.edits.iter().map(|edit| {
        json!({
            "key": edit.key,
            "job": edit.employment_key,
            "label": edit.label,
            "original": edit.original,
            "value": edit.value,
            "reason": edit.reason,
        })
    });
    json!({
        "id": decision.id,
        "decision": decision.decision,
        "note": decision.note,
        "decided_by": decision.decided_by,
        "decided_at": instant(decision.decided_at),
        "case_version": decision.case_version,
        "baseline_report": decision.baseline,
        "current_report": decision.current,
        "next_due_on": decision.next_due_on,
        "edits": edits.collect::<Vec<_>>(),
    })
}

/// An entry of the audit trail, as far as it speaks of this case. Its hash is that of the agency's trail.
fn looked(from: &Gathered, kept: &Kept) -> Value {
    let entry = &kept.entry;
    let access = entry.cases.get(&from.case.id).copied().unwrap_or_default();
    json!({
        "seq": kept.seq,
        "at": instant(entry.at),
        "channel": entry.channel,
        "subject": entry.subject,
        "operation": entry.operation,
        "outcome": entry.outcome,
        "access": access.kinds().map(AuditAccess::word).collect::<Vec<_>>(),
        "hash": kept.hash,
    })
}

fn event(event: &Event) -> Value {
    json!({
        "version": event.case_version,
        "kind": event.kind,
        "occurred_at": instant(event.occurred_at),
        "order": event.order,
        "report": event.report,
        "facts": event.facts,
    })
}

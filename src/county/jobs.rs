//! The jobs behind a connection.

use chrono::{NaiveDate, TimeDelta};

use super::draw::Draw;
use super::employers::Employer;
use crate::simulator::payroll::{Job, Pay, PayChange, PayFrequency};

/// The job at an employer. It began before the original order, and some of what happened to it since (a raise, fewer
/// hours, a bonus, the end) only the next refresh will show.
pub(super) fn job(
    draw: &mut Draw,
    employer: Employer,
    is_second: bool,
    original_on: NaiveDate,
    today: NaiveDate,
) -> Job {
    let start_date = original_on - TimeDelta::days(draw.between(60, 2_600));
    let days_ago = |days| today - TimeDelta::days(days);
    let pay = pay(draw, employer, is_second);
    let pay_changes = match draw.between(0, 99) {
        0..=39 => vec![PayChange { from: days_ago(draw.between(20, 330)), pay: raised(draw, pay) }],
        40..=47 => vec![PayChange { from: days_ago(draw.between(20, 150)), pay: cut(pay) }],
        _ => Vec::new(),
    };
    let off_cycle = if draw.happens(20) { vec![days_ago(draw.between(15, 400))] } else { Vec::new() };
    let end_date = (is_second && draw.happens(12)).then(|| days_ago(draw.between(15, 120)));
    Job {
        seed: draw.number(),
        company_name: Some(employer.name.to_owned()),
        title: draw.happens(92).then(|| employer.title.to_owned()),
        job_type: Some(if is_second || draw.happens(35) { "P" } else { "F" }.to_owned()),
        pay,
        pay_frequency: match draw.between(0, 99) {
            0..=19 => PayFrequency::Weekly,
            20..=64 => PayFrequency::Biweekly,
            65..=84 => PayFrequency::Semimonthly,
            _ => PayFrequency::Monthly,
        },
        start_date,
        end_date,
        pay_changes,
        off_cycle,
    }
}

fn pay(draw: &mut Draw, employer: Employer, is_second: bool) -> Pay {
    let (least, most) = (employer.least, employer.most);
    if employer.is_salaried {
        return Pay::Salary { annual_cents: draw.between(least / 50_000, most / 50_000) * 50_000 };
    }
    let hours = if is_second { draw.between(8, 20) } else { draw.between(24, 40) };
    Pay::Hourly {
        rate_cents: draw.between(least / 25, most / 25) * 25,
        hours_per_week: u32::try_from(hours).unwrap_or(30),
    }
}

/// Three to nine per cent more.
fn raised(draw: &mut Draw, pay: Pay) -> Pay {
    let percent = 100 + draw.between(3, 9);
    match pay {
        Pay::Hourly { rate_cents, hours_per_week } => {
            Pay::Hourly { rate_cents: rate_cents * percent / 100, hours_per_week }
        }
        Pay::Salary { annual_cents } => Pay::Salary { annual_cents: annual_cents * percent / 100 },
    }
}

/// Two thirds of the hours, or of the salary.
fn cut(pay: Pay) -> Pay {
    match pay {
        Pay::Hourly { rate_cents, hours_per_week } => {
            Pay::Hourly { rate_cents, hours_per_week: hours_per_week * 2 / 3 }
        }
        Pay::Salary { annual_cents } => Pay::Salary { annual_cents: annual_cents * 2 / 3 },
    }
}

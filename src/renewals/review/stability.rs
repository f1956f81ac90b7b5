//! Does anything speak against a renewal without contact? Fixed questions, each answered with its reason. The case is stable
//! when every answer is yes; what follows from that is for the agency to decide.

use rust_decimal::Decimal;

use super::checks::Check;
use super::words::dollars;
use super::{Field, Rules};
use crate::ids::PayStatementId;
use crate::words::{ChangeKind, ReviewCheckKey, ReviewFieldKey};

/// What the lines of a review do not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// There is an earlier report to compare with.
    pub has_baseline: bool,
    /// Connections of the newest order that were asked and have not answered.
    pub unanswered: usize,
}

/// Answers the questions. `fields` are the lines of the review, `evidence` the answers about its evidence.
pub fn stability(fields: &[Field], evidence: &[Check], circumstances: Circumstances, rules: Rules) -> Vec<Check> {
    let check = |key, is_met, sentence: String, evidence: Vec<PayStatementId>| Check {
        key,
        employment_key: None,
        is_met,
        sentence,
        evidence,
    };
    let unmet: Vec<&Check> = evidence.iter().filter(|check| !check.is_met).collect();
    let sufficient = match unmet.as_slice() {
        [] => "The evidence is sufficient.".to_owned(),
        [only] => format!("The evidence is not sufficient: {}", only.sentence),
        [first, rest @ ..] => format!("The evidence is not sufficient: {} And {} more.", first.sentence, rest.len()),
    };
    let baseline = if circumstances.has_baseline {
        "There is an earlier report to compare with."
    } else {
        "There is no earlier report to compare with."
    };
    let answered = match circumstances.unanswered {
        0 => "Every connection that was asked has answered.".to_owned(),
        1 => "One connection that was asked has not answered.".to_owned(),
        count => format!("{count} connections that were asked have not answered."),
    };
    let mut found = vec![
        check(ReviewCheckKey::HasBaseline, circumstances.has_baseline, baseline.to_owned(), Vec::new()),
        check(ReviewCheckKey::EveryEmployerAnswered, circumstances.unanswered == 0, answered, Vec::new()),
        check(ReviewCheckKey::EvidenceIsSufficient, unmet.is_empty(), sufficient, Vec::new()),
    ];
    if circumstances.has_baseline {
        let (is_met, sentence) = same_jobs(fields);
        found.push(check(ReviewCheckKey::SameJobs, is_met, sentence, Vec::new()));
        if let Some(total) = fields.iter().find(|field| field.employment_key.is_none()) {
            let (is_met, sentence) = steady(total, rules);
            found.push(check(ReviewCheckKey::IncomeIsSteady, is_met, sentence, total.evidence.clone()));
        }
        let material: Vec<&Field> = fields.iter().filter(|field| field.is_material).collect();
        let sentence = match material.as_slice() {
            [] => "No change is material.".to_owned(),
            changes => {
                let told: Vec<&str> = changes.iter().take(3).map(|field| field.sentence.as_str()).collect();
                let more = changes.len().saturating_sub(3);
                let more = if more > 0 { format!(" And {more} more.") } else { String::new() };
                format!("Material changes: {}{more}", told.join(" "))
            }
        };
        let evidence = material.iter().flat_map(|field| field.evidence.iter().copied()).collect();
        found.push(check(ReviewCheckKey::NoMaterialChange, material.is_empty(), sentence, evidence));
    }
    found
}

fn same_jobs(fields: &[Field]) -> (bool, String) {
    let moved = |field: &&Field| match field.key {
        ReviewFieldKey::Employer => matches!(field.change, ChangeKind::Added | ChangeKind::Removed),
        ReviewFieldKey::EmploymentStatus => field.change == ChangeKind::Changed,
        _ => false,
    };
    let told: Vec<&str> = fields.iter().filter(moved).map(|field| field.sentence.as_str()).collect();
    if told.is_empty() { (true, "The jobs are the same as before.".to_owned()) } else { (false, told.join(" ")) }
}

/// Money is compared exactly, so that the percent of the sentence may be rounded and the answer is not.
fn steady(total: &Field, rules: Rules) -> (bool, String) {
    let amount = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Decimal>().ok());
    let most = rules.stable_percent;
    match (amount(&total.value), amount(&total.previous_value)) {
        (Some(now), Some(before)) => {
            let moved = now.checked_sub(before).and_then(|moved| moved.abs().checked_mul(Decimal::ONE_HUNDRED));
            let allowed = before.abs().checked_mul(Decimal::from(most));
            let is_met = moved.zip(allowed).is_some_and(|(moved, allowed)| moved <= allowed);
            let text = format!(
                "The monthly income is {} and was {}; a difference of {most} % is allowed.",
                dollars(now),
                dollars(before)
            );
            (is_met, text)
        }
        (None, None) => (false, "No monthly income is known, now or before.".to_owned()),
        (Some(_), None) => (false, "The monthly income before is not known.".to_owned()),
        (None, Some(_)) => (false, "The monthly income now is not known.".to_owned()),
    }
}

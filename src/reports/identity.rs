//! Whether the person whom an employer knows is the person on the case.
//!
//! Only the verdict is kept with a report, not what it stands on: names and numbers of people need not be stored twice.

use crate::truv::wire::employments::Profile;
use crate::words::IdentityMatch;

/// The person on the case.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// First name.
    pub first_name: &'a str,
    /// Last name.
    pub last_name: &'a str,
    /// The last four digits of the social security number; `None` when the agency gave none.
    pub ssn_last4: Option<&'a str>,
}

/// Compares what both sides say; `None` when there is nothing to compare.
///
/// Names agree when they share a family name, and one given name is the other's, or its beginning (an initial, a short
/// form). Marks, case, hyphens and the order of the names do not count.
pub(super) fn check(person: Person<'_>, profile: Option<&Profile>) -> Option<IdentityMatch> {
    let profile = profile?;
    let ssn = person.ssn_last4.zip(profile.ssn_last4.as_deref()).map(|(ours, theirs)| ours == theirs);
    let name = same_name(person, profile);
    match (name, ssn) {
        (None, None) => None,
        (Some(false), Some(false)) => Some(IdentityMatch::NameAndSsnDiffer),
        (Some(false), _) => Some(IdentityMatch::NameDiffers),
        (_, Some(false)) => Some(IdentityMatch::SsnDiffers),
        (Some(true), _) | (_, Some(true)) => Some(IdentityMatch::Matches),
    }
}

fn same_name(person: Person<'_>, profile: &Profile) -> Option<bool> {
    let full = words(profile.full_name.as_deref().unwrap_or_default());
    let given = words(profile.first_name.as_deref().unwrap_or_default());
    let family = words(profile.last_name.as_deref().unwrap_or_default());
    let (given, family) = if family.is_empty() { (full.clone(), full) } else { (given, family) };
    let (our_given, our_family) = (words(person.first_name), words(person.last_name));
    if family.is_empty() || our_family.is_empty() {
        return None;
    }
    let shares_family = our_family.iter().any(|ours| family.contains(ours));
    let is_start = |one: &String, other: &String| one.starts_with(other.as_str()) || other.starts_with(one.as_str());
    let shares_given = given.is_empty()
        || our_given.is_empty()
        || our_given.iter().any(|ours| given.iter().any(|theirs| is_start(ours, theirs)));
    Some(shares_family && shares_given)
}

/// The words of a name in lower case, without marks: `O'Neil-Ortíz` is `oneil` and `ortiz`.
fn words(name: &str) -> Vec<String> {
    let plain: String = name
        .to_lowercase()
        .chars()
        .filter(|letter| !matches!(letter, '\'' | '’' | '.'))
        .map(|letter| if letter.is_alphanumeric() { base(letter) } else { ' ' })
        .collect();
    plain.split_whitespace().map(str::to_owned).collect()
}

/// The letter without its accent, for the accents of names that payroll systems often drop.
fn base(letter: char) -> char {
    match letter {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        letter => letter,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verdict(person: Person<'_>, profile: serde_json::Value) -> Option<IdentityMatch> {
        check(person, Some(&serde_json::from_value(profile).unwrap()))
    }

    #[test]
    fn names_agree_across_marks_initials_and_double_names() {
        let rosa = Person { first_name: "Rosa", last_name: "Ortíz", ssn_last4: None };
        for profile in [
            json!({"first_name": "ROSA", "last_name": "ORTIZ"}),
            json!({"first_name": "R.", "last_name": "Ortiz-Vega"}),
            json!({"full_name": "Ortiz, Rosa M."}),
            json!({"last_name": "Ortiz"}),
        ] {
            assert_eq!(verdict(rosa, profile.clone()), Some(IdentityMatch::Matches), "{profile}");
        }
        for profile in [json!({"first_name": "Maria", "last_name": "Ortiz"}), json!({"full_name": "Rosa Vega"})] {
            assert_eq!(verdict(rosa, profile.clone()), Some(IdentityMatch::NameDiffers), "{profile}");
        }
        assert_eq!(verdict(rosa, json!({"ssn": "900550142"})), None, "nothing to compare");
        assert_eq!(check(rosa, None), None);
    }

    #[test]
    fn the_last_four_digits_count_where_both_sides_have_them() {
        let rosa = Person { first_name: "Rosa", last_name: "Ortiz", ssn_last4: Some("0142") };
        let with = |ssn: serde_json::Value, last: &str| verdict(rosa, json!({"ssn": ssn, "last_name": last}));
        assert_eq!(with(json!("900-55-0142"), "Ortiz"), Some(IdentityMatch::Matches));
        assert_eq!(with(json!("*****0142"), ""), Some(IdentityMatch::Matches));
        assert_eq!(with(json!("900550143"), "Ortiz"), Some(IdentityMatch::SsnDiffers));
        assert_eq!(with(json!("900550143"), "Vega"), Some(IdentityMatch::NameAndSsnDiffer));
        assert_eq!(with(json!("143"), "Ortiz"), Some(IdentityMatch::Matches), "three digits say nothing");
    }
}

//! Finding a job of one report again in another.
//!
//! By connection and Truv's employment id, which is stable for a connection; else by the employer's federal number; else by
//! its name without case, punctuation and legal form (Truv's documents, "Comparing old and new"). The number and the name
//! carry a job over a new connection, and the id carries it over a new name.

use std::cmp::Reverse;
use std::collections::HashSet;

use chrono::NaiveDate;

use crate::ids::LinkId;

/// Words at the end of a company's name that say only its legal form.
const LEGAL_FORMS: [&str; 14] = [
    "inc",
    "incorporated",
    "llc",
    "corp",
    "corporation",
    "co",
    "company",
    "ltd",
    "limited",
    "lp",
    "llp",
    "plc",
    "pllc",
    "pc",
];

/// Whether two company names are one name, written differently: `Harbor Grocery Co` and `HARBOR GROCERY, INC.`
pub fn is_same_company(one: &str, other: &str) -> bool {
    one == other || normal_name(one).is_some_and(|name| normal_name(other) == Some(name))
}

/// What a job is recognised by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Traits {
    link: Option<LinkId>,
    truv_id: Option<String>,
    ein: Option<String>,
    name: Option<String>,
    title: Option<String>,
    start: Option<NaiveDate>,
}

/// How well two jobs agree, compared field by field: what decides first, then what tells jobs at one employer apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Agreement {
    by: By,
    start: bool,
    title: bool,
    link: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    Name,
    Ein,
    Id,
}

impl Traits {
    pub(super) fn of(job: &super::Employment, truv_id: Option<&str>) -> Self {
        Self {
            link: job.link,
            truv_id: truv_id.map(str::to_owned),
            ein: job.company_ein.as_deref().and_then(normal_ein),
            name: job.company_name.as_deref().and_then(normal_name),
            title: job.job_title.as_deref().map(str::to_lowercase),
            start: job.start_date,
        }
    }

    fn agreement(&self, other: &Self) -> Option<Agreement> {
        let link = same(self.link.as_ref(), other.link.as_ref());
        // Two federal numbers that differ are two employers, also under one name: franchises.
        let contradicts = self.ein.is_some() && other.ein.is_some() && self.ein != other.ein;
        let by = if self.link == other.link && same(self.truv_id.as_ref(), other.truv_id.as_ref()) {
            By::Id
        } else if same(self.ein.as_ref(), other.ein.as_ref()) {
            By::Ein
        } else if !contradicts && same(self.name.as_ref(), other.name.as_ref()) {
            By::Name
        } else {
            return None;
        };
        Some(Agreement {
            by,
            start: same(self.start.as_ref(), other.start.as_ref()),
            title: same(self.title.as_ref(), other.title.as_ref()),
            link,
        })
    }
}

/// For each job of `current` its place in `known`, one to one, the best match first. Among equal matches the jobs' own traits
/// decide, so that the order they came in does not matter.
pub(super) fn pair(current: &[Traits], known: &[Traits]) -> Vec<Option<usize>> {
    let mut candidates = Vec::new();
    for (now, traits) in current.iter().enumerate() {
        for (then, other) in known.iter().enumerate() {
            candidates.extend(traits.agreement(other).map(|agreement| (Reverse(agreement), traits, other, now, then)));
        }
    }
    candidates.sort_unstable();
    let mut pairs = vec![None; current.len()];
    let mut taken = HashSet::new();
    for (.., now, then) in candidates {
        if let Some(free @ None) = pairs.get_mut(now)
            && taken.insert(then)
        {
            *free = Some(then);
        }
    }
    pairs
}

fn same<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    one.is_some() && one == other
}

/// The nine digits, with or without the dash; `None` for anything else, and for a row of zeros.
fn normal_ein(ein: &str) -> Option<String> {
    let digits: String = ein.chars().filter(char::is_ascii_digit).collect();
    (digits.len() == 9 && digits.contains(|digit| digit != '0')).then_some(digits)
}

/// Lower case, without punctuation and legal form; `None` when nothing is left.
fn normal_name(name: &str) -> Option<String> {
    let name: String = name
        .to_lowercase()
        .replace('&', " and ")
        .chars()
        .filter(|letter| !matches!(letter, '.' | '\'' | '’'))
        .map(|letter| if letter.is_alphanumeric() { letter } else { ' ' })
        .collect();
    let mut words: Vec<&str> = name.split_whitespace().collect();
    while words.len() > 1 && words.last().is_some_and(|word| LEGAL_FORMS.contains(word)) {
        words.pop();
    }
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn traits(link: u128, truv_id: &str, ein: &str, name: &str, title: &str) -> Traits {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Traits {
            link: (link > 0).then(|| LinkId(Uuid::from_u128(link))),
            truv_id: text(truv_id),
            ein: normal_ein(ein),
            name: normal_name(name),
            title: text(title),
            start: None,
        }
    }

    #[test]
    fn the_id_counts_more_than_the_number_and_the_number_more_than_the_name() {
        let known = [
            traits(1, "e1", "", "Blue Fern", ""),
            traits(1, "e2", "123456789", "Harbor", ""),
            traits(1, "e3", "", "Harbor", ""),
        ];
        assert_eq!(pair(&[traits(1, "e1", "123456789", "Harbor", "")], &known), [Some(0)]);
        assert_eq!(pair(&[traits(2, "e1", "123456789", "Harbor", "")], &known), [Some(1)]);
        assert_eq!(pair(&[traits(2, "x", "", "Blue Fern", "")], &known), [Some(0)]);
        assert_eq!(
            pair(&[traits(2, "e1", "", "Acme", "")], &known),
            [None],
            "an id means nothing on another connection"
        );
        assert_eq!(pair(&[traits(2, "", "", "", "")], &[traits(3, "", "", "", "")]), [None], "unknown is not equal");
    }

    #[test]
    fn matches_are_one_to_one_and_the_best_comes_first() {
        let known = [traits(1, "e1", "123456789", "Harbor", "Cashier"), traits(1, "e2", "123456789", "Harbor", "Cook")];
        let cook = traits(2, "x1", "123456789", "Harbor", "Cook");
        let other = traits(2, "x2", "123456789", "Harbor", "Driver");
        let third = traits(2, "x3", "123456789", "Harbor", "Guard");
        assert_eq!(pair(&[other.clone(), cook.clone()], &known), [Some(0), Some(1)]);
        assert_eq!(pair(&[cook.clone(), other.clone()], &known), [Some(1), Some(0)]);
        assert_eq!(pair(&[third, cook, other], &known), [None, Some(1), Some(0)]);
    }

    #[test]
    fn company_names_are_compared_without_case_punctuation_and_legal_form() {
        for (one, other, is_same) in [
            ("Harbor Grocery Co", "HARBOR GROCERY, INC.", true),
            ("Rosa's Café L.L.C.", "Rosas café", true),
            ("Smith & Sons Company, Ltd.", "Smith and Sons", true),
            ("Blue-Fern", "Blue Fern Corp", true),
            ("Harbor Grocery", "Harbor Groceries", false),
            ("Inc", "LLC", false),
            ("...", "---", false),
            ("...", "...", true),
        ] {
            assert_eq!(is_same_company(one, other), is_same, "{one} / {other}");
            assert_eq!(is_same_company(other, one), is_same, "{other} / {one}");
        }
    }

    #[test]
    fn a_federal_number_has_nine_digits() {
        assert_eq!(normal_ein("12-3456789").as_deref(), Some("123456789"));
        for text in ["", "N/A", "12345678", "1234567890", "00-0000000"] {
            assert_eq!(normal_ein(text), None, "{text:?}");
        }
    }
}

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
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// For each job of `current` its place in `known`, one to one, the best match first.
pub(super) fn pair(current: &[Traits], known: &[Traits]) -> Vec<Option<usize>> {
    let mut candidates = Vec::new();
    for (now, traits) in current.iter().enumerate() {
        for (then, other) in known.iter().enumerate() {
            candidates.extend(traits.agreement(other).map(|agreement| (agreement, now, then)));
        }
    }
    candidates.sort_by_key(|(agreement, now, then)| (Reverse(*agreement), *now, *then));
    let mut pairs = vec![None; current.len()];
    let mut taken = HashSet::new();
    for (_, now, then) in candidates {
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

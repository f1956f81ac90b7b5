//! The tenants: a list in the file, or the only one from variables.

use secrecy::{ExposeSecret, SecretString};

use super::notices;
use super::reader::{Read, Reader};
use super::renewals;
use super::sources::Origin;
use super::values::count;
use super::{Agency, Cap, Caps, Environment, Prices, PurposeRules, Purposes, RefreshRules, Review, Spending, values};

const SLUG: &[&str] = &["RECERT_AGENCY"];
const NAME: &[&str] = &["RECERT_AGENCY_NAME"];
const ENVIRONMENT: &[&str] = &["RECERT_TRUV_ENVIRONMENT"];
const CLIENT_ID: &[&str] = &["RECERT_TRUV_CLIENT_ID", "API_CLIENT_ID"];
const SECRETS: &[&str] = &["RECERT_TRUV_SECRETS", "API_SECRET"];

/// Reads every agency and checks them together.
pub(super) fn agencies(reader: &mut Reader<'_>, review: &Review) -> Vec<Agency> {
    let names = || [SLUG, NAME, ENVIRONMENT, CLIENT_ID, SECRETS].into_iter().flatten().copied();
    reader.know(names());
    let given: Vec<&'static str> = names().filter(|name| reader.variable(name).is_some()).collect();
    let tables = reader.tables("agencies");
    if tables == 0 && given.is_empty() {
        let cure = "add an [[agencies]] table to the file, or set RECERT_AGENCY, RECERT_TRUV_ENVIRONMENT, \
                    RECERT_TRUV_CLIENT_ID and RECERT_TRUV_SECRETS";
        reader.report("agencies", Origin::Default, "there is no agency", cure);
        return Vec::new();
    }
    if tables > 1 {
        for name in given {
            let what = format!("{name} speaks of the only agency, and the file has {tables}");
            let cure = "unset it, and write the value into the agency's own table";
            reader.report("agencies", Origin::Variable(name.to_owned()), what, cure);
        }
    }
    let mut agencies: Vec<Agency> = Vec::new();
    for index in 0..tables.max(1) {
        let Some((agency, origin)) = agency(reader, index, tables <= 1, review) else { continue };
        if agencies.iter().any(|earlier| earlier.slug == agency.slug) {
            let what = format!("the short name {} is taken by an earlier agency", agency.slug);
            reader.report(&format!("agencies[{index}].slug"), origin, what, "give each agency its own");
        }
        agencies.push(agency);
    }
    agencies
}

/// One agency and where its slug came from; `None` when something it needs is missing or refused, which is reported.
fn agency(reader: &mut Reader<'_>, index: usize, only: bool, review: &Review) -> Option<(Agency, Origin)> {
    let key = |field: &str| format!("agencies[{index}].{field}");
    let names = |variables: &'static [&'static str]| if only { variables } else { &[] };

    let slug = reader.open(&key("slug"), names(SLUG), values::slug);
    let name = reader.open(&key("name"), names(NAME), values::line);
    let environment = reader.open(&key("environment"), names(ENVIRONMENT), values::environment);
    let client_id = reader.open(&key("client_id"), names(CLIENT_ID), values::line);
    let secrets = reader.hidden(&key("secrets"), names(SECRETS), values::secrets);

    let slug = required(reader, &key("slug"), names(SLUG), slug);
    let client_id = required(reader, &key("client_id"), names(CLIENT_ID), client_id);
    let environment = required(reader, &key("environment"), names(ENVIRONMENT), environment);
    let secrets = required(reader, &key("secrets"), names(SECRETS), secrets);
    let spending = spending(reader, index);
    let refresh_rules = refresh_rules(reader, index);
    let review = renewals::of_agency(reader, index, review);
    let notices = notices::of_agency(reader, index);
    if let (Some((environment, _)), Some((secrets, origin))) = (&environment, &secrets) {
        agree(reader, &key("secrets"), *environment, secrets, origin);
    }

    let (slug, origin) = slug?;
    let agency = Agency {
        name: name.or(slug.clone()),
        environment: environment?.0,
        client_id: client_id?.0,
        secrets: secrets?.0,
        spending,
        refresh_rules,
        review,
        notices,
        slug,
    };
    Some((agency, origin))
}

/// Prices and caps of one agency.
fn spending(reader: &mut Reader<'_>, index: usize) -> Spending {
    let mut price = |product: &str| {
        let key = format!("agencies[{index}].price_cents.{product}");
        reader.open(&key, &[], count::<u32>).ok()
    };
    let price_cents = Prices {
        income: price("income"),
        employment: price("employment"),
        assets: price("assets"),
        insurance: price("insurance"),
        transactions: price("transactions"),
    };
    let has_prices = price_cents != Prices::default();
    let mut cap = |program: &str| {
        let key = |bound: &str| format!("agencies[{index}].caps.{program}.{bound}");
        let soft = reader.open(&key("soft_cents"), &[], count::<u32>);
        let hard = reader.open(&key("hard_cents"), &[], count::<u32>);
        let origin = match (&soft, &hard) {
            (_, Read::Given(_, origin)) | (Read::Given(_, origin), _) => origin.clone(),
            _ => Origin::Default,
        };
        let cap = Cap { soft_cents: soft.ok(), hard_cents: hard.ok() };
        if cap != Cap::default() && !has_prices {
            let what = "can never be reached, because the agency has no price";
            let cure = format!("set agencies[{index}].price_cents.income, or remove the cap");
            reader.report(&key("hard_cents"), origin.clone(), what, cure);
        }
        if let (Some(soft), Some(hard)) = (cap.soft_cents, cap.hard_cents)
            && soft > hard
        {
            let cure = "make it less than the hard cap, or leave it out";
            reader.report(&key("soft_cents"), origin, "is above the hard cap, so that it would never warn", cure);
        }
        cap
    };
    let caps = Caps {
        snap: cap("snap"),
        tanf: cap("tanf"),
        medicaid: cap("medicaid"),
        child_care: cap("child_care"),
        housing: cap("housing"),
        liheap: cap("liheap"),
        other: cap("other"),
    };
    Spending { price_cents, caps }
}

/// When one agency does not want a refresh to be made.
fn refresh_rules(reader: &mut Reader<'_>, index: usize) -> RefreshRules {
    let mut program = |program: &str| {
        let mut rule = |purpose: &str| {
            let key = format!("agencies[{index}].purposes.{program}.{purpose}");
            reader.open(&key, &[], values::gate_rule).ok().unwrap_or_default()
        };
        PurposeRules {
            renewal: rule("renewal"),
            periodic_review: rule("periodic_review"),
            client_request: rule("client_request"),
            appeal: rule("appeal"),
        }
    };
    let purposes = Purposes {
        snap: program("snap"),
        tanf: program("tanf"),
        medicaid: program("medicaid"),
        child_care: program("child_care"),
        housing: program("housing"),
        liheap: program("liheap"),
        other: program("other"),
    };
    let days = reader.open(&format!("agencies[{index}].fresh_days"), &[], count::<u32>);
    let fresh_key = format!("agencies[{index}].fresh");
    let fresh = reader.open(&fresh_key, &[], values::freshness);
    if let (Read::Given(_, origin), Read::Absent(_)) = (&fresh, &days) {
        let cure = format!("set agencies[{index}].fresh_days, or remove it");
        reader.report(&fresh_key, origin.clone(), "says what follows, and nothing says how many days are fresh", cure);
    }
    RefreshRules { purposes, fresh_days: days.ok(), fresh: fresh.ok().unwrap_or_default() }
}

/// A setting without a default: its absence is a problem.
fn required<T>(reader: &mut Reader<'_>, key: &str, variables: &[&str], read: Read<T>) -> Option<(T, Origin)> {
    match read {
        Read::Given(value, origin) => Some((value, origin)),
        Read::Refused => None,
        Read::Absent(_) => {
            let cure = match variables.first() {
                Some(name) => format!("set {name}, or {key} in the file"),
                None => format!("set {key} in the file"),
            };
            reader.report(key, Origin::Default, "is missing", cure);
            None
        }
    }
}

/// Truv tells its environments apart by the secret's prefix alone, so a key of the wrong one would work, on other data.
fn agree(reader: &mut Reader<'_>, key: &str, environment: Environment, secrets: &[SecretString], origin: &Origin) {
    for (place, secret) in (1..).zip(secrets) {
        let what = match Environment::of_secret(secret.expose_secret()) {
            Some(of_secret) if of_secret == environment => continue,
            Some(of_secret) => {
                let (said, of_secret) = (environment.as_str(), of_secret.as_str());
                format!("secret {place} is of Truv's {of_secret} environment, and the agency's environment is {said}")
            }
            None => format!("secret {place} does not begin with sandbox-, dev- or prod-"),
        };
        let cure = "use the access secret of the agency's own Truv environment, or correct the environment";
        reader.report(key, origin.clone(), what, cure);
    }
}

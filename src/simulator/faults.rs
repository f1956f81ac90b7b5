//! What goes wrong on the wire: rules that the control port sets, matched against requests and deliveries.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Where a rule applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    Api,
    Delivery,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// The connection is reset before anything is read.
    Refuse,
    /// The request is read and never answered; nothing is done.
    NeverAnswer,
    /// The request is carried out, then the connection drops.
    ExecuteThenDrop,
    /// 500, nothing done.
    ErrorBefore,
    /// Carried out, then 500.
    ErrorAfter,
    /// 502 with a proxy's HTML page, nothing done.
    BadGateway,
    /// The answer comes `ms` late.
    SlowHeaders,
    /// The answer's body comes in pieces, `ms` apart.
    SlowBody,
    /// The body ends in the middle of the JSON.
    Truncate,
    /// 429, nothing done.
    Throttle,
    /// The delivery is lost.
    Drop,
    /// The delivery comes `ms` late, by the simulator's clock.
    Delay,
    /// The delivery comes `copies` more times, the same bytes.
    Duplicate,
    /// The delivery comes at a random moment of the next `ms`, by the simulator's clock.
    Reorder,
    /// Signed with another key.
    WrongSignature,
    /// Without the signature's header.
    MissingHeader,
    /// The body is padded to `bytes`.
    Oversize,
    /// An event of a type nobody knows comes first.
    UnknownEvent,
    /// The delivery reaches the endpoint by way of a redirect with the status `status`.
    Redirect,
}

impl Action {
    /// The word in rules and in the log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::NeverAnswer => "never_answer",
            Self::ExecuteThenDrop => "execute_then_drop",
            Self::ErrorBefore => "error_before",
            Self::ErrorAfter => "error_after",
            Self::BadGateway => "bad_gateway",
            Self::SlowHeaders => "slow_headers",
            Self::SlowBody => "slow_body",
            Self::Truncate => "truncate",
            Self::Throttle => "throttle",
            Self::Drop => "drop",
            Self::Delay => "delay",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::WrongSignature => "wrong_signature",
            Self::MissingHeader => "missing_header",
            Self::Oversize => "oversize",
            Self::UnknownEvent => "unknown_event",
            Self::Redirect => "redirect",
        }
    }

    fn place(self) -> Place {
        match self {
            Self::Refuse
            | Self::NeverAnswer
            | Self::ExecuteThenDrop
            | Self::ErrorBefore
            | Self::ErrorAfter
            | Self::BadGateway
            | Self::SlowHeaders
            | Self::SlowBody
            | Self::Truncate
            | Self::Throttle => Place::Api,
            Self::Drop
            | Self::Delay
            | Self::Duplicate
            | Self::Reorder
            | Self::WrongSignature
            | Self::MissingHeader
            | Self::Oversize
            | Self::UnknownEvent
            | Self::Redirect => Place::Delivery,
        }
    }

    /// Whether the fault only changes when a delivery comes.
    pub(crate) fn moves_in_time(self) -> bool {
        matches!(self, Self::Delay | Self::Reorder)
    }
}

/// Which requests or deliveries a rule is about; what is left out matches all.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Matches {
    pub(crate) method: Option<String>,
    pub(crate) path_prefix: Option<String>,
    pub(crate) event_type: Option<String>,
}

/// The numbers of an action.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Params {
    pub(crate) ms: u64,
    pub(crate) copies: u32,
    pub(crate) bytes: usize,
    pub(crate) status: u16,
}

impl Default for Params {
    fn default() -> Self {
        Self { ms: 1_000, copies: 1, bytes: 2 * 1024 * 1024, status: 307 }
    }
}

/// One rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    #[serde(rename = "where")]
    place: Place,
    #[serde(default, rename = "match")]
    matches: Matches,
    action: Action,
    /// How many times; for ever when left out.
    #[serde(default)]
    times: Option<u32>,
    /// The share of matches that are hit; all when left out.
    #[serde(default)]
    probability: Option<f64>,
    #[serde(default)]
    params: Params,
}

/// A fault that hits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) action: Action,
    pub(crate) params: Params,
}

/// The rules in force.
pub(crate) struct Faults {
    rules: Vec<Rule>,
    random: ChaCha8Rng,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rules: Vec::new(), random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Replaces all rules.
    pub(crate) fn set(&mut self, rules: Vec<Rule>) -> Result<(), String> {
        for rule in &rules {
            if rule.action.place() != rule.place {
                return Err(format!("action `{}` does not exist there", rule.action.as_str()));
            }
            if rule.probability.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
                return Err("probability must be between 0 and 1".to_owned());
            }
            if rule.action == Action::Redirect && ![301, 302, 303, 307, 308].contains(&rule.params.status) {
                return Err("status must be a redirect".to_owned());
            }
        }
        self.rules = rules;
        Ok(())
    }

    /// The rules with the times that are left.
    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The fault of a request, if one hits; uses up one of its times.
    pub(crate) fn of_request(&mut self, method: &str, path: &str) -> Option<Fault> {
        self.pick(|rule| {
            rule.place == Place::Api
                && rule.matches.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && rule.matches.path_prefix.as_deref().is_none_or(|prefix| path.starts_with(prefix))
        })
    }

    /// Whether a connection is reset before it has said anything: a `refuse` rule that matches all requests.
    pub(crate) fn refuses_connection(&mut self) -> bool {
        self.pick(|rule| {
            rule.action == Action::Refuse && rule.matches.method.is_none() && rule.matches.path_prefix.is_none()
        })
        .is_some()
    }

    /// The fault of an attempt to deliver.
    pub(crate) fn of_delivery(&mut self, event_type: &str, moved: bool) -> Option<Fault> {
        self.pick(|rule| {
            rule.place == Place::Delivery
                && !(moved && rule.action.moves_in_time())
                && rule.matches.event_type.as_deref().is_none_or(|wanted| wanted == event_type)
        })
    }

    /// A draw for faults that need one.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.random.random_range(0..limit) }
    }

    fn pick(&mut self, matches: impl Fn(&Rule) -> bool) -> Option<Fault> {
        for rule in &mut self.rules {
            if rule.times == Some(0) || !matches(rule) {
                continue;
            }
            if let Some(share) = rule.probability
                && !self.random.random_bool(share)
            {
                continue;
            }
            if let Some(times) = &mut rule.times {
                *times -= 1;
            }
            return Some(Fault { action: rule.action, params: rule.params });
        }
        None
    }
}

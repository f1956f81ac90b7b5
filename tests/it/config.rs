//! Tests of `config`: the whole loader, from made-up variables, files and flags.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::Duration;

use recert::config::{Config, Environment, Origin, Problems, Sources, load};
use secrecy::ExposeSecret;

const SECRET: &str = "sandbox-5f0e7c1d9b2a4e6f8a7b3c2d1e0f9a8b7c6d5e4f";
const HMAC: &str = "thirty-two bytes or more of a test secret";

const FILE: &str = r#"
[server]
listen = "127.0.0.1:9000"
body_timeout = 7
cors_origins = ["https://portal.example", "http://localhost:5173"]

[auth]
hmac_secret = "thirty-two bytes or more of a test secret"

[[agencies]]
slug = "harbor"
name = "Harbor County"
environment = "sandbox"
client_id = "client-of-the-file"
secrets = ["sandbox-5f0e7c1d9b2a4e6f8a7b3c2d1e0f9a8b7c6d5e4f"]
"#;

/// The least that starts: one agency and a development secret, from variables alone.
fn variables() -> Sources {
    Sources::of_texts(&[])
        .variable("RECERT_AGENCY", "harbor")
        .variable("RECERT_TRUV_ENVIRONMENT", "sandbox")
        .variable("RECERT_TRUV_CLIENT_ID", "client")
        .variable("RECERT_TRUV_SECRETS", SECRET)
        .variable("RECERT_AUTH_HMAC_SECRET", HMAC)
}

fn problems(sources: &Sources) -> Problems {
    load(sources).expect_err("the settings are wrong")
}

/// The one problem there is.
fn problem(sources: &Sources) -> (String, Origin, String) {
    let Problems(mut problems) = problems(sources);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let problem = problems.remove(0);
    (problem.setting, problem.origin, format!("{}; {}", problem.what, problem.cure))
}

#[test]
fn variables_alone_are_enough() {
    let config = load(&variables()).unwrap();
    assert_eq!(config.agencies.len(), 1);
    assert_eq!(config.agencies[0].name, "harbor", "the slug stands in for the name");
    assert_eq!(config.agencies[0].environment, Environment::Sandbox);
    assert_eq!(config.server.listen.port(), 8080);
}

#[test]
fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
    let file = || Sources::of_texts(&[("recert.toml", FILE)]);
    assert_eq!(load(&file()).unwrap().server.listen.port(), 9000);
    let variable = || file().variable("RECERT_LISTEN", "127.0.0.1:9001");
    assert_eq!(load(&variable()).unwrap().server.listen.port(), 9001);
    let flag = variable().flag("server.listen", "--listen", Some("127.0.0.1:9002"));
    assert_eq!(load(&flag).unwrap().server.listen.port(), 9002);
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let sources = Sources::of_texts(&[("recert.toml", FILE)]).variable("RECERT_LISTEN", "");
    assert_eq!(load(&sources).unwrap().server.listen.port(), 9000);
}

#[test]
fn the_file_sets_durations_and_lists() {
    let config = load(&Sources::of_texts(&[("recert.toml", FILE)])).unwrap();
    assert_eq!(config.server.body_timeout, Duration::from_secs(7));
    assert_eq!(config.server.cors_origins, ["https://portal.example", "http://localhost:5173"]);
    assert_eq!(config.agencies[0].name, "Harbor County");
}

#[test]
fn the_vendors_names_work_and_ours_win_over_them() {
    let vendor = || {
        Sources::of_texts(&[])
            .variable("RECERT_AGENCY", "harbor")
            .variable("RECERT_TRUV_ENVIRONMENT", "sandbox")
            .variable("RECERT_AUTH_HMAC_SECRET", HMAC)
            .variable("API_CLIENT_ID", "vendor-client")
            .variable("API_SECRET", SECRET)
            .variable("TRUV_API_URL", "https://truv.example/v1/")
    };
    let config = load(&vendor()).unwrap();
    assert_eq!(config.agencies[0].client_id, "vendor-client");
    assert_eq!(config.agencies[0].secrets[0].expose_secret(), SECRET);
    assert_eq!(config.truv.url.as_str(), "https://truv.example/");

    let config = load(&vendor().variable("RECERT_TRUV_CLIENT_ID", "ours")).unwrap();
    assert_eq!(config.agencies[0].client_id, "ours");
}

#[test]
fn all_problems_come_together_with_their_origin_and_cure() {
    let sources = Sources::of_texts(&[("recert.toml", "[work]\nworkers = 0\n[server]\nlisten = \"here\"\n")])
        .variable("RECERT_LOG_FORMAT", "xml")
        .flag("database.url", "--database-url", Some("mysql://root@localhost/x"));
    let found = problems(&sources);
    let settings: Vec<&str> = found.0.iter().map(|problem| problem.setting.as_str()).collect();
    assert_eq!(settings, ["server.listen", "database.url", "agencies", "auth", "work.workers", "log.format"]);
    insta::assert_snapshot!(found.to_string());
}

#[test]
fn a_named_file_must_exist_and_the_default_one_need_not() {
    assert!(load(&variables()).is_ok());
    let (setting, origin, text) = problem(&variables().file(Some(Path::new("elsewhere.toml"))));
    assert_eq!(setting, "config");
    assert_eq!(origin, Origin::File { path: "elsewhere.toml".into(), key: String::new() });
    assert!(text.contains("cannot be read"), "{text}");
}

#[test]
fn a_file_that_is_not_toml_is_reported_without_quoting_it() {
    let broken = "[auth]\nhmac_secret = \"a-secret-in-clear";
    let found = problems(&Sources::of_texts(&[("recert.toml", broken)]));
    let text = found.to_string();
    assert!(text.contains("line 2"), "{text}");
    assert!(!text.contains("in-clear"), "{text}");
}

#[test]
fn an_unknown_key_is_a_problem_and_the_nearest_one_is_named() {
    let text = FILE.replace("body_timeout", "body_timeot");
    let (setting, _, text) = problem(&Sources::of_texts(&[("recert.toml", &text)]));
    assert_eq!(setting, "server.body_timeot");
    assert!(text.contains("did you mean server.body_timeout?"), "{text}");
}

#[test]
fn an_unknown_key_of_an_agency_is_a_problem() {
    let text = FILE.replace("name = ", "nmae = ");
    let (setting, _, text) = problem(&Sources::of_texts(&[("recert.toml", &text)]));
    assert_eq!(setting, "agencies[0].nmae");
    assert!(text.contains("did you mean agencies[0].name?"), "{text}");
}

#[test]
fn an_unknown_variable_is_a_problem_unless_it_belongs_to_the_tests() {
    let (setting, _, text) = problem(&variables().variable("RECERT_LISTN", "127.0.0.1:1"));
    assert_eq!(setting, "RECERT_LISTN");
    assert!(text.contains("did you mean RECERT_LISTEN?"), "{text}");
    assert!(load(&variables().variable("RECERT_TEST_DATABASE_URL", "x").variable("PATH", "/bin")).is_ok());
}

#[test]
fn a_secret_of_another_environment_is_refused_without_being_shown() {
    let prod = SECRET.replace("sandbox", "prod");
    let sources = variables().variable("RECERT_TRUV_SECRETS", format!("{SECRET},{prod}"));
    let (setting, origin, text) = problem(&sources);
    assert_eq!(setting, "agencies[0].secrets");
    assert_eq!(origin, Origin::Variable("RECERT_TRUV_SECRETS".into()));
    assert!(text.contains("secret 2 is of Truv's prod environment"), "{text}");
    assert!(!text.contains("5f0e7c1d"), "{text}");
}

#[test]
fn three_secrets_or_one_without_a_prefix_are_refused() {
    let three = variables().variable("RECERT_TRUV_SECRETS", format!("{SECRET},{SECRET},{SECRET}"));
    assert!(problem(&three).2.contains("one or two"));
    let bare = variables().variable("RECERT_TRUV_SECRETS", "5f0e7c1d9b2a");
    assert!(problem(&bare).2.contains("sandbox-, dev- or prod-"));
}

#[test]
fn a_part_of_an_agency_alone_asks_for_the_rest() {
    let sources = Sources::of_texts(&[]).variable("RECERT_AUTH_HMAC_SECRET", HMAC).variable("API_SECRET", SECRET);
    let settings: Vec<String> = problems(&sources).0.into_iter().map(|problem| problem.setting).collect();
    assert_eq!(settings, ["agencies[0].slug", "agencies[0].client_id", "agencies[0].environment"]);
}

#[test]
fn variables_for_the_only_agency_are_refused_beside_several() {
    let second =
        "[[agencies]]\nslug = \"valley\"\nenvironment = \"sandbox\"\nclient_id = \"c\"\nsecrets = [\"sandbox-1\"]\n";
    let file = format!("{FILE}{second}");
    let sources = Sources::of_texts(&[("recert.toml", &file)]);
    assert_eq!(load(&sources).unwrap().agencies.len(), 2);
    let (_, origin, text) = problem(&sources.variable("API_SECRET", SECRET));
    assert_eq!(origin, Origin::Variable("API_SECRET".into()));
    assert!(text.contains("the only agency"), "{text}");
}

#[test]
fn two_agencies_cannot_share_a_slug() {
    let again = &FILE[FILE.find("[[agencies]]").unwrap()..];
    let (setting, _, text) = problem(&Sources::of_texts(&[("recert.toml", &format!("{FILE}{again}"))]));
    assert_eq!(setting, "agencies[1].slug");
    assert!(text.contains("harbor is taken"), "{text}");
}

#[test]
fn tokens_need_exactly_one_source_of_keys() {
    let (setting, _, text) = problem(&variables().variable("RECERT_AUTH_JWKS", "keys.json"));
    assert_eq!(setting, "auth.hmac_secret");
    assert!(text.contains("RECERT_AUTH_JWKS"), "{text}");
    let (_, _, text) = problem(&variables().variable("RECERT_AUTH_HMAC_SECRET", "too short to be safe"));
    assert!(text.contains("32 bytes") && !text.contains("too short"), "{text}");
}

#[test]
fn values_out_of_range_are_refused() {
    for (variable, value) in [
        ("RECERT_AGENCY", "Harbor County"),
        ("RECERT_TRUV_URL", "http://truv.example/"),
        ("RECERT_TRUV_URL", "https://user:pass@truv.example/"),
        ("RECERT_AUTH_LEEWAY", "-1"),
        ("RECERT_BODY_TIMEOUT", "0"),
        ("RECERT_BODY_TIMEOUT", "1.5"),
        ("RECERT_EVENT_RETENTION_DAYS", "99999999999"),
        ("RECERT_DATABASE_URL", "recert.sqlite"),
        ("RECERT_DATABASE_CONNECTIONS", "4294967296"),
        ("RECERT_MATERIAL_CHANGE_PERCENT", "101"),
        ("RECERT_CORS_ORIGINS", "https://portal.example/path"),
        ("RECERT_WAKE", "kafka://127.0.0.1"),
        ("RECERT_LOG", "recert=loud"),
        ("RECERT_INTROSPECTION", "yes"),
        ("RECERT_GRAPHQL_DOCUMENTS_MODE", "locked"),
        ("RECERT_GRAPHQL_DOCUMENTS_MODE", "only"),
        ("RECERT_ADMIN_LISTEN", "127.0.0.1:8080"),
    ] {
        let (_, origin, text) = problem(&variables().variable(variable, value));
        assert_eq!(origin, Origin::Variable(variable.into()), "{text}");
        assert!(!text.contains("user:pass"), "{text}");
    }
}

#[test]
fn plain_http_is_possible_on_loopback_only() {
    for url in ["http://127.0.0.1:9090", "http://localhost:9090/v1", "http://[::1]:9090/"] {
        let config = load(&variables().variable("RECERT_TRUV_URL", url)).unwrap();
        assert_eq!(config.truv.url.path(), "/");
    }
}

#[test]
fn a_variable_that_is_not_utf8_is_a_problem() {
    let (setting, _, text) = problem(&variables().variable("RECERT_LOG", OsString::from_vec(vec![0xff, 0xfe])));
    assert_eq!(setting, "log.filter");
    assert!(text.contains("UTF-8"), "{text}");
}

#[test]
fn settings_never_show_their_secrets() {
    let sources = variables().variable("RECERT_DATABASE_URL", "postgres://recert:pass-word@db/recert");
    let shown = format!("{:?} {sources:?}", load(&sources).unwrap());
    for secret in ["5f0e7c1d", "thirty-two bytes", "pass-word"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn the_settings_for_tests_agree_with_the_rules() {
    let config = Config::for_tests();
    let agency = &config.agencies[0];
    assert_eq!(Environment::of_secret(agency.secrets[0].expose_secret()), Some(agency.environment));
    assert!(config.auth.hmac_secret.unwrap().expose_secret().len() >= 32);
}

/// The `RECERT_…` names in a text, those of the test suite apart.
fn names(text: &str) -> BTreeSet<&str> {
    let word = |c: char| !(c.is_ascii_uppercase() || c == '_');
    text.split(word)
        .filter(|name| name.starts_with("RECERT_") && name.len() > 7 && !name.starts_with("RECERT_TEST_"))
        .collect()
}

#[test]
fn every_variable_is_documented_beside_its_field_and_for_operators() {
    let known = names(concat!(
        include_str!("../../src/config/load.rs"),
        include_str!("../../src/config/agencies.rs"),
        include_str!("../../src/config/renewals.rs"),
        include_str!("../../src/config/retention.rs"),
        include_str!("../../src/config/sealing.rs")
    ));
    let fields = names(concat!(
        include_str!("../../src/config/mod.rs"),
        include_str!("../../src/config/agency.rs"),
        include_str!("../../src/config/audit.rs"),
        include_str!("../../src/config/auth.rs"),
        include_str!("../../src/config/renewals.rs"),
        include_str!("../../src/config/retention.rs"),
        include_str!("../../src/config/sealing.rs"),
        include_str!("../../src/config/webhooks.rs")
    ));
    let page = names(include_str!("../../docs/operator.md"));
    assert!(known.len() > 30, "{known:?}");
    assert_eq!(fields, known);
    assert_eq!(page, known);
}

const SEAL_KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// Production data, with a real issuer.
fn production() -> Sources {
    variables()
        .variable("RECERT_TRUV_ENVIRONMENT", "prod")
        .variable("RECERT_TRUV_SECRETS", SECRET.replace("sandbox", "prod"))
        // A shared secret for tokens is refused there, too.
        .variable("RECERT_AUTH_HMAC_SECRET", "")
        .variable("RECERT_AUTH_JWKS", "keys.json")
}

#[test]
fn production_data_is_not_taken_in_without_a_key_of_its_own_to_seal_it() {
    assert!(load(&variables()).unwrap().seal.keys.is_empty(), "a sandbox needs none");
    let (setting, origin, text) = problem(&production());
    assert_eq!((setting.as_str(), origin), ("seal.keys", Origin::Default));
    assert!(text.contains("recert keys new"), "{text}");
    for known in ["demo", "development"] {
        let (setting, _, text) = problem(&production().variable("RECERT_SEAL_KEYS", format!("{known}:{SEAL_KEY}")));
        assert!(setting == "seal.keys" && text.contains("of a demonstration") && !text.contains(SEAL_KEY), "{text}");
    }
    let config = load(&production().variable("RECERT_SEAL_KEYS", format!("spring:{SEAL_KEY}"))).unwrap();
    assert_eq!(config.seal.keys[0].id, "spring");
}

#[test]
fn keys_for_sealing_come_from_a_file_and_a_wrong_one_is_never_quoted() {
    let of_file = |text: &str| {
        let sources = Sources::of_texts(&[("keys", text), ("recert.toml", FILE)]);
        load(&sources.variable("RECERT_SEAL_KEYS_FILE", "keys"))
    };
    let good = format!("# the newest first\nb:{SEAL_KEY}\n\na:{SEAL_KEY}\n");
    let ids: Vec<String> = of_file(&good).unwrap().seal.keys.into_iter().map(|key| key.id).collect();
    assert_eq!(ids, ["b", "a"]);
    for bad in ["", "a", "A:BwcH", &format!("a:{}", &SEAL_KEY[..40]), "a:%%%%"] {
        let text = of_file(bad).unwrap_err().to_string();
        assert!(text.contains("seal.keys_file") && !text.contains("BwcH"), "{bad}: {text}");
    }
    let both = variables().variable("RECERT_SEAL_KEYS", format!("a:{SEAL_KEY}"));
    assert!(problem(&both.variable("RECERT_SEAL_KEYS_FILE", "keys")).2.contains("keep one of the two"));
    let absent = variables().variable("RECERT_SEAL_KEYS_FILE", "nowhere");
    assert!(problem(&absent).2.contains("cannot be read"));
}

#[test]
fn production_data_is_not_served_with_what_is_meant_for_development() {
    let sources = production()
        .variable("RECERT_AUTH_HMAC_SECRET", HMAC)
        .variable("RECERT_AUTH_JWKS", "")
        .variable("RECERT_SEAL_KEYS", format!("spring:{SEAL_KEY}"))
        .variable("RECERT_AUTH_JWKS", "")
        .variable("RECERT_AUTH_HMAC_SECRET", HMAC)
        .variable("RECERT_TRUV_URL", "http://127.0.0.1:9/")
        .variable("RECERT_EXPLORER", "true");
    let found = problems(&sources);
    let settings: Vec<&str> = found.0.iter().map(|problem| problem.setting.as_str()).collect();
    assert_eq!(settings, ["auth.hmac_secret", "truv.url", "graphql.explorer"]);
    assert!(found.0.iter().all(|problem| problem.what.contains("agency harbor works with production data")));
    assert!(found.0.iter().all(|problem| matches!(problem.origin, Origin::Variable(_))), "{found}");
}

#[test]
fn any_origin_at_all_is_not_an_origin() {
    for wild in ["*", "null", "https://portal.example/path", "https://portal.example/,*"] {
        let (setting, _, text) = problem(&variables().variable("RECERT_CORS_ORIGINS", wild));
        assert_eq!(setting, "server.cors_origins");
        assert!(text.contains("write each as scheme://host[:port]"), "{text}");
    }
}

#[test]
fn further_issuers_are_whole_and_each_is_another() {
    let jwks = FILE.replace(
        "hmac_secret = \"thirty-two bytes or more of a test secret\"",
        "jwks = \"keys.json\"\nissuer = \"first\"",
    );
    let with = |more: &str| load(&Sources::of_texts(&[("recert.toml", &format!("{jwks}\n[[auth.issuers]]\n{more}"))]));
    let good = with("issuer = \"second\"\njwks = \"https://login.example/keys\"\nalgorithms = [\"ES256\"]\n").unwrap();
    assert_eq!((good.auth.issuers[0].issuer.as_str(), good.auth.issuers[0].audience.as_str()), ("second", "recert"));
    for (wrong, why) in [
        ("issuer = \"second\"\n", "has not both an issuer and a jwks"),
        ("issuer = \"first\"\njwks = \"keys.json\"\n", "is the name of an earlier issuer"),
        ("issuer = \"second\"\njwks = \"keys.json\"\nalgorithms = [\"HS256\"]\n", "an algorithm that is not taken"),
        ("issuer = \"second\"\njwks = \"keys.json\"\nalgorithms = [\"none\"]\n", "an algorithm that is not taken"),
        ("issuer = \"second\"\njwks = \"http://login.example/keys\"\n", "neither https nor http on loopback"),
    ] {
        let text = with(wrong).unwrap_err().to_string();
        assert!(text.contains(why), "{wrong}: {text}");
    }
    let beside_a_secret = format!("{FILE}\n[[auth.issuers]]\nissuer = \"second\"\njwks = \"keys.json\"\n");
    let text = load(&Sources::of_texts(&[("recert.toml", &beside_a_secret)])).unwrap_err().to_string();
    assert!(text.contains("stands beside auth.hmac_secret"), "{text}");
}

#[test]
fn an_agency_may_have_its_own_rules_of_review_and_an_endpoint_for_notices() {
    let with = |more: &str| {
        let file = format!("{FILE}{more}\n[renewals]\nstale_days = 60\nevidence_days.housing = 90\n");
        Sources::of_texts(&[("recert.toml", &file)])
    };
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let config = load(&with(&format!(
        "review = {{ material_percent = 7, evidence_days = {{ snap = 45 }} }}\n\
         notices = {{ url = \"https://eligibility.example/recert\", secrets = [\"{secret}\"] }}"
    )))
    .unwrap();
    let review = &config.agencies[0].review;
    assert_eq!((review.material_percent, review.stale_days, review.gap_days), (7, 60, 5));
    assert_eq!((review.evidence_days.snap, review.evidence_days.housing, review.evidence_days.tanf), (45, 90, 30));
    assert_eq!(config.renewals.review.material_percent, 10);
    let notices = config.agencies[0].notices.as_ref().unwrap();
    assert_eq!(notices.url.as_str(), "https://eligibility.example/recert");
    assert!(!format!("{config:?}").contains("MfKQ9r8G"));

    for (notices, setting) in [
        ("url = \"http://eligibility.example/\"", "agencies[0].notices.url"),
        ("url = \"https://eligibility.example/\"", "agencies[0].notices.secrets"),
        ("url = \"https://eligibility.example/\", secrets = [\"whsec_short\"]", "agencies[0].notices.secrets"),
        ("secrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]", "agencies[0].notices.url"),
    ] {
        let (found, ..) = problem(&with(&format!("notices = {{ {notices} }}")));
        assert_eq!(found, setting, "{notices}");
    }
}

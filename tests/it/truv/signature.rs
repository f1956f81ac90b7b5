//! The signature on webhooks, against vectors that were computed elsewhere.

use recert::truv::signature::{sign, verify};
use rstest::rstest;

use super::SECRET;

const BODY: &str = r#"{"webhook_id":"0c394cc32d817c7336c018346d3f5ed3","event_type":"task-status-updated","event_created_at":"2026-03-04T15:06:02.714235Z","product":"income","link_id":"7b698df8853d9be3828c5a149e6715ce","user_id":"68a21d316503390f7b8d7370bbb3577e","data_source":"payroll","task_id":"c7a1e81bfb951c2b852d51a3c5a29ac4","tracking_info":"da1b7a8b6fe0523d73651bb2f62aa56e","status":"done","template_id":null,"updated_at":"2026-03-04T15:06:02.715001+00:00"}"#;

const HEADER: &str = "v1=1e3942917142d72a193adcd8cb01273ecdba92a9d1e02cb9d5d015bb579c6e2f";

/// The example of RFC 4231, section 4.3, whose key is text as well.
const RFC: &str = "v1=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

#[rstest]
#[case::an_event(SECRET, BODY, HEADER)]
#[case::no_body(SECRET, "", "v1=fcca95a56d974c1db799ed4b3124da5eb13d4f7caf413f18c13c4dc4036b13aa")]
#[case::rfc_4231("Jefe", "what do ya want for nothing?", RFC)]
#[case::beyond_ascii(
    SECRET,
    r#"{"webhook_id":"8bfb3f9321835d52022a2b152acac43e","event_type":"link-connected","event_created_at":"2026-03-04T15:00:00.000000Z","tracking_info":"Peña Ñuñez – job 2","user_id":null}"#,
    "v1=9cd77037e3b9cfc0bd87690dc317d6fbdcecaf32762919d76d43ef7af16b8a6f"
)]
fn a_body_is_signed_as_the_vendor_signs_it(#[case] secret: &str, #[case] body: &str, #[case] header: &str) {
    assert_eq!(sign(secret, body.as_bytes()), header);
    assert!(verify(header.as_bytes(), body.as_bytes(), [secret]));
}

#[rstest]
#[case::no_version("1e3942917142d72a193adcd8cb01273ecdba92a9d1e02cb9d5d015bb579c6e2f")]
#[case::another_version("v2=1e3942917142d72a193adcd8cb01273ecdba92a9d1e02cb9d5d015bb579c6e2f")]
#[case::upper_case("v1=1E3942917142D72A193ADCD8CB01273ECDBA92A9D1E02CB9D5D015BB579C6E2F")]
#[case::another_secret("v1=2feee7bea348e8d6c05d55ba1156013ec651a5795fdc96f7ccb80ba1407e37bb")]
#[case::cut("v1=1e3942917142d72a193adcd8cb01273ecdba9")]
#[case::odd("v1=1e3942917142d72a193adcd8cb01273ecdba92a9d1e02cb9d5d015bb579c6e2")]
#[case::too_long("v1=1e3942917142d72a193adcd8cb01273ecdba92a9d1e02cb9d5d015bb579c6e2f00")]
#[case::not_hex("v1=1e3942917142d72a193adcd8cb01273ecdba92a9d1e02cb9d5d015bb579c6e2g")]
#[case::one_bit("v1=1e3942917142d72a193adcd8cb01273ecdba92a9d1e02cb9d5d015bb579c6e2e")]
#[case::space_before(" v1=1e3942917142d72a193adcd8cb01273ecdba92a9d1e02cb9d5d015bb579c6e2f")]
#[case::space_after("v1=1e3942917142d72a193adcd8cb01273ecdba92a9d1e02cb9d5d015bb579c6e2f ")]
#[case::two("v1=1e3942917142d72a193adcd8cb01273ecdba92a9d1e02cb9d5d015bb579c6e2f,v1=00")]
#[case::only_a_version("v1=")]
#[case::empty("")]
fn anything_but_the_exact_header_is_refused(#[case] header: &str) {
    assert!(!verify(header.as_bytes(), BODY.as_bytes(), [SECRET]));
}

#[test]
fn a_body_that_was_written_again_is_refused() {
    let spaced = BODY.replace(':', ": ");
    assert!(!verify(HEADER.as_bytes(), spaced.as_bytes(), [SECRET]));
    assert!(!verify(HEADER.as_bytes(), format!("{BODY}\n").as_bytes(), [SECRET]));
    assert!(!verify(HEADER.as_bytes(), b"", [SECRET]));
}

#[test]
fn any_active_secret_verifies_and_a_retired_one_does_not() {
    let (new, old) = (SECRET, "sandbox-0000000000000000000000000000000000000000");
    for secret in [new, old] {
        assert!(verify(sign(secret, BODY.as_bytes()).as_bytes(), BODY.as_bytes(), [new, old]));
    }
    assert!(!verify(sign(old, BODY.as_bytes()).as_bytes(), BODY.as_bytes(), [new]));
    assert!(!verify(HEADER.as_bytes(), BODY.as_bytes(), []));
    let without_prefix = SECRET.trim_start_matches("sandbox-");
    assert!(!verify(HEADER.as_bytes(), BODY.as_bytes(), [without_prefix]), "the prefix is part of the key");
}

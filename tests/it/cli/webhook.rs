//! `recert webhook register` and `list`; `test` is tried in `doctor`.

use std::path::Path;

use recert::simulator::{AccessKey, Options, Simulator};
use secrecy::SecretString;

use super::{Run, SECRET, VARIABLES, recert};

async fn webhook(folder: &Path, more: &[(&'static str, String)], args: &'static [&'static str]) -> Run {
    let (folder, more) = (folder.to_owned(), more.to_vec());
    tokio::task::spawn_blocking(move || {
        let mut variables = VARIABLES.to_vec();
        variables.extend(more.iter().map(|(name, value)| (*name, value.as_str())));
        recert(&folder, &variables, args)
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn an_endpoint_is_registered_once_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    let key = AccessKey { client_id: "client".to_owned(), secret: SecretString::from(SECRET) };
    let sim = Simulator::start(Options::new(vec![key])).await.unwrap();
    let truv = ("RECERT_TRUV_URL", format!("http://{}/", sim.api_addr()));
    let with = [truv.clone(), ("RECERT_PUBLIC_URL", "https://127.0.0.1/recert".to_owned())];
    let url = "https://127.0.0.1/recert/webhooks/truv/harbor";

    let unknown = webhook(folder.path(), std::slice::from_ref(&truv), &["webhook", "register"]).await;
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("server.public_url"), "{}", unknown.err);
    let none = webhook(folder.path(), &with, &["webhook", "list"]).await;
    assert_eq!((none.code, none.out.as_str()), (Some(0), ""), "{}", none.err);
    let first = webhook(folder.path(), &with, &["webhook", "register"]).await;
    assert_eq!((first.code, first.out), (Some(0), format!("Truv knows now where to send webhooks: {url}\n")));
    let again = webhook(folder.path(), &with, &["webhook", "register"]).await;
    assert_eq!((again.code, again.out), (Some(0), format!("Truv sends there already: {url}\n")));
    let listed = webhook(folder.path(), &with, &["webhook", "list"]).await;
    assert_eq!(listed.out.lines().count(), 1, "{}", listed.out);
    assert!(listed.out.starts_with("* ") && listed.out.ends_with(&format!("\tsandbox\ton\t{url}\n")), "{}", listed.out);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "neither command needs the database");
    sim.stop().await;
    let gone = webhook(folder.path(), &with, &["webhook", "list"]).await;
    assert_eq!(gone.code, Some(1));
    assert!(gone.err.contains("Truv could not be reached"), "{}", gone.err);
}

//! Needs nothing but the program. Proves what it says about settings that nobody reads.

use std::process::{Command, Output, Stdio};

fn run(arguments: &[&str], variable: (&str, &str)) -> Output {
    Command::new(env!("CARGO_BIN_EXE_restock-operator"))
        .args(arguments)
        .env(variable.0, variable.1)
        .output()
        .expect("the program")
}

#[test]
fn a_misspelt_variable_is_an_error_that_names_the_right_one() {
    for role in ["ingest", "receiver", "check"] {
        let output = run(&[role], ("RESTOCK_LOG_FROMAT", "text"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("RESTOCK_LOG_FROMAT: did you mean RESTOCK_LOG_FORMAT?"),
            "{said}"
        );
    }
}

#[test]
fn help_is_given_whatever_the_environment() {
    let output = run(&["--help"], ("RESTOCK_LOG_FROMAT", "text"));
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("controller"));
}

#[test]
fn an_error_brings_no_stack_along() {
    let url = ("RESTOCK_DATABASE_URL", "mysql://nowhere");
    let mut migrate = Command::new(env!("CARGO_BIN_EXE_restock-operator"));
    migrate.arg("migrate").env(url.0, url.1);
    let output = migrate.env("RUST_BACKTRACE", "1").output().expect("runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("the database URL must look like"), "{said}");
    assert!(!said.contains("backtrace"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn nobody_who_reads_on_is_no_failure() {
    let mut crd = Command::new(env!("CARGO_BIN_EXE_restock-operator"));
    let crd = crd.arg("crd").stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut crd = crd.spawn().expect("the program");
    // Before the first byte is written, or with the first ones: no pipe holds them all.
    drop(crd.stdout.take());
    let output = crd.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(said, "");
}

/// Refused before it talks to anybody; what it said.
fn refused(role: &str, namespaces: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_restock-operator"))
        .arg(role)
        .env("RESTOCK_NAMESPACE", namespaces)
        .env("RESTOCK_LEASE_IDENTITY", "pod-1")
        .env("RESTOCK_ADMIN_LISTEN", "127.0.0.1:0")
        .env("RESTOCK_READ_LISTEN", "127.0.0.1:0")
        .env("RESTOCK_DATABASE_URL", "mysql://nowhere/restock")
        .env("RESTOCK_QUEUE_URL", "http://127.0.0.1:9/queue")
        .env("RESTOCK_OPS_TOPIC_ARN", "arn:aws:sns:eu-west-1:1:ops")
        .env("RESTOCK_CALLBACK_URL", "http://127.0.0.1:9")
        .env("RESTOCK_CALLBACK_KEYS_FILE", "/nonexistent")
        .env("RESTOCK_FACTORY_ALLOW", "127.0.0.1")
        .output()
        .expect("the program");
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_wrong_list_of_namespaces_is_refused_in_words() {
    for (role, namespaces, words) in [
        ("controller", "shop,shop", "shop is there twice"),
        ("controller", "shop,*", "it stands alone"),
        ("controller", "*", "set RESTOCK_LEASE_NAMESPACE"),
        ("ingest", "shop,other", "one namespace here"),
        ("audit", "*", "one namespace here"),
    ] {
        let said = refused(role, namespaces);
        assert!(said.contains(words), "{role} {namespaces}: {said}");
    }
}

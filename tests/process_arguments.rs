//! Needs nothing but the program. Proves what it says about settings that nobody reads.

use std::process::{Command, Output};

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

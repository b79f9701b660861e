//! An administrative command of the real binary, run to its end.

use std::process::Command;

/// Runs it with these settings; says whether it succeeded, and what it said.
pub(crate) fn operator(arguments: &[&str], settings: &[(&str, &str)]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_restock-operator"));
    // What the caller's shell has set is none of this test's.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("RESTOCK_")) {
        command.env_remove(name);
    }
    command.args(arguments).envs(settings.iter().copied());
    let output = command
        .output()
        .expect("the binary was built with this test");
    let text = String::from_utf8(output.stdout).expect("it speaks UTF-8");
    (output.status.success(), text)
}

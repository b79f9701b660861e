//! restock-operator.
fn main() {}

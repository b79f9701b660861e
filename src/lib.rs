//! restock-operator.

//! The sqs edge.

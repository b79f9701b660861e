//! The resources of group `restock.dev`, and their conversions to and from the domain.

//! The sns edge.

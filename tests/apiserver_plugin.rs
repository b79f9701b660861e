//! Needs an API server (KUBECONFIG). Proves that `kubectl restock` tells the requests and
//! the story of one as they are, suspends, resumes and says people's words beside a controller
//! that writes, and says what to do next where it cannot.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/api_way.rs"]
mod api_way;
#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/limited.rs"]
mod limited;
#[path = "support/object.rs"]
mod object;
#[path = "plugin/place.rs"]
mod place;
#[path = "support/requests.rs"]
mod requests;
#[path = "support/plugin.rs"]
mod support;

#[path = "plugin/errors.rs"]
mod errors;
#[path = "plugin/output.rs"]
mod output;
#[path = "plugin/simulate.rs"]
mod simulate;
#[path = "plugin/status.rs"]
mod status;
#[path = "plugin/suspend.rs"]
mod suspend;
#[path = "plugin/waiting.rs"]
mod waiting;
#[path = "plugin/words.rs"]
mod words;

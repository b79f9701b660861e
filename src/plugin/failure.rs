//! Why a command could not do what it was asked, and what to do next.

use super::screen;
use crate::edge::cluster::ClusterError;
use crate::process::columns::wrapped;
use std::process::ExitCode;

const FAILED: u8 = 1;
/// The code that clap gives a command line that it cannot read.
const USAGE: u8 = 2;
const NO_SUCH_REQUEST: u8 = 3;
const REFUSED: u8 = 4;
const WORD_REFUSED: u8 = 5;
const NOT_TAKEN_UP: u8 = 6;
const UNHEALTHY: u8 = 7;
/// What a shell gives for SIGINT: 128 and its number (POSIX, Shell Command Language 2.8.2).
const INTERRUPTED: u8 = 130;

/// Columns before what is said.
const INDENT: usize = 7;

/// A failure in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    code: u8,
    what: String,
    next: String,
}

impl Failure {
    /// It cannot be done now.
    pub(super) fn new(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self::of(FAILED, what, next)
    }

    /// The command line asks for two things that do not go together.
    pub(super) fn usage(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self::of(USAGE, what, next)
    }

    /// A request is not there.
    pub(super) fn no_such_request(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self::of(NO_SUCH_REQUEST, what, next)
    }

    /// A message would not become a request.
    pub(super) fn refused(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self::of(REFUSED, what, next)
    }

    /// A person's word is refused: by the controller, or because the controller would.
    pub(super) fn word_refused(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self::of(WORD_REFUSED, what, next)
    }

    /// A person's word was said, and not answered in time.
    pub(super) fn not_taken_up(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self::of(NOT_TAKEN_UP, what, next)
    }

    /// Something of the installation needs a person.
    pub(super) fn unhealthy(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self::of(UNHEALTHY, what, next)
    }

    /// A person ended it half-way.
    pub(super) fn interrupted(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self::of(INTERRUPTED, what, next)
    }

    fn of(code: u8, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            next: next.into(),
        }
    }

    /// What the API server answered to an attempt to do this, such as "list requests".
    pub(super) fn of_cluster(doing: &str, why: &ClusterError) -> Self {
        let next = match why {
            ClusterError::Unavailable(_) => {
                "Is the cluster up, and this the right context? `kubectl cluster-info` asks it; \
                 `kubectl config get-contexts` lists the contexts, --context takes one."
            }
            ClusterError::Gone(_) => {
                "The cluster does not know restock requests. Install the operator first: \
                 `helm install`, or `restock-operator crd | kubectl apply -f -`."
            }
            ClusterError::Conflict(_) => {
                "It was changed, or deleted and made again, meanwhile. Look at it, and try again."
            }
            _ if why.is_forbidden() => {
                "Ask your administrator for this right. The roles view (to read) and edit (to \
                 change) of Kubernetes have it where the operator is installed."
            }
            ClusterError::Exists(_) | ClusterError::Refused(_) => {
                "The API server does not accept it; its words say why."
            }
        };
        Self::new(format!("cannot {doing}: {why}"), next)
    }

    /// The same, with another way out.
    pub(super) fn or_else(self, way: &str) -> Self {
        let next = format!("{} Or {way}.", self.next);
        Self { next, ..self }
    }

    /// With what to do next, where it is one line among others.
    pub(super) fn in_words(&self) -> String {
        format!("{}. {}", self.what, self.next)
    }

    /// Says it on standard error.
    pub(super) fn told(&self) -> ExitCode {
        let (what, next) = (wrapped(&self.what, INDENT), wrapped(&self.next, INDENT));
        screen::complain(&format!("error: {what}\nnext:  {next}\n"));
        ExitCode::from(self.code)
    }
}

/// Failures of several requests or letters; the last one also says what to do next.
#[derive(Debug, Default)]
pub(super) struct Failures(Option<Failure>);

impl Failures {
    /// Says the one before it.
    pub(super) fn add(&mut self, failure: Failure) {
        if let Some(earlier) = self.0.replace(failure) {
            screen::complain(&format!("error: {}\n", wrapped(&earlier.what, INDENT)));
        }
    }

    /// The last one, if any.
    pub(super) fn told(self) -> Result<(), Failure> {
        self.0.map_or(Ok(()), Err)
    }
}

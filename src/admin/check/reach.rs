//! Whether the receiver answers where callbacks are sent to: from here, which need not be the way
//! of a factory.

use super::Args;
use super::report::Report;
use super::settings::callback_url;
use crate::edge::callback::{self, Answered, MARK};

/// What whoever has no route for it answers too.
const NO_ROUTE: u16 = 404;

pub(super) async fn check(args: &Args, report: &mut Report) {
    // One that is no URL was told before.
    if let Some(url) = args
        .callback_url
        .as_ref()
        .filter(|url| callback_url(url).is_ok())
    {
        match callback::knock(url).await {
            Ok(answered) => public(url, answered, report),
            Err(why) => report.weak(
                PUBLIC,
                format!(
                    "{url} is not reached from here: {why}; where the factory is, {}",
                    proof(url)
                ),
            ),
        }
    }
    if let Some(url) = &args.receiver_url {
        match callback::knock(url).await {
            Ok(answered) => inside(url, answered, report),
            Err(why) => report.bad(
                INSIDE,
                format!(
                    "{url} does not answer: {why}; goods that a person says have come are not \
                     booked: is a receiver up, RESTOCK_RECEIVER_URL right, and no policy between?"
                ),
            ),
        }
    }
}

const PUBLIC: &str = "way of callbacks";
const INSIDE: &str = "way to the receiver";

/// By which a person sees that a receiver answers.
fn proof(url: &str) -> String {
    let (name, value) = MARK;
    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
    format!(
        "`curl -i {}` must show {name}: {value}",
        callback::door(url)
    )
}

/// A firewall on the public way may turn away whoever is no factory, but it does not say that
/// nothing is there.
fn public(url: &str, answered: Answered, report: &mut Report) {
    let (status, proof) = (answered.status, proof(url));
    if answered.by_receiver {
        report.good(PUBLIC, format!("{url} answers"));
    } else if status == NO_ROUTE {
        report.bad(
            PUBLIC,
            format!(
                "{url} answers {status}, and is no receiver: something else answers there, such \
                 as a web server or the default backend of an ingress, and callbacks are lost in \
                 it. Lead this host and path to the receiver's Service, or correct \
                 RESTOCK_CALLBACK_URL: {proof}"
            ),
        );
    } else {
        report.weak(
            PUBLIC,
            format!(
                "{url} answers {status}, and not as a receiver does: see that it leads there; \
                 where the factory is, {proof}"
            ),
        );
    }
}

/// Nobody else has a reason to answer within the cluster.
fn inside(url: &str, answered: Answered, report: &mut Report) {
    if answered.by_receiver {
        return report.good(INSIDE, format!("{url} answers"));
    }
    report.bad(
        INSIDE,
        format!(
            "{url} answers {}, and is no receiver; goods that a person says have come are not \
             booked: is RESTOCK_RECEIVER_URL right? {}",
            answered.status,
            proof(url)
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn answered(status: u16, by_receiver: bool) -> Answered {
        Answered {
            status,
            by_receiver,
        }
    }

    #[test]
    fn only_a_receiver_is_one() {
        let mut report = Report::default();
        public("http://receiver", answered(404, true), &mut report);
        inside("http://receiver", answered(404, true), &mut report);
        assert_eq!((report.noted(), report.wrong()), (0, 0));
        for other in [200, 302, 403, 502, 503] {
            public("http://balancer", answered(other, false), &mut report);
        }
        assert_eq!((report.noted(), report.wrong()), (5, 0));
        public("http://ingress", answered(404, false), &mut report);
        inside("http://other", answered(404, false), &mut report);
        inside("http://other", answered(200, false), &mut report);
        assert_eq!((report.noted(), report.wrong()), (5, 3));
    }
}

//! Whether the receiver answers where callbacks are sent to: from here, which need not be the way
//! of a factory.

use super::Args;
use super::report::Report;
use super::settings::callback_url;
use crate::edge::callback;

/// What a receiver answers to whoever has no token.
const NOT_SIGNED: u16 = 404;

pub(super) async fn check(args: &Args, report: &mut Report) {
    // One that is no URL was told before.
    if let Some(url) = args
        .callback_url
        .as_ref()
        .filter(|url| callback_url(url).is_ok())
    {
        let what = "way of callbacks";
        match callback::knock(url).await {
            Ok(status) => answered(what, url, status, report),
            Err(why) => report.weak(
                what,
                format!(
                    "{url} is not reached from here: {why}; where the factory is, `curl -i {url}` \
                     must answer {NOT_SIGNED}"
                ),
            ),
        }
    }
    if let Some(url) = &args.receiver_url {
        let what = "way to the receiver";
        match callback::knock(url).await {
            Ok(status) => answered(what, url, status, report),
            Err(why) => report.bad(
                what,
                format!(
                    "{url} does not answer: {why}; goods that a person says have come are not \
                     booked: is a receiver up, RESTOCK_RECEIVER_URL right, and no policy between?"
                ),
            ),
        }
    }
}

fn answered(what: &str, url: &str, status: u16, report: &mut Report) {
    if status == NOT_SIGNED {
        return report.good(what, format!("{url} answers"));
    }
    report.weak(
        what,
        format!(
            "{url} answers {status}, where a receiver answers {NOT_SIGNED} to what it did not \
             sign: see that it leads there"
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_receiver_answers_like_one() {
        let mut report = Report::default();
        answered("way", "http://receiver", 404, &mut report);
        assert_eq!(report.noted(), 0);
        for other in [200, 302, 403, 502, 503] {
            answered("way", "http://balancer", other, &mut report);
        }
        assert_eq!((report.noted(), report.wrong()), (5, 0));
    }
}

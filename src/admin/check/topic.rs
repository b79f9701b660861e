//! Whether anybody receives what the relay publishes, by the relay's own look.

use super::report::Report;
use crate::edge::aws;
use crate::edge::sns::{Readers, Topic, readers};

pub(super) async fn check(topic_arn: Option<&str>, report: &mut Report) {
    let Some(topic_arn) = topic_arn.filter(|arn| !arn.trim().is_empty()) else {
        return report.bad("subscription", "no topic is named: set RESTOCK_TOPIC_ARN");
    };
    let config = match aws::config().await {
        Ok(config) => config,
        Err(why) => return report.bad("subscription", why),
    };
    match readers(&config, &Topic::new(&config, topic_arn)).await {
        Ok(Readers::Queue {
            queue_arn,
            shut_out,
            ..
        }) => {
            let receives = format!("{queue_arn} receives what is published to {topic_arn}");
            report.good("subscription", receives);
            if let Some(to_do) = shut_out {
                report.weak("subscription", to_do);
            }
        }
        Ok(Readers::Perhaps { why, .. }) => report.weak("subscription", why),
        Ok(Readers::Nobody { to_do }) => report.bad("subscription", to_do),
        Err(why) => report.bad(
            "subscription",
            format!("{why}: try again, and look at network and credentials"),
        ),
    }
}

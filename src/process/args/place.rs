//! AWS account and region, as the settings name them: an ARN and a queue's URL have both,
//! long before anybody is asked.

use std::collections::BTreeSet;

/// An account's number always has so many digits.
const ACCOUNT_DIGITS: usize = 12;

/// `account=… region=…` of these ARNs and queue URLs; several where they differ.
pub(super) fn named<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    let (mut accounts, mut regions) = (BTreeSet::new(), BTreeSet::new());
    for value in values {
        let (account, region) = of_arn(value).unwrap_or_else(|| of_url(value));
        accounts.extend(account);
        regions.extend(region);
    }
    let line = |name: &str, all: BTreeSet<&str>| {
        let all: Vec<&str> = all.into_iter().collect();
        (!all.is_empty()).then(|| format!("{name}={}", all.join(",")))
    };
    [line("account", accounts), line("region", regions)]
        .into_iter()
        .flatten()
        .collect()
}

/// `arn:aws:sns:REGION:ACCOUNT:NAME`.
fn of_arn(text: &str) -> Option<(Option<&str>, Option<&str>)> {
    let mut parts = text.strip_prefix("arn:")?.split(':').skip(2);
    let region = parts.next().filter(|region| !region.is_empty());
    Some((parts.next().filter(|text| is_account(text)), region))
}

/// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`; another host names no region.
fn of_url(text: &str) -> (Option<&str>, Option<&str>) {
    let Some((_, rest)) = text.split_once("://") else {
        return (None, None);
    };
    let mut parts = rest.split('/');
    let host = parts.next().unwrap_or_default();
    let region = host.strip_prefix("sqs.").and_then(|host| {
        let (region, domain) = host.split_once('.')?;
        domain.starts_with("amazonaws.com").then_some(region)
    });
    (parts.next().filter(|text| is_account(text)), region)
}

fn is_account(text: &str) -> bool {
    text.len() == ACCOUNT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_and_queue_urls_name_account_and_region() {
        let found = |values: &[&str]| named(values.iter().copied()).join(" ");
        let topic = "arn:aws:sns:eu-west-1:123456789012:ops";
        let queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/stock_queue";
        let place = "account=123456789012 region=eu-west-1";
        assert_eq!(found(&[topic]), place);
        assert_eq!(found(&[queue]), place);
        assert_eq!(found(&[topic, queue]), place);
        let other = "arn:aws:sns:us-east-1:210987654321:ops";
        assert_eq!(
            found(&[queue, other]),
            "account=123456789012,210987654321 region=eu-west-1,us-east-1"
        );
        let local = "http://127.0.0.1:4566/000000000000/stock_queue";
        assert_eq!(found(&[local]), "account=000000000000");
        assert_eq!(found(&["", "x", "arn:", "http://h", "https://h/a/b"]), "");
    }
}

//! The parts of an ARN: `arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME`.

/// Where something is, and what it is called there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    /// Its region.
    pub region: &'a str,
    /// The number of its owner's account.
    pub account: &'a str,
    /// Its name there.
    pub name: &'a str,
}

impl<'a> Arn<'a> {
    /// The parts of this text; none if it is no ARN of a queue or topic.
    pub fn of(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':').skip(2);
        Some(Self {
            region: parts.next()?,
            account: parts.next()?,
            name: parts.next()?,
        })
    }
}

//! What the API server refuses in a Factory, and the words it says then.

use crate::crd::schema;
use serde_json::Value;

/// Rules that look at more than one field, or say more than a pattern could.
pub(super) fn spec() -> Value {
    schema::rules(&[
        // Before the shape: a password in a URL ends up in logs, so it is named for what it is.
        (
            "!self.url.matches('^[A-Za-z]+://[^/?#]*@')",
            "url must not hold a user name or password; use headersFrom",
        ),
        // One shape that every URL parser reads alike: no backslash, blank, quote or fragment.
        (
            "self.url.matches('^https?://([A-Za-z0-9.-]+|\\\\[[0-9A-Fa-f:.]+\\\\])(:[0-9]{1,5})?\
             ([/?][A-Za-z0-9._~!$&()*+,;=:@%/?-]*)?$') \
             || self.url.matches('^[A-Za-z]+://[^/?#]*@')",
            "url must be an absolute http or https URL without a fragment",
        ),
        (
            "self.allowInsecure || !self.url.startsWith('http://')",
            "url must be https, unless allowInsecure is true",
        ),
        (
            "self.onOverdue != 'Reorder' || self.maxAttempts >= 2",
            "onOverdue: Reorder needs maxAttempts of 2 or more",
        ),
        (
            "!has(self.defaultQuantity) || self.defaultQuantity <= self.maxQuantity",
            "defaultQuantity must not be above maxQuantity",
        ),
        (
            "duration(self.connectTimeout) <= duration(self.totalTimeout)",
            "connectTimeout must not be above totalTimeout",
        ),
        (
            "duration(self.callbackDeadline) >= duration(self.totalTimeout)",
            "callbackDeadline must not be below totalTimeout",
        ),
    ])
}

/// A span from `least` to `most`.
pub(super) fn span(least: &str, most: &str) -> Value {
    let rule =
        format!("duration(self) >= duration('{least}') && duration(self) <= duration('{most}')");
    schema::rules(&[(&rule, &format!("must be from {least} to {most}"))])
}

//! Which JSON keys of an order carry what.

use crate::crd::schema::rules;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longest key.
const KEY_CHARACTERS_MAX: usize = 64;

/// What a key may be made of: nothing that needs escaping in JSON or looks like a path.
const KEY: &str = "^[A-Za-z0-9_-]*$";

/// Two values under one key would leave the factory with one of them.
const DISTINCT: (&str, &str) = (
    "[self.groupId, self.productId, self.quantity, self.factoryId, self.requester, \
     self.callbackUrl].filter(key, key != '').all(key, [self.groupId, self.productId, \
     self.quantity, self.factoryId, self.requester, self.callbackUrl]\
     .exists_one(other, other == key))",
    "each key of payload may be used once",
);

/// Which JSON keys of an order carry what. The defaults are those of the legacy factory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules(&[DISTINCT])))]
pub struct Payload {
    /// Key of the message group. Empty: not sent.
    #[schemars(length(max = KEY_CHARACTERS_MAX), regex(pattern = KEY))]
    pub group_id: String,

    /// Key of the product's SKU.
    #[schemars(length(min = 1, max = KEY_CHARACTERS_MAX), regex(pattern = KEY))]
    pub product_id: String,

    /// Key of the quantity.
    #[schemars(length(min = 1, max = KEY_CHARACTERS_MAX), regex(pattern = KEY))]
    pub quantity: String,

    /// Key of the shop's factory id. Empty: not sent.
    #[schemars(length(max = KEY_CHARACTERS_MAX), regex(pattern = KEY))]
    pub factory_id: String,

    /// Key of the requester. Empty: not sent.
    #[schemars(length(max = KEY_CHARACTERS_MAX), regex(pattern = KEY))]
    pub requester: String,

    /// Key of the URL that the factory calls back.
    #[schemars(length(min = 1, max = KEY_CHARACTERS_MAX), regex(pattern = KEY))]
    pub callback_url: String,
}

impl Default for Payload {
    fn default() -> Self {
        Self {
            group_id: "MessageGroupId".to_owned(),
            product_id: "MessageAttributeProductId".to_owned(),
            quantity: "MessageAttributeProductCnt".to_owned(),
            factory_id: "MessageAttributeFactoryId".to_owned(),
            requester: "MessageAttributeRequester".to_owned(),
            callback_url: "CallbackUrl".to_owned(),
        }
    }
}

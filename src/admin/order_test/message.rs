//! The test's message, as the common shop sends one.

use crate::domain::message::Envelope;
use crate::domain::order::QUANTITY_MAX;
use crate::edge::mapping::Mapping;
use serde_json::json;
use std::collections::BTreeMap;

/// How many are ordered: more than any other Factory takes unless its maxQuantity was raised
/// to the utmost, so that a request that missed its own ends as Invalid at the default one.
pub(super) const QUANTITY: u32 = QUANTITY_MAX;

const REQUESTER: &str = "order test";

/// Body and attributes.
pub(super) struct Message {
    pub(super) body: String,
    pub(super) attributes: BTreeMap<String, String>,
}

/// The message of this run: its name is the event, the product and the factory. The order is
/// in the attributes and in the body, so that a mapping may look for its keys in either.
pub(super) fn message(name: &str) -> Message {
    let quantity = QUANTITY.to_string();
    let order = [
        ("MessageAttributeProductId", name),
        ("MessageAttributeProductCnt", &quantity),
        ("MessageAttributeFactoryId", name),
        ("MessageAttributeRequester", REQUESTER),
    ];
    let order = order.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let mut attributes = BTreeMap::from(order);
    let body = json!(attributes).to_string();
    attributes.insert("EventId".to_owned(), name.to_owned());
    Message { body, attributes }
}

/// Whether the mapping reads the message of this run as it is meant. One that took another
/// factory out of it would order at a real one.
///
/// # Errors
/// In words for whoever wrote the mapping.
pub(super) fn is_understood(mapping: &Mapping, name: &str) -> Result<(), String> {
    let Message { body, attributes } = message(name);
    let envelope = Envelope::open(&body, &attributes, None).map_err(|why| why.to_string())?;
    let wanted = mapping.wanted(&envelope).map_err(|why| why.to_string())?;
    let found = [
        ("productId", Some(wanted.product_id.to_string()), name),
        (
            "quantity",
            wanted.quantity.map(|count| count.to_string()),
            &QUANTITY.to_string(),
        ),
        (
            "factoryId",
            wanted.factory_id.map(|id| id.to_string()),
            name,
        ),
    ];
    for (field, found, meant) in found {
        if found.as_deref() != Some(meant) {
            let found = found.unwrap_or_else(|| "nothing".to_owned());
            return Err(format!("it reads {field} as {found}, not as {meant}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_shops_mapping_understands_it() {
        assert_eq!(
            is_understood(&Mapping::common_shop(), "order-test-1"),
            Ok(())
        );
    }

    #[test]
    fn another_mapping_must_read_it_as_it_is_meant() {
        let read = |yaml: &str| is_understood(&Mapping::parse(yaml).unwrap(), "order-test-1");
        let keys = "productId: fields.MessageAttributeProductId\n\
                    quantity: fields.MessageAttributeProductCnt\n";
        let why = read("productId: body.detail.sku\n").unwrap_err();
        assert!(why.contains("no product id"), "{why}");
        let why = read(keys).unwrap_err();
        assert_eq!(why, "it reads factoryId as nothing, not as order-test-1");
        let other = format!("{keys}factoryId: \"'FF-' + fields.MessageAttributeFactoryId\"\n");
        let why = read(&other).unwrap_err();
        assert!(why.contains("FF-order-test-1, not as"), "{why}");
        let same = format!("{keys}factoryId: fields.MessageAttributeFactoryId\n");
        assert_eq!(read(&same), Ok(()));
        assert_eq!(read(&same.replace("fields", "body")), Ok(()));
    }
}

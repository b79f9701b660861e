//! What a sale owes to the topic: a message that a product is sold out, or soon will be.

use crate::domain::order::{EventId, FactoryId, Quantity, Sku};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One out-of-stock message. Stored as JSON in the outbox: fields may be added, never renamed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shortage {
    /// Its identity, born with the row: every publish of it is the same event.
    pub event_id: EventId,
    /// The product.
    pub sku: Sku,
    /// Why it is sent.
    pub cause: Cause,
    /// How many to make; none leaves it to the Factory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// Who makes them; none leaves it to the default Factory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factory_id: Option<FactoryId>,
    /// Whose purchase it was, for people; safe to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// The trace of the purchase, as a W3C trace parent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_parent: Option<String>,
}

/// Why a message is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// A purchase found less than it wanted.
    OutOfStock,
    /// A purchase took the stock to the product's reorder point, or below.
    ReorderPoint,
}

impl Shortage {
    /// The subject of the message, for people: ASCII, below the 100 characters that SNS takes.
    pub fn subject(&self) -> &'static str {
        match self.cause {
            Cause::OutOfStock => "Out of stock",
            Cause::ReorderPoint => "Low stock",
        }
    }

    /// The text of the message, for people: machines read the attributes.
    pub fn text(&self) -> String {
        let sku = &self.sku;
        match self.cause {
            Cause::OutOfStock => format!("{sku} is out of stock. Please make more."),
            Cause::ReorderPoint => format!("The stock of {sku} is low. Please make more."),
        }
    }

    /// The attributes of the message: the keys of the common shop, and the event's identity.
    /// Six at most: raw delivery to a queue loses a message of more than ten (AWS: SNS raw
    /// message delivery).
    pub fn attributes(&self) -> BTreeMap<String, String> {
        let quantity = self.quantity.map(|quantity| quantity.to_string());
        let factory = self.factory_id.as_ref().map(FactoryId::to_string);
        let all = [
            ("EventId", Some(self.event_id.to_string())),
            ("MessageAttributeProductId", Some(self.sku.to_string())),
            ("MessageAttributeProductCnt", quantity),
            ("MessageAttributeFactoryId", factory),
            ("MessageAttributeRequester", self.requester.clone()),
            ("traceparent", self.trace_parent.clone()),
        ];
        let present = all.into_iter();
        present
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_said_is_left_to_the_product_and_the_factory() {
        let mut shortage = Shortage {
            event_id: EventId::parse("e-1").unwrap(),
            sku: Sku::parse("CP-502101").unwrap(),
            cause: Cause::OutOfStock,
            quantity: None,
            factory_id: None,
            requester: None,
            trace_parent: None,
        };
        let keys: Vec<String> = shortage.attributes().into_keys().collect();
        assert_eq!(keys, ["EventId", "MessageAttributeProductId"]);
        shortage.quantity = Some(Quantity::new(10).unwrap());
        assert_eq!(shortage.attributes()["MessageAttributeProductCnt"], "10");
    }

    #[test]
    fn the_stored_form_is_read_back() {
        let text = r#"{"eventId":"e-1","sku":"A","cause":"ReorderPoint","added":"later"}"#;
        let shortage: Shortage = serde_json::from_str(text).unwrap();
        assert_eq!(shortage.cause, Cause::ReorderPoint);
        assert!(shortage.text().contains("low"));
    }
}

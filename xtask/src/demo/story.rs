//! What happens in the demo: who asks for what, in which shape, and how it must end.

use anyhow::Result;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use crate::random;

/// The Factory of the demo, and the shop's own id for it.
pub(super) const FACTORY: &str = "demo";
pub(super) const FACTORY_ID: &str = "FF-DEMO";
/// Of each product, before anything happens.
pub(super) const OPENING_STOCK: i64 = 20;
/// Buyers who come at once for one piece each, and how many of them come too late.
pub(super) const BUYERS: u32 = 25;
pub(super) const LATE_BUYERS: u32 = 5;
/// Messages of the storm: twice what the demo's Factory takes at once.
const STORM: usize = 20;
/// Time from order to callback where the controller is killed in between: long
/// enough to see the order, kill, and look at what is left.
const CRASH_DELAY_MS: u32 = 8_000;

/// How a message is wrapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// Published to the topic: an SNS envelope in the queue.
    Topic,
    /// Raw delivery: message attributes, and free text as the body.
    Attributes,
    /// The order as a JSON body.
    Body,
}

/// How all requests of a scene must end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// The goods arrive.
    Arrived,
    /// The factory says no.
    Refused,
    /// The factory takes the order and forgets it.
    Overdue,
    /// No request: the message ends in the dead-letter queue.
    DeadLetter,
}

/// One kind of event. Each has a product of its own, by which all it leads to is found.
pub(super) struct Scene {
    pub(super) what: &'static str,
    pub(super) sku: String,
    pub(super) quantity: u32,
    pub(super) shape: Shape,
    /// How often it is sent.
    pub(super) messages: usize,
    /// How many requests that makes.
    pub(super) requests: usize,
    pub(super) end: End,
    /// How many pieces buyers take.
    sold: u32,
    /// Who asks; words in it tell the local factory how to misbehave.
    requester: String,
    /// The producer's own id, where the same event is sent more than once.
    pub(super) event_id: Option<String>,
}

/// All scenes. The first one is the shop's own, the last one is where the controller is killed.
pub(super) struct Story {
    pub(super) scenes: Vec<Scene>,
}

impl Story {
    /// With products and events of its own, so that it can be told again and again.
    pub(super) fn new() -> Result<Self> {
        let suffix = HEXLOWER.encode(&random::key()?[..3]);
        Ok(Self::of(&suffix))
    }

    /// The story of this suffix.
    pub(super) fn of(suffix: &str) -> Self {
        let scene = |what, product: &str, quantity, shape| Scene {
            what,
            sku: format!("{product}-{suffix}"),
            quantity,
            shape,
            messages: 1,
            requests: 1,
            end: End::Arrived,
            sold: 0,
            requester: "Donut-States Seoul".to_owned(),
            event_id: None,
        };
        let mut scenes = vec![
            scene("sold out", "VIRAL", 10, Shape::Topic),
            scene("SNS envelope", "GLAZED", 50, Shape::Topic),
            scene("raw delivery", "CHOCO", 40, Shape::Attributes),
            scene("plain JSON body", "BERRY", 30, Shape::Body),
            scene("sent twice", "TWIN", 20, Shape::Topic),
            scene("storm", "STORM", 5, Shape::Topic),
            scene("factory refuses", "SALTED", 10, Shape::Body),
            scene("order lost", "MAPLE", 10, Shape::Topic),
            scene("malformed", "BROKEN", 0, Shape::Body),
            scene("controller killed", "LEMON", 10, Shape::Attributes),
        ];
        for scene in &mut scenes {
            match scene.what {
                "sold out" => {
                    (scene.messages, scene.requests) = (LATE_BUYERS as usize, LATE_BUYERS as usize);
                    scene.sold = BUYERS;
                }
                "sent twice" => {
                    scene.messages = 2;
                    scene.event_id = Some(format!("demo-{suffix}-twice"));
                }
                "storm" => (scene.messages, scene.requests) = (STORM, STORM),
                "factory refuses" => scene.faulty(End::Refused, "fault:refuse"),
                "order lost" => scene.faulty(End::Overdue, "fault:lose"),
                "malformed" => (scene.requests, scene.end) = (0, End::DeadLetter),
                "controller killed" => scene.requester = format!("delay:{CRASH_DELAY_MS}"),
                _ => {}
            }
        }
        Self { scenes }
    }

    /// The one whose messages the shop owes, for purchases that found nothing.
    pub(super) fn shop(&self) -> &Scene {
        &self.scenes[0]
    }

    /// Those whose messages other shops send, at once.
    pub(super) fn sent(&self) -> &[Scene] {
        &self.scenes[1..self.scenes.len() - 1]
    }

    /// The one in whose middle the controller is killed.
    pub(super) fn crash(&self) -> &Scene {
        &self.scenes[self.scenes.len() - 1]
    }

    /// The products, for `products apply`. JSON is YAML.
    pub(super) fn products(&self) -> String {
        let product = |scene: &Scene| {
            json!({
                "sku": scene.sku,
                "name": format!("Demo: {}", scene.what),
                "price": 1500,
                "openingStock": OPENING_STOCK,
                // Messages of other shops say it themselves.
                "reorderQuantity": (scene.sold > 0).then_some(scene.quantity),
                "factoryId": FACTORY_ID,
            })
        };
        let products: Vec<Value> = self.scenes.iter().map(product).collect();
        json!({"products": products}).to_string()
    }
}

impl Scene {
    fn faulty(&mut self, end: End, requester: &str) {
        self.end = end;
        self.requester = requester.to_owned();
    }

    /// The keys of the common shop and their values.
    pub(super) fn order(&self) -> Vec<(&'static str, String)> {
        let quantity = match self.end {
            End::DeadLetter => "a dozen or so".to_owned(),
            _ => self.quantity.to_string(),
        };
        vec![
            ("MessageAttributeProductId", self.sku.clone()),
            ("MessageAttributeProductCnt", quantity),
            ("MessageAttributeFactoryId", FACTORY_ID.to_owned()),
            ("MessageAttributeRequester", self.requester.clone()),
        ]
    }

    /// Stock once all is over.
    pub(super) fn stock_after(&self) -> i64 {
        let arrived = match self.end {
            End::Arrived => self.requests,
            _ => 0,
        };
        let pieces = i64::try_from(arrived).unwrap_or_default() * i64::from(self.quantity);
        OPENING_STOCK + pieces - i64::from(self.sold)
    }
}

/// The Factory as kubectl takes it: one whose patience fits into a demo.
pub(super) fn factory(url: &str) -> String {
    json!({
        "apiVersion": "restock.dev/v1alpha1",
        "kind": "Factory",
        "metadata": {"name": FACTORY},
        "spec": {
            "url": url,
            "allowInsecure": true,
            "factoryIds": [FACTORY_ID],
            "connectTimeout": "1s",
            "totalTimeout": "2s",
            "callbackDeadline": "20s",
        },
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scene_has_a_product_of_its_own() {
        let story = Story::of("0a1b2c");
        let skus: std::collections::BTreeSet<_> =
            story.scenes.iter().map(|scene| &scene.sku).collect();
        assert_eq!(skus.len(), story.scenes.len());
        assert_eq!(story.shop().what, "sold out");
        assert_eq!(story.crash().what, "controller killed");
    }

    #[test]
    fn stock_rises_by_what_arrives_and_falls_by_what_is_sold() {
        let story = Story::of("0a1b2c");
        let after: Vec<_> = story.scenes.iter().map(Scene::stock_after).collect();
        assert_eq!(i64::from(BUYERS - LATE_BUYERS), OPENING_STOCK);
        assert_eq!(after, [45, 70, 60, 50, 40, 120, 20, 20, 20, 30]);
    }
}

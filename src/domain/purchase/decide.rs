//! The decision: who gets what is there.

use super::{Answer, Kept, Purchase, Restock, Verdict};
use crate::domain::order::{FactoryId, IdempotencyKey, Quantity, SaleId};
use crate::domain::shortage::{Cause, Shortage};
use std::collections::HashMap;

/// The product as it stands while nobody else can change it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    /// How many there are.
    pub stock: i64,
    /// At this stock or below the shop reorders.
    pub reorder_point: i64,
    /// How many it reorders; none leaves it to the Factory.
    pub reorder_quantity: Option<Quantity>,
    /// Where it reorders; none leaves it to the default Factory.
    pub factory_id: Option<FactoryId>,
    /// Whether more are asked for or ordered already.
    pub under_way: bool,
}

/// What the shop wishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// No message while a restock of the product is under way: else each purchase that
    /// fails owes one, and 900 failed buyers order 900 times.
    pub one_message_at_a_time: bool,
    /// A purchase that takes the stock to the reorder point owes a message too.
    pub early_warning: bool,
}

/// One sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// Its id.
    pub id: SaleId,
    /// How many.
    pub quantity: Quantity,
    /// By whom.
    pub buyer: String,
}

/// An answer that is given now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAnswer {
    /// Its key.
    pub key: IdempotencyKey,
    /// Of the purchase.
    pub digest: String,
    /// The answer.
    pub answer: Answer,
}

/// What a group of purchases comes to. All of it is one transaction.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// What each purchase of the group is told, in its order.
    pub verdicts: Vec<Verdict>,
    /// What is kept for repeats: one for each purchase that was decided now.
    pub answers: Vec<NewAnswer>,
    /// What was sold.
    pub sales: Vec<Sale>,
    /// The messages that are owed.
    pub shortages: Vec<Shortage>,
}

impl Decided {
    /// How many pieces leave the stock.
    pub fn pieces(&self) -> i64 {
        let pieces = self.sales.iter().map(|sale| sale.quantity.get());
        pieces.map(i64::from).sum()
    }
}

/// Decides the purchases in their order: each gets all that it wants, or nothing. A key that
/// was answered, before or within this group, is not decided again.
pub fn decide(
    mut shelf: Shelf,
    mut kept: HashMap<IdempotencyKey, Kept>,
    group: &[Purchase],
    terms: Terms,
) -> Decided {
    let mut decided = Decided::default();
    for purchase in group {
        let digest = purchase.form.digest();
        if let Some(kept) = kept.get(&purchase.key) {
            decided.verdicts.push(kept.verdict(&digest));
            continue;
        }
        let answer = answer(&mut shelf, purchase, terms, &mut decided);
        decided.verdicts.push(Verdict::Answered(answer.clone()));
        let now_kept = Kept {
            digest: digest.clone(),
            answer: Ok(answer.clone()),
        };
        kept.insert(purchase.key.clone(), now_kept);
        let key = purchase.key.clone();
        decided.answers.push(NewAnswer {
            key,
            digest,
            answer,
        });
    }
    decided
}

fn answer(shelf: &mut Shelf, purchase: &Purchase, terms: Terms, decided: &mut Decided) -> Answer {
    let form = &purchase.form;
    let before = shelf.stock;
    let wanted = i64::from(form.quantity.get());
    if wanted > before {
        let restock = owe(shelf, purchase, Cause::OutOfStock, terms, decided);
        return Answer::OutOfStock {
            available: before,
            restock,
        };
    }
    shelf.stock -= wanted;
    decided.sales.push(Sale {
        id: purchase.sale_id.clone(),
        quantity: form.quantity,
        buyer: form.buyer.clone(),
    });
    // Once, by the purchase that crosses it.
    let crosses = before > shelf.reorder_point && shelf.stock <= shelf.reorder_point;
    if terms.early_warning && crosses {
        owe(shelf, purchase, Cause::ReorderPoint, terms, decided);
    }
    Answer::Sold {
        sale_id: purchase.sale_id.clone(),
        remaining: shelf.stock,
    }
}

fn owe(
    shelf: &mut Shelf,
    purchase: &Purchase,
    cause: Cause,
    terms: Terms,
    decided: &mut Decided,
) -> Restock {
    let restock = match shelf.under_way {
        true => Restock::UnderWay,
        false => Restock::Requested,
    };
    if shelf.under_way && terms.one_message_at_a_time {
        return restock;
    }
    decided.shortages.push(Shortage {
        event_id: purchase.event_id.clone(),
        sku: purchase.form.sku.clone(),
        cause,
        quantity: shelf.reorder_quantity,
        factory_id: shelf.factory_id.clone(),
        requester: Some(purchase.form.buyer.clone()),
        trace_parent: purchase.trace_parent.clone(),
    });
    shelf.under_way = true;
    restock
}

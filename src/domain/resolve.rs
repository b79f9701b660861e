//! From what a message wants to what is ordered, and where.

use crate::domain::order::{FactoryId, FactoryKey, Order, Quantity, Sku};
use crate::domain::progress::{Progress, Unresolved};

/// Factories that a message names: each may have 253 characters, and a status takes 1,024. One that
/// is cut there is another one than what is said with each pass, and would be written each time.
const NAMED_MAX: usize = 3;

/// What the request's spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The product as the message calls it, for people.
    pub product: String,
    /// How many, if the message says so.
    pub quantity: Option<Quantity>,
    /// The shop's factory id, if the message has one.
    pub factory_id: Option<FactoryId>,
}

/// What the ledger knows of the wanted product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownProduct {
    /// Its key.
    pub sku: Sku,
    /// How many to order when the message does not say.
    pub reorder_quantity: Option<Quantity>,
    /// Which factory makes it when the message does not say.
    pub factory_id: Option<FactoryId>,
}

/// One Factory object, as far as the choice depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Name and uid.
    pub key: FactoryKey,
    /// The shop's ids that it serves.
    pub factory_ids: Vec<String>,
    /// Serves every id that no other lists, and requests without one.
    pub default: bool,
    /// How many to order when neither message nor product says.
    pub default_quantity: Option<Quantity>,
    /// Most that one order may ask for.
    pub max_quantity: u32,
    /// Why no order can go there now, in words for people.
    pub closed: Option<String>,
}

/// The order that a request asks for, or why there is none now.
///
/// The first attempt fixes product, quantity and Factory for all attempts: a message must
/// not be ordered twice with different meanings because a default changed in between.
///
/// # Errors
/// [`Unresolved`] says whether waiting can help.
pub fn resolve(
    wanted: &Wanted,
    progress: &Progress,
    product: Option<&KnownProduct>,
    factories: &[Candidate],
) -> Result<Order, Unresolved> {
    if let Some(order) = &progress.order {
        let chosen = factories
            .iter()
            .find(|factory| factory.key == order.factory);
        let gone = || Unresolved::Never(format!("Factory {} was deleted.", order.factory.name));
        return is_open(chosen.ok_or_else(gone)?).map(|()| order.clone());
    }
    let unknown = || Unresolved::Never(format!("The ledger has no product {}.", wanted.product));
    let product = product.ok_or_else(unknown)?;
    let factory = choose(
        wanted.factory_id.as_ref().or(product.factory_id.as_ref()),
        factories,
    )?;
    let quantity = wanted
        .quantity
        .or(product.reorder_quantity)
        .or(factory.default_quantity);
    let quantity = quantity.ok_or_else(|| Unresolved::Never(no_quantity(factory)))?;
    if quantity.get() > factory.max_quantity {
        return Err(Unresolved::Never(format!(
            "{quantity} pieces are over the limit of Factory {} ({}).",
            factory.key.name, factory.max_quantity
        )));
    }
    is_open(factory)?;
    Ok(Order {
        sku: product.sku.clone(),
        quantity,
        factory: factory.key.clone(),
    })
}

fn no_quantity(factory: &Candidate) -> String {
    format!(
        "Neither the message nor the product nor Factory {} says how many to order.",
        factory.key.name
    )
}

/// Several matches are none: ordering at a guess costs money.
fn choose<'a>(
    id: Option<&FactoryId>,
    factories: &'a [Candidate],
) -> Result<&'a Candidate, Unresolved> {
    let lists = |factory: &&Candidate| {
        id.is_some_and(|id| {
            factory
                .factory_ids
                .iter()
                .any(|listed| listed == id.as_str())
        })
    };
    let listed: Vec<_> = factories.iter().filter(lists).collect();
    let matches = match listed.is_empty() {
        false => listed,
        true => factories.iter().filter(|factory| factory.default).collect(),
    };
    let asked = id.map_or("no factory id".to_owned(), |id| format!("factory id {id}"));
    match matches.as_slice() {
        [one] => Ok(one),
        [] => Err(Unresolved::Misconfigured(format!(
            "No Factory serves {asked}, and none is the default."
        ))),
        several => {
            let names = several.iter().map(|factory| factory.key.name.as_str());
            let names: Vec<_> = names.take(NAMED_MAX).collect();
            let more = if several.len() > NAMED_MAX {
                ", …"
            } else {
                ""
            };
            Err(Unresolved::Misconfigured(format!(
                "Several Factories serve {asked}: {}{more}.",
                names.join(", ")
            )))
        }
    }
}

fn is_open(factory: &Candidate) -> Result<(), Unresolved> {
    match &factory.closed {
        None => Ok(()),
        Some(why) => Err(Unresolved::Closed(
            factory.key.clone(),
            format!("Factory {}: {why}.", factory.key.name),
        )),
    }
}

/// The Factories that share an id or the default with another one: for what they share,
/// none of them is used.
pub fn ambiguous(factories: &[Candidate]) -> Vec<&FactoryKey> {
    let clash = |one: &Candidate, other: &Candidate| {
        one.key != other.key
            && ((one.default && other.default)
                || one
                    .factory_ids
                    .iter()
                    .any(|id| other.factory_ids.contains(id)))
    };
    let clashes = |one: &&Candidate| factories.iter().any(|other| clash(one, other));
    factories
        .iter()
        .filter(clashes)
        .map(|factory| &factory.key)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factory(name: &str, ids: &[&str], default: bool) -> Candidate {
        Candidate {
            key: FactoryKey {
                name: name.into(),
                uid: format!("uid-{name}"),
            },
            factory_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            default,
            default_quantity: None,
            max_quantity: 100,
            closed: None,
        }
    }

    fn wanted(quantity: Option<u32>, id: Option<&str>) -> Wanted {
        Wanted {
            product: "CP-1".into(),
            quantity: quantity.map(|count| Quantity::new(count).expect("a valid count")),
            factory_id: id.map(|id| FactoryId::parse(id).expect("a valid id")),
        }
    }

    fn product() -> KnownProduct {
        let sku = Sku::parse("CP-1").expect("a valid SKU");
        KnownProduct {
            sku,
            reorder_quantity: Quantity::new(7).ok(),
            factory_id: None,
        }
    }

    fn choice(wanted: &Wanted, factories: &[Candidate]) -> Result<(String, u32), Unresolved> {
        resolve(wanted, &Progress::default(), Some(&product()), factories)
            .map(|order| (order.factory.name, order.quantity.get()))
    }

    #[test]
    fn a_listed_id_wins_over_the_default() {
        let factories = [factory("a", &["FF-1"], false), factory("b", &[], true)];
        assert_eq!(
            choice(&wanted(Some(3), Some("FF-1")), &factories),
            Ok(("a".into(), 3))
        );
        assert_eq!(
            choice(&wanted(None, Some("FF-9")), &factories),
            Ok(("b".into(), 7))
        );
        assert_eq!(choice(&wanted(None, None), &factories), Ok(("b".into(), 7)));
    }

    #[test]
    fn many_matches_are_said_in_few_words() {
        let many = (0..9).map(|number| factory(&format!("{number:0>253}"), &["FF-1"], false));
        let many: Vec<_> = many.collect();
        let Err(Unresolved::Misconfigured(why)) = choice(&wanted(None, Some("FF-1")), &many) else {
            panic!("one of nine was taken");
        };
        assert!(why.len() < 900 && why.ends_with(", …."), "{why}");
    }

    #[test]
    fn several_matches_are_none_and_may_be_mended() {
        let factories = [
            factory("a", &["FF-1"], false),
            factory("b", &["FF-1"], true),
        ];
        let answer = choice(&wanted(None, Some("FF-1")), &factories);
        assert!(
            matches!(answer, Err(Unresolved::Misconfigured(_))),
            "{answer:?}"
        );
        assert_eq!(ambiguous(&factories).len(), 2);
    }

    #[test]
    fn limits_and_unknown_products_are_final() {
        let factories = [factory("a", &[], true)];
        let over = choice(&wanted(Some(101), None), &factories);
        assert!(matches!(over, Err(Unresolved::Never(_))), "{over:?}");
        let none = resolve(&wanted(None, None), &Progress::default(), None, &factories);
        assert!(matches!(none, Err(Unresolved::Never(_))), "{none:?}");
    }

    #[test]
    fn a_suspended_factory_is_waited_for() {
        let mut suspended = factory("a", &[], true);
        suspended.closed = Some("suspended".into());
        let answer = choice(&wanted(None, None), &[suspended]);
        assert!(matches!(answer, Err(Unresolved::Closed(..))), "{answer:?}");
    }
}

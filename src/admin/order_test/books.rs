//! The ledger's side: the test's product, its passing name, and its goods.

use super::story::Stopped;
use crate::admin::adjust::adjust;
use crate::domain::order::{ProductId, Sku};
use crate::edge::store::order_tests::TestArrival;
use crate::edge::store::products::{Adjusted, Applied, NewAdjustment, Product, ProductDeclaration};
use crate::edge::store::{Store, StoreError};
use crate::ledger;
use crate::process::args::DatabaseArgs;

/// The product of all order tests of a ledger: rows are never deleted, so there is one.
const SKU: &str = "RESTOCK-ORDER-TEST";

/// By this name the ledger knows it for the test's own.
const PRODUCT_NAME: &str = "order test of restock-operator";

/// What the product is called while no test runs. A name may be changed by the roles'
/// account, and not deleted.
const IDLE: &str = "order-test-none";

/// Arrivals of one look: one for each run that was killed or whose callback came late.
const ARRIVALS_MAX: u32 = 100;

/// Looks of one booking back: what is booked is not found again, so this ends before.
const LOOKS_MAX: u32 = 100;

/// Who is on record for booking back.
const WHO: &str = "restock-operator order-test";

const GRANTS: &str = "see the grants of the roles' account in docs/configuration.md";

/// The ledger, as far as order tests use it.
pub(super) struct Books {
    store: Store,
    pub(super) sku: Sku,
}

impl Books {
    pub(super) async fn open(database: &DatabaseArgs) -> anyhow::Result<Self> {
        Ok(Self {
            store: ledger::open(database).await?,
            sku: Sku::parse(SKU)?,
        })
    }

    pub(super) async fn close(&self) {
        self.store.close().await;
    }

    /// Makes sure that the product is there, and calls it by the name of this run.
    pub(super) async fn begin(&self, name: &str) -> Result<(), Stopped> {
        self.store.require_schema().await.map_err(failed)?;
        match self.product().await? {
            Some(product) if product.name == PRODUCT_NAME => {}
            Some(_) => {
                let why = format!(
                    "{SKU} is another product; order tests need this SKU for their own, \
                     named {PRODUCT_NAME:?}"
                );
                return Err(Stopped::at("ledger", why));
            }
            None => self.declare().await?,
        }
        let naming = self.store.name_product(&self.sku, &alias(name)?).await;
        naming.map_err(failed)
    }

    async fn declare(&self) -> Result<(), Stopped> {
        let declaration = ProductDeclaration {
            sku: self.sku.clone(),
            name: PRODUCT_NAME.to_owned(),
            price: 0,
            opening_stock: 0,
            reorder_point: 0,
            reorder_quantity: None,
            factory_id: None,
            aliases: Vec::new(),
        };
        match self.store.apply_products(&[declaration]).await {
            Ok(Applied::Done { .. }) => Ok(()),
            Ok(Applied::AliasTaken { .. }) => {
                let why = format!("{SKU} is the alias of another product: take it from that one");
                Err(Stopped::at("ledger", why))
            }
            Err(why) => Err(failed(why)),
        }
    }

    /// Takes the name of this run away: from now on no request by it can be ordered.
    pub(super) async fn end(&self, name: &str) -> Result<(), Stopped> {
        let (name, idle) = (alias(name)?, alias(IDLE)?);
        let unnaming = self.store.unname_product(&self.sku, &name, &idle).await;
        unnaming.map_err(failed)
    }

    /// # Errors
    /// If another test has given the product its own name since. A ledger that does not
    /// answer is asked again at the next look.
    pub(super) async fn still(&self, name: &str) -> Result<(), Stopped> {
        match self.store.product(&alias(name)?).await {
            Ok(None) => Err(Stopped::at(
                "takeover",
                "another order test began and took over: run one at a time",
            )),
            _ => Ok(()),
        }
    }

    pub(super) async fn stock(&self) -> Result<i64, Stopped> {
        let product = self.product().await?;
        Ok(product.map_or(0, |product| product.stock))
    }

    async fn product(&self) -> Result<Option<Product>, Stopped> {
        self.store.product(&alias(SKU)?).await.map_err(failed)
    }

    /// The goods of the request with this object name, if they are here. A ledger that does
    /// not answer is asked again at the next look.
    pub(super) async fn arrived(&self, object: &str) -> Result<Option<TestArrival>, Stopped> {
        match self.arrivals().await {
            Ok(arrivals) => {
                let mut own = arrivals.into_iter();
                Ok(own.find(|one| one.request_id.object_name() == object))
            }
            Err(StoreError::Unavailable(_) | StoreError::Locked) => Ok(None),
            Err(why) => Err(failed(why)),
        }
    }

    async fn arrivals(&self) -> Result<Vec<TestArrival>, StoreError> {
        self.store.test_arrivals(&self.sku, ARRIVALS_MAX).await
    }

    /// Takes all goods of order tests out of the stock, each under an id of its own, so that
    /// two who try take them once. How many; afterwards the stock is 0.
    pub(super) async fn book_back(&self) -> Result<u64, Stopped> {
        let mut taken = 0;
        for _ in 0..LOOKS_MAX {
            let arrivals = self.arrivals().await.map_err(failed)?;
            if arrivals.is_empty() {
                break;
            }
            for arrival in arrivals {
                self.book_one_back(&arrival).await?;
                taken += u64::from(arrival.quantity.get());
            }
        }
        match self.stock().await? {
            0 => Ok(taken),
            stock => Err(Stopped::at("stock", not_ours(stock))),
        }
    }

    async fn book_one_back(&self, arrival: &TestArrival) -> Result<(), Stopped> {
        let request = arrival.request_id.object_name();
        let adjustment = NewAdjustment {
            id: arrival.return_id(),
            sku: self.sku.clone(),
            delta: -i64::from(arrival.quantity.get()),
            reason: format!("goods of the order test {request}, which never came"),
            by: WHO.to_owned(),
        };
        match adjust(&self.store, &adjustment).await.map_err(failed)? {
            Adjusted::Done { .. } | Adjusted::Repeat => Ok(()),
            Adjusted::NoSuchProduct => Err(Stopped::at("stock", "the product is gone")),
            Adjusted::TooLittle { stock } => Err(Stopped::at(
                "stock",
                too_little(arrival.quantity.get(), stock),
            )),
        }
    }
}

fn alias(name: &str) -> Result<ProductId, Stopped> {
    ProductId::parse(name).map_err(|why| Stopped::at("ledger", why))
}

fn failed(why: StoreError) -> Stopped {
    let to_do = match why {
        StoreError::Unavailable(_) => "check host, network and credentials of the database",
        StoreError::Locked => "try again",
        _ => GRANTS,
    };
    Stopped::at("ledger", format!("{why}: {to_do}"))
}

fn not_ours(stock: i64) -> String {
    let by = -stock;
    format!(
        "{stock} of {SKU} are in stock that no order test brought: somebody booked them; take \
         them back by restock-operator adjust --sku {SKU} --by {by} --reason TEXT --who NAME"
    )
}

fn too_little(quantity: u32, stock: i64) -> String {
    let by = i64::from(quantity) - stock;
    format!(
        "{quantity} of {SKU} are to be booked back and {stock} are there: somebody took them; \
         undo it by restock-operator adjust --sku {SKU} --by {by} --reason TEXT --who NAME"
    )
}

//! What no single field of a product can show, wherever it is declared.

use crate::domain::order::ProductId;
use crate::edge::store::products::ProductDeclaration;
use anyhow::bail;
use std::collections::HashSet;

/// Other names of one product: a shop has a few systems, each with its own.
const ALIASES_MAX: usize = 16;

/// Characters of a product's name, as in the ledger.
const NAME_CHARACTERS_MAX: usize = 255;

/// Whether its name and its other names are fit for the ledger, and not used before.
pub(super) fn check<'a>(
    product: &'a ProductDeclaration,
    names: &mut HashSet<&'a str>,
) -> anyhow::Result<()> {
    let length = product.name.chars().count();
    if length == 0 || length > NAME_CHARACTERS_MAX {
        bail!("its name has {length} characters, 1 to {NAME_CHARACTERS_MAX} are allowed");
    }
    if product.name.chars().any(char::is_control) {
        bail!("its name has control characters");
    }
    if product.aliases.len() > ALIASES_MAX {
        bail!(
            "{} aliases, at most {ALIASES_MAX} are allowed",
            product.aliases.len()
        );
    }
    let aliases = product.aliases.iter().map(ProductId::as_str);
    for name in aliases.chain([product.sku.as_str()]) {
        if !names.insert(name) {
            bail!("{name} is used twice as a SKU or alias");
        }
    }
    Ok(())
}

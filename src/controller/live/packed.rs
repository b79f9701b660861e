//! Text of objects that are all much alike, kept small: what each shares with the usual one
//! is kept once.

use lz4_flex::block::{compress_prepend_size_with_dict, decompress_size_prepended_with_dict};
use std::sync::Arc;

/// One text.
///
/// Shared: kube clones an object on its way into the store.
#[derive(Clone, Debug)]
pub(super) struct Packed(Arc<[u8]>);

impl Packed {
    /// Packs a text that is much like `usual`.
    pub(super) fn new(text: &[u8], usual: &str) -> Self {
        Self(compress_prepend_size_with_dict(text, usual.as_bytes()).into())
    }

    /// The text, to be unpacked with the same `usual`.
    ///
    /// # Errors
    /// In words for the log: it was not packed with this one.
    pub(super) fn text(&self, usual: &str) -> Result<Vec<u8>, String> {
        let text = decompress_size_prepended_with_dict(&self.0, usual.as_bytes());
        text.map_err(|why| why.to_string())
    }

    /// How many bytes it takes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_have_in_common_is_not_kept_again() {
        let usual = "an object with a field, another field, and one more field that is long";
        let text = format!("{usual}; and what this one alone has");
        let packed = Packed::new(text.as_bytes(), usual);
        assert!(packed.bytes() < text.len() / 2, "{} bytes", packed.bytes());
        assert_eq!(packed.text(usual).as_deref(), Ok(text.as_bytes()));
    }

    #[test]
    fn nothing_in_common_is_no_harm() {
        for text in ["", "{}", "other"] {
            let packed = Packed::new(text.as_bytes(), "");
            assert_eq!(packed.text("").as_deref(), Ok(text.as_bytes()));
        }
    }
}

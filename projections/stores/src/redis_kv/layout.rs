//! The spaces and parts of a view as text, kept beside its values: as JSON, `{"product":["details","price"]}`.

use std::collections::BTreeMap;

use chimera_model::KvSpec;

use crate::error::StoreError;

type Spaces = BTreeMap<String, Vec<String>>;

/// A layout as it is stored; equal layouts have equal texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    text: String,
    spaces: Spaces,
}

impl Layout {
    /// The layout of these spaces.
    pub(super) fn of(specs: &[&KvSpec]) -> Result<Self, StoreError> {
        let mut spaces = Spaces::new();
        for spec in specs {
            let parts = spec.parts.iter().map(|part| (*part).to_owned());
            spaces.insert(spec.space.to_owned(), parts.collect());
        }
        let text = serde_json::to_string(&spaces);
        let text = text.map_err(|error| StoreError::Fatal(error.to_string()))?;
        Ok(Self { text, spaces })
    }

    /// The layout that is stored as `text`.
    pub(super) fn parse(text: String) -> Result<Self, StoreError> {
        let spaces = serde_json::from_str(&text);
        let spaces = spaces.map_err(|error| {
            StoreError::Fatal(format!(
                "a layout in Redis is damaged: {error}; delete the keys of that read model and rebuild it with `replay run`"
            ))
        })?;
        Ok(Self { text, spaces })
    }

    /// As it is stored.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The names of the spaces.
    pub(super) fn spaces(&self) -> impl Iterator<Item = &str> {
        self.spaces.keys().map(String::as_str)
    }

    /// Whether values of this spec can be in a view of this layout.
    ///
    /// # Errors
    /// [`StoreError::Fatal`] if not.
    pub(super) fn admits(&self, spec: &KvSpec) -> Result<(), StoreError> {
        let name = spec.space;
        match self.spaces.get(name) {
            Some(parts) if parts == spec.parts => Ok(()),
            Some(parts) => Err(StoreError::Fatal(format!(
                "{name} was written with the parts {parts:?} and now has {:?}; rebuild the read model with `replay run`",
                spec.parts
            ))),
            None => Err(StoreError::Fatal(format!(
                "there is no {name} in this generation; rebuild the read model with `replay run`"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static PRODUCT: KvSpec = KvSpec { space: "product", parts: &["details", "price"] };
    static OTHER: KvSpec = KvSpec { space: "product", parts: &["price", "details"] };
    static STOCK: KvSpec = KvSpec { space: "stock", parts: &["price"] };

    #[test]
    fn a_layout_comes_back_from_its_text_in_whatever_order_it_was_given() {
        let layout = Layout::of(&[&STOCK, &PRODUCT]).unwrap();
        assert_eq!(layout.text(), r#"{"product":["details","price"],"stock":["price"]}"#);
        assert_eq!(Layout::of(&[&PRODUCT, &STOCK]).unwrap(), layout);
        assert_eq!(Layout::parse(layout.text().to_owned()), Ok(layout));
    }

    #[test]
    fn only_specs_of_the_same_parts_are_admitted() {
        let layout = Layout::of(&[&PRODUCT]).unwrap();
        assert_eq!(layout.admits(&PRODUCT), Ok(()));
        for other in [&OTHER, &STOCK] {
            assert!(matches!(layout.admits(other), Err(StoreError::Fatal(_))));
        }
    }
}

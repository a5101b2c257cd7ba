//! What indices and aliases are called.

use chimera_model::SearchSpec;

use crate::view::View;

/// Names under one prefix.
pub(super) struct Names {
    prefix: String,
}

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// The index of a generation.
    pub(super) fn data(&self, index: &str, generation: u32) -> String {
        format!("{}{index}-g{generation}", self.prefix)
    }

    /// The index of a spec in a view.
    pub(super) fn of_spec(&self, view: View, spec: &SearchSpec) -> String {
        self.data(spec.index, view.generation)
    }

    /// The index with a view's checkpoints; its being there makes the view exist.
    pub(super) fn checkpoints(&self, model: &str, generation: u32) -> String {
        format!("{}{model}.checkpoints-g{generation}", self.prefix)
    }

    /// Every generation of the index that `name` makes of a number.
    pub(super) fn every_checkpoints(&self, model: &str) -> String {
        format!("{}{model}.checkpoints-g*", self.prefix)
    }

    /// Every index of this generation under the prefix, and of longer prefixes too.
    pub(super) fn every_of_generation(&self, generation: u32) -> String {
        format!("{}*-g{generation}", self.prefix)
    }

    /// Every generation of an index.
    pub(super) fn every_data(&self, index: &str) -> String {
        format!("{}{index}-g*", self.prefix)
    }

    /// The alias for people.
    pub(super) fn alias(&self, index: &str) -> String {
        format!("{}{index}", self.prefix)
    }
}

/// The alias through which alone an index is written.
pub(super) fn writing(name: &str) -> String {
    format!("{name}-write")
}

/// The generation at the end of an index's name.
pub(super) fn generation_of(name: &str) -> Option<u32> {
    name.rsplit_once("-g").and_then(|(_, number)| number.parse().ok())
}

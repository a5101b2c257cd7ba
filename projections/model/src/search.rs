//! What a search index stores: documents made of parts, each part written by one stream and guarded by a version of its own.
//!
//! Engines derive their mappings from these specs. How a text is taken apart into words is theirs; what is a text is said here.

use crate::value::Value;

/// An index of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchSpec {
    /// Unique over all read models; the name of the index.
    pub index: &'static str,
    /// The parts a document may have. A document is found once the first of them is there.
    pub parts: &'static [SearchPart],
    /// The field that says in which language the document's texts are: a keyword such as `en`; none where they are in no
    /// particular one.
    pub language: Option<&'static str>,
}

/// What one stream knows of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchPart {
    /// Unique in its spec.
    pub name: &'static str,
    /// Its fields; their names are unique in the whole spec.
    pub fields: &'static [SearchField],
}

/// A field, which may have any number of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchField {
    /// In `snake_case`.
    pub name: &'static str,
    /// How it can be searched.
    pub kind: SearchKind,
}

/// How a field can be searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchKind {
    /// By its words, in the document's language; a hit here counts `weight` times one in a text of weight 1.
    Text {
        /// At least 1.
        weight: u8,
    },
    /// As it is: filtered by, counted.
    Keyword,
    /// Yes or no: filtered by.
    Boolean,
    /// A whole number of 64 bits: by range, sorted by.
    Integer,
    /// An exact amount of at most four places: by range, sorted by.
    Decimal,
    /// Microseconds since the Unix epoch: by range, sorted by.
    Timestamp,
    /// Kept and given back with the hit, not searched: text.
    Stored,
}

/// A change of one part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchMutation {
    /// Where.
    pub spec: &'static SearchSpec,
    /// Which document.
    pub id: String,
    /// Which part of it; one of the spec's.
    pub part: &'static str,
    /// All fields of the part as they are now, each with its values; none deletes the part.
    pub fields: Option<Vec<(&'static str, Vec<Value>)>>,
    /// The writer's version: of the same or an older one nothing is changed.
    pub version: u64,
}

impl SearchSpec {
    /// The field of this name, wherever it stands.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static SearchField> {
        self.parts.iter().flat_map(|part| part.fields).find(|field| field.name == name)
    }

    /// The part of this name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&'static SearchPart> {
        self.parts.iter().find(|part| part.name == name)
    }
}

//! The words of a question in all the forms under which documents are found by them.

use super::analysis::Analysis;
use crate::search::{Language, forgiven_errors, may_be_beginning, words};

/// A word of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// As written, in lower case and without accents.
    pub(super) plain: String,
    /// Its stem in each language.
    pub(super) stems: Vec<String>,
    /// How many typing errors are forgiven.
    pub(super) errors: u8,
    /// Whether it may be the beginning of a longer word.
    pub(super) beginning: bool,
}

impl Asked {
    /// The same word where neither beginnings nor typing errors count.
    pub(super) fn without_errors(&self) -> Self {
        Self { errors: 0, beginning: false, ..self.clone() }
    }
}

/// How near a word of a document is to a word of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nearness {
    /// Two typing errors.
    TwoErrors,
    /// One typing error.
    OneError,
    /// Its beginning.
    Beginning,
    /// Another form of it.
    Form,
    /// The word itself.
    Same,
}

impl Nearness {
    /// What a hit is worth.
    pub(super) const fn worth(self) -> f32 {
        match self {
            Self::Same => 1.0,
            Self::Form => 0.8,
            Self::Beginning => 0.6,
            Self::OneError => 0.35,
            Self::TwoErrors => 0.2,
        }
    }

    /// How near words with so many errors are.
    pub(super) const fn after_errors(errors: usize) -> Self {
        match errors {
            0 => Self::Same,
            1 => Self::OneError,
            _ => Self::TwoErrors,
        }
    }
}

/// The words of a text, in its order.
pub(super) fn asked(text: &str, analysis: &mut Analysis) -> Vec<Asked> {
    let mut asked = Vec::new();
    for word in words(text) {
        let plain = analysis.folded(word.text);
        let stems = Language::ALL.map(|language| analysis.stem(word.text, language));
        let errors = forgiven_errors(word.text);
        asked.push(Asked { plain, stems: stems.into(), errors, beginning: false });
    }
    if let Some(last) = asked.last_mut() {
        last.beginning = may_be_beginning(&last.plain);
    }
    asked
}

/// How many letters must be put in, left out, changed, or swapped with their neighbour, to make one word of the other.
pub(super) fn errors_between(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for row in 1..=one.len() {
        let mut this = vec![row; other.len() + 1];
        for column in 1..=other.len() {
            let same = one[row - 1] == other[column - 1];
            let changed = last[column - 1] + usize::from(!same);
            let mut fewest = changed.min(last[column] + 1).min(this[column - 1] + 1);
            let swapped = row > 1
                && column > 1
                && one[row - 1] == other[column - 2]
                && one[row - 2] == other[column - 1];
            if swapped {
                fewest = fewest.min(before_last[column - 2] + 1);
            }
            this[column] = fewest;
        }
        before_last = std::mem::replace(&mut last, this);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_letter_by_letter_and_a_swap_is_one() {
        let pairs =
            [("tolkien", "tolkein"), ("harry", "hary"), ("book", "book"), ("kitten", "sitting")];
        let counted = pairs.map(|(one, other)| errors_between(one, other));
        assert_eq!(counted, [1, 1, 0, 3]);
        assert_eq!(errors_between("", "ab"), 2);
    }

    #[test]
    fn only_the_last_word_may_be_a_beginning() {
        let asked = asked("Harry Pot", &mut Analysis::new());
        let beginnings: Vec<bool> = asked.iter().map(|word| word.beginning).collect();
        assert_eq!(beginnings, [false, true]);
    }
}

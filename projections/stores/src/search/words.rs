//! What a word of a question is, and how far a text may be from it: the same for every engine.
//!
//! Knows nothing of stems and of accents: those are the engines' analysis.

use std::ops::Range;

/// More words than this in one question are refused.
pub const MOST_WORDS: usize = 32;

/// A word and where it stands in its text, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word<'a> {
    /// As it is written.
    pub text: &'a str,
    /// Where.
    pub at: Range<usize>,
}

/// The words of a text: letters and digits without anything between them. The `s` of a genitive (`Harry's`) is no word.
pub fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + text[at..].find(char::is_alphanumeric)?;
            let rest = &text[start..];
            let length = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
            let end = start + length;
            at = end;
            if !is_genitive(&text[..start], &text[start..end]) {
                return Some(Word { text: &text[start..end], at: start..end });
            }
        }
    })
}

fn is_genitive(before: &str, word: &str) -> bool {
    let mut before = before.chars().rev();
    let apostrophe = matches!(before.next(), Some('\'' | '’'));
    let after_a_word = before.next().is_some_and(char::is_alphanumeric);
    apostrophe && after_a_word && matches!(word, "s" | "S")
}

/// Whether words are found in a text of this weight by their beginnings and with typing errors too: not in long texts, of weight 1,
/// where nearly every question would find something, and none of it meant.
#[must_use]
pub const fn is_forgiving(weight: u8) -> bool {
    weight > 1
}

/// How many typing errors are forgiven in a word: none up to 3 letters or where it has a digit, 1 up to 7, 2 from there on. A
/// letter too many, missing, another one, or two that changed places are one error each, the first letter included.
#[must_use]
pub fn forgiven_errors(word: &str) -> u8 {
    if word.chars().any(char::is_numeric) {
        return 0;
    }
    match word.chars().count() {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// Whether the last word of a question may be the beginning of a longer one: from 2 letters on.
#[must_use]
pub fn may_be_beginning(word: &str) -> bool {
    word.chars().nth(1).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        words(text).map(|word| word.text).collect()
    }

    #[test]
    fn words_are_letters_and_digits_without_anything_between() {
        assert_eq!(split("The Hunger-Games (#1), naïve"), ["The", "Hunger", "Games", "1", "naïve"]);
        assert_eq!(split("  ?! "), [""; 0]);
        assert_eq!(split("O'Brien l'amour"), ["O", "Brien", "l", "amour"]);
    }

    #[test]
    fn the_s_of_a_genitive_is_no_word() {
        assert_eq!(split("Harry's Sorcerer’s S 's"), ["Harry", "Sorcerer", "S", "s"]);
    }

    #[test]
    fn a_word_says_where_it_stands() {
        let text = "…é l'été";
        for word in words(text) {
            assert_eq!(&text[word.at.clone()], word.text);
        }
    }

    #[test]
    fn longer_words_may_be_further_off_and_numbers_not_at_all() {
        let words = ["the", "book", "tolkien", "mocking", "silmaril", "1984", "978030640615"];
        assert_eq!(words.map(forgiven_errors), [0, 1, 1, 1, 2, 0, 0]);
    }
}

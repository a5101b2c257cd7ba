//! From a word as it is written to the forms under which it is indexed: lower case without accents, and its stem.

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language as Stemming, LowerCaser, RawTokenizer, Stemmer, TextAnalyzer,
};

use crate::search::Language;

/// Longer words are cut, in bytes.
const LONGEST_WORD: usize = 200;

/// Turns words into what is indexed. Made once for each batch or question: not shared between threads.
pub(super) struct Analysis {
    folding: TextAnalyzer,
    lower: TextAnalyzer,
    stemming: Vec<(Language, TextAnalyzer)>,
}

impl Analysis {
    pub(super) fn new() -> Self {
        let raw = || TextAnalyzer::builder(RawTokenizer::default());
        let mut stemming = Vec::with_capacity(Language::ALL.len());
        for language in Language::ALL {
            let stemmer = Stemmer::new(stemming_of(language));
            stemming.push((language, raw().filter(stemmer).filter(AsciiFoldingFilter).build()));
        }
        Self {
            folding: raw().filter(LowerCaser).filter(AsciiFoldingFilter).build(),
            lower: raw().filter(LowerCaser).build(),
            stemming,
        }
    }

    /// In lower case and without accents.
    pub(super) fn folded(&mut self, word: &str) -> String {
        let word = cut(word);
        if word.is_ascii() {
            return word.to_ascii_lowercase();
        }
        analyzed(&mut self.folding, word)
    }

    /// The stem, with the language's code before it: equal stems of two languages are two things.
    pub(super) fn stem(&mut self, word: &str, language: Language) -> String {
        let word = cut(word);
        let lower = if word.is_ascii() {
            word.to_ascii_lowercase()
        } else {
            analyzed(&mut self.lower, word)
        };
        let stemming = self.stemming.iter_mut().find(|(known, _)| *known == language);
        let stem = stemming.map_or_else(|| lower.clone(), |(_, stems)| analyzed(stems, &lower));
        format!("{}:{stem}", language.code())
    }
}

fn cut(word: &str) -> &str {
    &word[..word.floor_char_boundary(LONGEST_WORD)]
}

fn analyzed(analyzer: &mut TextAnalyzer, word: &str) -> String {
    let mut stream = analyzer.token_stream(word);
    if stream.advance() { stream.token().text.clone() } else { String::new() }
}

fn stemming_of(language: Language) -> Stemming {
    match language {
        Language::English => Stemming::English,
        Language::German => Stemming::German,
        Language::French => Stemming::French,
        Language::Spanish => Stemming::Spanish,
        Language::Italian => Stemming::Italian,
        Language::Portuguese => Stemming::Portuguese,
        Language::Dutch => Stemming::Dutch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_accents_do_not_matter() {
        let mut analysis = Analysis::new();
        assert_eq!(analysis.folded("ÉMILE"), analysis.folded("Emile"));
        assert_eq!(analysis.folded("Straße"), "strasse");
    }

    #[test]
    fn forms_of_one_word_share_a_stem_in_their_language() {
        let mut analysis = Analysis::new();
        for (language, one, other) in [
            (Language::English, "Wizards", "wizard"),
            (Language::German, "Häuser", "hausern"),
            (Language::French, "chevaux", "cheval"),
            (Language::Spanish, "libros", "libro"),
        ] {
            assert_eq!(analysis.stem(one, language), analysis.stem(other, language), "{one}");
        }
        assert_ne!(analysis.stem("die", Language::English), analysis.stem("die", Language::German));
    }
}

//! Which words of a text matched, as a piece of HTML.
//!
//! A text is marked twice: where its words match as they are, and where their stems do. Both marks are put together here.

use chimera_model::SearchSpec;
use serde_json::{Map, Value as Json, json};

use super::layout::{path, stems};
use crate::search::Language;

/// Marks that stand in no text of a person.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';
/// Letters of a piece, about.
const PIECE: usize = 160;
/// How many of them are before the first word that matched.
const BEFORE: usize = 40;

/// What OpenSearch is asked for; none where nothing is to be marked.
pub(super) fn asked(spec: &SearchSpec, fields: &[&'static str]) -> Option<Json> {
    if fields.is_empty() {
        return None;
    }
    let mut all = Map::new();
    for field in fields {
        for place in places(spec, field) {
            all.insert(place, json!({}));
        }
    }
    Some(json!({
        "type": "unified",
        "number_of_fragments": 0,
        "pre_tags": [OPEN.to_string()],
        "post_tags": [CLOSE.to_string()],
        "max_analyzer_offset": 900_000,
        "fields": all,
    }))
}

fn places(spec: &SearchSpec, field: &str) -> Vec<String> {
    let mut places: Vec<String> = path(spec, field).into_iter().collect();
    places.extend(Language::ALL.map(|language| stems(language, field)));
    places
}

/// The fields with a piece each, of those that something matched in.
pub(super) fn pieces(
    spec: &SearchSpec,
    fields: &[&'static str],
    marked: &std::collections::BTreeMap<String, Vec<String>>,
) -> Vec<(&'static str, String)> {
    let mut pieces = Vec::new();
    for field in fields {
        let mut texts = Vec::new();
        for place in places(spec, field) {
            for text in marked.get(&place).into_iter().flatten() {
                add(&mut texts, Marked::read(text));
            }
        }
        if let Some(best) = texts.into_iter().max_by_key(|marked: &Marked| marked.count()) {
            pieces.push((*field, best.piece()));
        }
    }
    pieces
}

/// A text, letter by letter, with whether each is within a word that matched.
#[derive(Debug, PartialEq, Eq)]
struct Marked {
    letters: Vec<(char, bool)>,
}

/// The same text marked in another way adds its marks.
fn add(texts: &mut Vec<Marked>, new: Marked) {
    let same = |known: &&mut Marked| {
        let (known, new) = (known.letters.iter(), new.letters.iter());
        known.map(|letter| letter.0).eq(new.map(|letter| letter.0))
    };
    match texts.iter_mut().find(same) {
        Some(known) => {
            for (letter, other) in known.letters.iter_mut().zip(&new.letters) {
                letter.1 |= other.1;
            }
        }
        None => texts.push(new),
    }
}

impl Marked {
    fn read(text: &str) -> Self {
        let (mut letters, mut within) = (Vec::with_capacity(text.len()), false);
        for letter in text.chars() {
            match letter {
                OPEN => within = true,
                CLOSE => within = false,
                _ => letters.push((letter, within)),
            }
        }
        Self { letters }
    }

    /// How many letters matched.
    fn count(&self) -> usize {
        self.letters.iter().filter(|(_, within)| *within).count()
    }

    /// Around the first word that matched, between whole words.
    fn piece(&self) -> String {
        let first = self.letters.iter().position(|(_, within)| *within).unwrap_or(0);
        let from = if self.letters.len() <= PIECE { 0 } else { self.word_before(first) };
        let to = self.word_end(from + PIECE);
        let mut html = String::new();
        if from > 0 {
            html.push('…');
        }
        let mut within = false;
        for (letter, marked) in &self.letters[from..to] {
            if *marked != within {
                html.push_str(if *marked { "<em>" } else { "</em>" });
                within = *marked;
            }
            escape(&mut html, *letter);
        }
        if within {
            html.push_str("</em>");
        }
        if to < self.letters.len() {
            html.push('…');
        }
        html
    }

    /// Where a word begins, some way before `first`.
    fn word_before(&self, first: usize) -> usize {
        let earliest = first.saturating_sub(BEFORE);
        if earliest == 0 {
            return 0;
        }
        let blank =
            self.letters[earliest..first].iter().position(|(letter, _)| letter.is_whitespace());
        blank.map_or(first, |at| earliest + at + 1)
    }

    /// Where a word ends, at or a little after `at`.
    fn word_end(&self, at: usize) -> usize {
        let Some(rest) = self.letters.get(at..) else { return self.letters.len() };
        let blank = rest.iter().position(|(letter, marked)| letter.is_whitespace() && !marked);
        at + blank.unwrap_or(rest.len()).min(PIECE)
    }
}

fn escape(html: &mut String, letter: char) {
    match letter {
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '&' => html.push_str("&amp;"),
        '"' => html.push_str("&quot;"),
        '\'' => html.push_str("&#39;"),
        _ => html.push(letter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str) -> Marked {
        Marked::read(&text.replace('[', &OPEN.to_string()).replace(']', &CLOSE.to_string()))
    }

    #[test]
    fn what_matched_is_marked_and_everything_is_escaped() {
        assert_eq!(
            marked("<b>[Tom] & \"[Jerry]\"</b>").piece(),
            "&lt;b&gt;<em>Tom</em> &amp; &quot;<em>Jerry</em>&quot;&lt;/b&gt;"
        );
    }

    #[test]
    fn marks_of_the_same_text_are_put_together() {
        let mut texts = Vec::new();
        for text in ["[running] shoes", "running [shoes]", "other [shoes]"] {
            add(&mut texts, marked(text));
        }
        assert_eq!(texts.len(), 2);
        assert_eq!(texts[0].piece(), "<em>running</em> <em>shoes</em>");
    }

    #[test]
    fn a_long_text_is_cut_between_words_around_what_matched() {
        let text = format!(
            "{}[needle] {}",
            "some words before ".repeat(20),
            "and more after it ".repeat(20)
        );
        let piece = marked(&text).piece();
        assert!(piece.starts_with('…') && piece.ends_with('…'), "{piece}");
        assert!(piece.contains(" <em>needle</em> and more"), "{piece}");
        assert!(piece.chars().count() < PIECE + 40, "{piece}");
    }
}

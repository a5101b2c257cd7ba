//! The piece of a text in which most of the words stand, as HTML: everything escaped, what matched in `<em>`.

use std::ops::Range;

use chimera_model::{SearchKind, SearchSpec, Value};

use super::analysis::Analysis;
use super::terms::{Asked, errors_between};
use crate::search::{Document, Language, is_forgiving, words};

/// About how long a piece is, in bytes.
const PIECE: usize = 160;

/// By field, the piece of its text; of those fields in which something matched.
pub(super) fn of(
    document: &Document,
    spec: &SearchSpec,
    fields: &[&'static str],
    asked: &[Asked],
    analysis: &mut Analysis,
) -> Vec<(&'static str, String)> {
    let language = spec.language.and_then(|field| document.values(field).first());
    let language = match language {
        Some(Value::Text(code)) => Language::of(Some(code)),
        _ => Language::of(None),
    };
    let exact: Vec<Asked> = asked.iter().map(Asked::without_errors).collect();
    let mut highlights = Vec::new();
    for field in fields {
        let asked = if forgives(spec, field) { asked } else { &exact };
        let mut best: Option<(usize, String)> = None;
        for value in document.values(field) {
            let Value::Text(text) = value else { continue };
            let marks = marks(text, asked, language, analysis);
            let Some((count, piece)) = piece(text, &marks) else { continue };
            if best.as_ref().is_none_or(|(before, _)| *before < count) {
                best = Some((count, piece));
            }
        }
        if let Some((_, piece)) = best {
            highlights.push((*field, piece));
        }
    }
    highlights
}

fn forgives(spec: &SearchSpec, field: &str) -> bool {
    match spec.field(field).map(|field| field.kind) {
        Some(SearchKind::Text { weight }) => is_forgiving(weight),
        _ => true,
    }
}

fn marks(
    text: &str,
    asked: &[Asked],
    language: Option<Language>,
    analysis: &mut Analysis,
) -> Vec<Range<usize>> {
    let mut marks = Vec::new();
    for word in words(text) {
        let plain = analysis.folded(word.text);
        let stem = language.map(|language| analysis.stem(word.text, language));
        if asked.iter().any(|asked| matches(asked, &plain, stem.as_ref())) {
            marks.push(word.at);
        }
    }
    marks
}

fn matches(asked: &Asked, plain: &str, stem: Option<&String>) -> bool {
    plain == asked.plain
        || stem.is_some_and(|stem| asked.stems.contains(stem))
        || (asked.beginning && plain.starts_with(&asked.plain))
        || (asked.errors > 0 && errors_between(plain, &asked.plain) <= usize::from(asked.errors))
}

/// The piece with the most marks, and how many; none where there are none.
fn piece(text: &str, marks: &[Range<usize>]) -> Option<(usize, String)> {
    let within = |from: usize| {
        marks
            .iter()
            .filter(|mark| (from..=from + PIECE).contains(&mark.end) && mark.start >= from)
            .count()
    };
    let first = marks
        .iter()
        .enumerate()
        .max_by_key(|(number, mark)| (within(mark.start), usize::MAX - number))?;
    let count = within(first.1.start).max(1);
    let piece = around(text, first.1.start);
    let mut html = String::new();
    if piece.start > 0 {
        html.push('…');
    }
    let mut at = piece.start;
    for mark in marks.iter().filter(|mark| mark.start >= piece.start && mark.end <= piece.end) {
        escape(&mut html, &text[at..mark.start]);
        html.push_str("<em>");
        escape(&mut html, &text[mark.clone()]);
        html.push_str("</em>");
        at = mark.end;
    }
    escape(&mut html, &text[at..piece.end]);
    if piece.end < text.len() {
        html.push('…');
    }
    Some((count, html))
}

/// A piece in which this place stands, between two words.
fn around(text: &str, at: usize) -> Range<usize> {
    if text.len() <= PIECE + PIECE / 4 {
        return 0..text.len();
    }
    let start = text.floor_char_boundary(at.saturating_sub(PIECE / 4));
    let start = if start == 0 {
        0
    } else {
        text[start..at].find(' ').map_or(at, |blank| start + blank + 1)
    };
    let end = text.floor_char_boundary((start + PIECE + PIECE / 4).min(text.len()));
    let whole = text[start..end].rfind(' ').filter(|_| end < text.len());
    let end = whole.map(|blank| start + blank).filter(|end| *end > at + PIECE / 2).unwrap_or(end);
    start..end
}

fn escape(html: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::search::terms::asked;

    fn highlighted(text: &str, question: &str) -> Option<String> {
        let mut analysis = Analysis::new();
        let asked = asked(question, &mut analysis);
        let marks = marks(text, &asked, Some(Language::English), &mut analysis);
        piece(text, &marks).map(|(_, html)| html)
    }

    #[test]
    fn what_matched_is_marked_and_everything_is_escaped() {
        let html = highlighted("The <b>Wizard's</b> & wizards of \"Oz\"", "wizard oz").unwrap();
        assert_eq!(
            html,
            "The &lt;b&gt;<em>Wizard</em>&#39;s&lt;/b&gt; &amp; <em>wizards</em> of &quot;<em>Oz</em>&quot;"
        );
        assert_eq!(highlighted("Nothing here", "wizard"), None);
    }

    #[test]
    fn of_a_long_text_a_piece_is_shown() {
        let text = format!(
            "{} dragon slept, the dragons woke {}",
            "läng ".repeat(100),
            "über ".repeat(100)
        );
        let html = highlighted(&text, "dragon").unwrap();
        assert!(html.starts_with('…') && html.ends_with('…'), "{html}");
        assert!(html.contains("<em>dragon</em> slept, the <em>dragons</em> woke"), "{html}");
        assert!(html.len() < 400, "{html}");
    }
}

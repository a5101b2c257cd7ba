//! The rules of a control log.

use std::sync::Arc;

use super::rules::holds;
use crate::control::{Control, ControlError, Controls, Decision};

/// Fails by panicking.
type Rule = fn(&dyn Control);

/// Every rule of a control log, each on a fresh one from `make`. Call it on a runtime with several threads.
///
/// # Panics
/// If a rule is broken; names all that are.
pub async fn controls_keep_the_contract(make: impl Fn() -> Arc<dyn Control>) {
    let rules: [(&str, Rule); 4] = [
        ("nothing holds at first", nothing_holds_at_first),
        ("the last word holds", the_last_word_holds),
        ("who has not seen the last word is refused", who_has_not_seen_the_last_word_is_refused),
        ("a change is announced", a_change_is_announced),
    ];
    let mut broken = Vec::new();
    for (name, rule) in rules {
        let control = make();
        if !holds(async { rule(&*control) }).await {
            broken.push(name);
        }
    }
    assert!(broken.is_empty(), "the contract is not kept: {}", broken.join(", "));
}

/// What was decided before still holds after `reopen`, and nothing else.
///
/// # Panics
/// If not.
pub fn keeps_what_was_decided(
    control: Arc<dyn Control>,
    reopen: impl FnOnce(Arc<dyn Control>) -> Arc<dyn Control>,
) {
    control.decide(&decision("a", None, Some("1"))).unwrap();
    control.decide(&decision("b", None, Some("2"))).unwrap();
    control.decide(&decision("a", Some("1"), Some("3"))).unwrap();
    control.decide(&decision("b", Some("2"), None)).unwrap();
    let control = reopen(control);
    assert_eq!(held(&*control), expected(&[("a", "3")]));
    control.decide(&decision("b", None, Some("4"))).unwrap();
    assert_eq!(held(&*control), expected(&[("a", "3"), ("b", "4")]));
}

fn nothing_holds_at_first(control: &dyn Control) {
    assert_eq!(held(control), Controls::new());
}

fn the_last_word_holds(control: &dyn Control) {
    control.decide(&decision("a", None, Some("1"))).unwrap();
    assert_eq!(held(control), expected(&[("a", "1")]));
    control.decide(&decision("b", None, Some("\"ü\""))).unwrap();
    control.decide(&decision("a", Some("1"), Some("2"))).unwrap();
    assert_eq!(held(control), expected(&[("a", "2"), ("b", "\"ü\"")]));
    control.decide(&decision("a", Some("2"), None)).unwrap();
    assert_eq!(held(control), expected(&[("b", "\"ü\"")]));
}

fn who_has_not_seen_the_last_word_is_refused(control: &dyn Control) {
    let refused = Err(ControlError::Overtaken("a".into()));
    assert_eq!(control.decide(&decision("a", Some("0"), Some("1"))), refused);
    control.decide(&decision("a", None, Some("1"))).unwrap();
    assert_eq!(control.decide(&decision("a", None, Some("2"))), refused);
    assert_eq!(control.decide(&decision("a", Some("2"), None)), refused);
    assert_eq!(held(control), expected(&[("a", "1")]));
}

fn a_change_is_announced(control: &dyn Control) {
    let mut known = control.known();
    known.mark_unchanged();
    control.decide(&decision("a", None, Some("1"))).unwrap();
    assert!(known.has_changed().unwrap());
    assert_eq!(**known.borrow_and_update(), expected(&[("a", "1")]));
}

fn decision(key: &str, known: Option<&str>, word: Option<&str>) -> Decision {
    Decision { key: key.into(), known: known.map(Into::into), word: word.map(Into::into) }
}

fn held(control: &dyn Control) -> Controls {
    Controls::clone(&control.known().borrow())
}

fn expected(words: &[(&str, &str)]) -> Controls {
    words.iter().map(|(key, word)| ((*key).into(), (*word).into())).collect()
}

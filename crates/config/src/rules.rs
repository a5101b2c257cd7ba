//! What must be of settings, beyond what their kinds say.

/// A setting, whether it will not do, and what must be.
pub(crate) type Rule = (&'static str, bool, &'static str);
/// Which setting will not do, and what must be.
pub(crate) type Wrong = Option<(&'static str, &'static str)>;

/// The first rule that is broken.
pub(crate) fn first_broken(rules: &[Rule]) -> Wrong {
    rules.iter().find(|(_, broken, _)| *broken).map(|(key, _, must)| (*key, *must))
}

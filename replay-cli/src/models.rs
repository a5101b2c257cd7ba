//! Which read models a verb is about.

use chimera_model::{ALL, ReadModel};

use crate::failure::Failure;

/// The read model of this name.
pub(crate) fn one(name: &str) -> Result<&'static ReadModel, Failure> {
    let found = chosen(&[name.to_owned()])?.pop();
    found.ok_or_else(|| Failure::Usage(format!("there is no read model {name}")))
}

/// The read models of these names, in their own order; all where no name is given.
pub(crate) fn chosen(names: &[String]) -> Result<Vec<&'static ReadModel>, Failure> {
    for name in names {
        if !ALL.iter().any(|model| model.name == name) {
            let known: Vec<&str> = ALL.iter().map(|model| model.name).collect();
            return Err(Failure::Usage(format!(
                "there is no read model {name}; there are {}",
                known.join(", ")
            )));
        }
    }
    let wanted = |model: &&&ReadModel| names.is_empty() || names.iter().any(|n| n == model.name);
    Ok(ALL.iter().filter(wanted).copied().collect())
}

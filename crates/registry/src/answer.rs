//! What a registry says when it does not say yes, whichever client heard it. Owns which answers mean what; asks nothing.

use std::error::Error;

use schema_registry_converter::error::SRCError;
use schema_registry_converter::schema_registry_common::RawError;

use crate::RegistryError;

/// Something other than what was asked for.
#[derive(Debug)]
pub(crate) enum No {
    /// No answer at all, or one that passes: 5xx, 429.
    NotNow(String),
    /// 401 or 403.
    Denied(String),
    /// There is no such subject, schema or setting.
    NotFound,
    /// 409: the schema does not fit.
    Incompatible(String),
    /// Not what a registry says.
    Strange(String),
}

impl No {
    /// The answer with this status, whose body may be one of a registry's errors.
    pub(crate) fn of_status(status: u16, said: Option<&RawError>) -> Self {
        let text = match said {
            Some(said) => format!("{status}: {}", short(&said.message)),
            None => format!("status {status}"),
        };
        let code = said.map_or(0, |said| said.error_code);
        match status {
            401 | 403 => Self::Denied(text),
            404 if (40_400..40_500).contains(&code) => Self::NotFound,
            409 => Self::Incompatible(said.map_or(text, |said| short(&said.message))),
            429 | 500..=599 => Self::NotNow(text),
            _ => Self::Strange(text),
        }
    }

    /// What kept the HTTP client from an answer.
    pub(crate) fn of_transport(error: &reqwest::Error) -> Self {
        let mut deepest: &dyn Error = error;
        while let Some(source) = deepest.source() {
            deepest = source;
        }
        if error.is_timeout() {
            return Self::NotNow("no answer in time".to_owned());
        }
        if error.is_decode() || error.is_builder() {
            return Self::Strange(short(&deepest.to_string()));
        }
        Self::NotNow(short(&deepest.to_string()))
    }

    /// What `schema_registry_converter` made of it: the source is the registry's own error, and the status stands in the text.
    pub(crate) fn of_converter(error: &SRCError) -> Self {
        let source = error.source();
        if let Some(transport) = source.and_then(|source| source.downcast_ref::<reqwest::Error>()) {
            return Self::of_transport(transport);
        }
        let said = source.and_then(|source| source.downcast_ref::<RawError>());
        match status_in(&error.error) {
            // The library puts a zero where there was no error of a registry in the body.
            Some(status) => Self::of_status(status, said.filter(|said| said.error_code != 0)),
            None => Self::Strange(short(&error.error)),
        }
    }

    /// For whoever wanted to `action`, as an error of the registry at `url`.
    pub(crate) fn into_error(self, url: &str, action: &str) -> RegistryError {
        let url = url.to_owned();
        match self {
            Self::NotNow(reason) => RegistryError::Unavailable { url, reason },
            Self::Denied(reason) => {
                RegistryError::Denied { url, action: action.to_owned(), reason }
            }
            Self::NotFound => {
                let reason = format!("nothing was found when it was asked to {action}");
                RegistryError::Unusable { url, reason }
            }
            Self::Incompatible(reason) | Self::Strange(reason) => {
                RegistryError::Unusable { url, reason }
            }
        }
    }
}

fn status_in(text: &str) -> Option<u16> {
    let (_, after) = text.split_once("with status ")?;
    after.get(..3)?.parse().ok()
}

/// A registry's own words may be pages.
fn short(text: &str) -> String {
    const MOST: usize = 500;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

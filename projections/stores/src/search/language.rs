//! In which language a document's words are put into their stems.

/// A language with stems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Italian.
    Italian,
    /// Portuguese.
    Portuguese,
    /// Dutch.
    Dutch,
}

impl Language {
    /// All of them. A question's language is not known, so its words are looked for in the stems of each.
    pub const ALL: [Self; 7] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Italian,
        Self::Portuguese,
        Self::Dutch,
    ];

    /// The language of an ISO 639 code of two or three letters, with or without a region; English where nothing is said; none for
    /// a language whose words stay as they are.
    #[must_use]
    pub fn of(code: Option<&str>) -> Option<Self> {
        let Some(code) = code else {
            return Some(Self::English);
        };
        let language = code.split(['-', '_']).next().unwrap_or(code).to_ascii_lowercase();
        match language.as_str() {
            "en" | "eng" => Some(Self::English),
            "de" | "ger" | "deu" => Some(Self::German),
            "fr" | "fre" | "fra" => Some(Self::French),
            "es" | "spa" => Some(Self::Spanish),
            "it" | "ita" => Some(Self::Italian),
            "pt" | "por" => Some(Self::Portuguese),
            "nl" | "dut" | "nld" => Some(Self::Dutch),
            _ => None,
        }
    }

    /// Its code of two letters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Italian => "it",
            Self::Portuguese => "pt",
            Self::Dutch => "nl",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_two_and_three_letters_and_regions_are_known() {
        for code in ["en", "eng", "en-US", "EN_gb"] {
            assert_eq!(Language::of(Some(code)), Some(Language::English), "{code}");
        }
        assert_eq!(Language::of(None), Some(Language::English));
        assert_eq!(Language::of(Some("ara")), None);
        for language in Language::ALL {
            assert_eq!(Language::of(Some(language.code())), Some(language));
        }
    }
}

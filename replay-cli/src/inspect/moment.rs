//! A moment in the past of an aggregate: one of its versions, or a time of the log.

use std::str::FromStr;

use chimera_domain::recorded::Meta;
use chimera_domain::time::Timestamp;

const MUST: &str =
    "must be a version (3), a time (2026-11-22T10:00:00Z) or the start of a day (2026-11-22)";

/// Up to where the past goes; what happened right then belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// After so many events of the aggregate.
    Version(u64),
    /// When the log took them.
    Time(Timestamp),
}

impl Moment {
    /// Whether an event had happened then.
    pub(crate) fn is_after(self, meta: &Meta) -> bool {
        match self {
            Self::Version(version) => meta.aggregate_version <= version,
            Self::Time(time) => meta.recorded_at <= time,
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(version) = text.parse() {
            return Ok(Self::Version(version));
        }
        if let Ok(time) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::Time(Timestamp(time.as_microsecond())));
        }
        let start = format!("{text}T00:00:00Z").parse::<jiff::Timestamp>();
        start
            .map(|start| Self::Time(Timestamp(start.as_microsecond())))
            .map_err(|_| MUST.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_version_a_time_or_the_start_of_a_day() {
        let day = Timestamp(1_795_305_600_000_000);
        for (text, moment) in [
            ("3", Moment::Version(3)),
            ("2026-11-22T00:00:00Z", Moment::Time(day)),
            ("2026-11-22T02:00:00+02:00", Moment::Time(day)),
            ("2026-11-22", Moment::Time(day)),
        ] {
            assert_eq!(text.parse(), Ok(moment), "{text}");
        }
        for text in ["", "-3", "yesterday", "2026-13-01", "2026-11-22T10:00:00"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}

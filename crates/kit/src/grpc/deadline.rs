//! `grpc-timeout`: how long the caller waits for the answer.

use std::time::Duration;

use axum::http::HeaderMap;

use crate::codes;
use crate::problem::Problem;

/// The header that carries it.
const GRPC_TIMEOUT: &str = "grpc-timeout";
/// How much earlier an answer has to leave to be there in time, at most.
const LONGEST_WAY_BACK: Duration = Duration::from_millis(20);

/// How long this call may take here; none where the caller did not say. A little less than was asked for, so that the answer is
/// still waited for when it arrives.
///
/// # Errors
/// `request.bad_parameter` if the header is none that gRPC knows.
pub(super) fn of(headers: &HeaderMap) -> Result<Option<Duration>, Problem> {
    let Some(value) = headers.get(GRPC_TIMEOUT) else { return Ok(None) };
    let detail = "a timeout is 1-8 digits and one of H, M, S, m, u, n";
    let wrong = || Problem::new(codes::REQUEST_BAD_PARAMETER, detail).at(GRPC_TIMEOUT);
    let asked = value.to_str().ok().and_then(parse).ok_or_else(wrong)?;
    Ok(Some(asked.saturating_sub((asked / 10).min(LONGEST_WAY_BACK))))
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let fits = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| fits)?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3_600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn every_unit_of_grpc_is_known() {
        let seconds = |text| parse(text).map(|time| time.as_secs_f64());
        assert_eq!(seconds("2H"), Some(7_200.0));
        assert_eq!(seconds("2M"), Some(120.0));
        assert_eq!(seconds("99999999S"), Some(99_999_999.0));
        assert_eq!(seconds("1500m"), Some(1.5));
        assert_eq!(seconds("2500u"), Some(0.0025));
        assert_eq!(seconds("0n"), Some(0.0));
    }

    #[test]
    fn a_timeout_that_is_none_is_refused() {
        for bad in ["", "S", "1", "1s", "-1S", "1.5S", "123456789S", "1 S", "1é"] {
            let mut headers = HeaderMap::new();
            headers.insert(GRPC_TIMEOUT, HeaderValue::from_bytes(bad.as_bytes()).unwrap());
            let problem = of(&headers).unwrap_err();
            let said = (problem.code(), problem.field());
            assert_eq!(said, ("request.bad_parameter", Some(GRPC_TIMEOUT)), "{bad:?}");
        }
        assert_eq!(of(&HeaderMap::new()), Ok(None));
    }
}

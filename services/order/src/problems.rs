//! An order's no, with the field that it is about.

use chimera_domain::order::Rejection;
use chimera_engine::Failure;
use chimera_kit::codes;
use chimera_kit::problem::Problem;

/// Maps what the engine said of an order.
pub(crate) fn problem(failure: Failure<Rejection>) -> Problem {
    let field = match &failure {
        Failure::Refused(refusal) => field(refusal),
        Failure::KeyReused
        | Failure::Saturated
        | Failure::Unavailable(_)
        | Failure::Indeterminate
        | Failure::NotOwner(_) => None,
    };
    let problem = Problem::from(failure);
    match field {
        Some(field) => problem.at(field),
        None => problem,
    }
}

fn field(refusal: &Rejection) -> Option<String> {
    let part = match refusal {
        Rejection::NoLines | Rejection::TooManyLines(_) => return Some("lines".into()),
        Rejection::BadQuantity { .. } => "quantity",
        Rejection::UnknownProduct { .. }
        | Rejection::ProductDiscontinued { .. }
        | Rejection::OtherCurrency { .. } => "productId",
        Rejection::OverrideNotAllowed { .. } | Rejection::NegativePrice { .. } => "unitPrice",
        Rejection::NotFound
        | Rejection::AlreadyExists
        | Rejection::TotalTooLarge
        | Rejection::NegativeCharge(_)
        | Rejection::WrongStatus { .. }
        | Rejection::NotConfirmed
        | Rejection::PaymentInProgress
        | Rejection::NotYours
        | Rejection::StaffOnly => return None,
    };
    Some(format!("lines[{}].{part}", refusal.line()?))
}

/// A text of the client that goes into the log, bounded.
pub(crate) fn text(field: &str, text: String, most: usize) -> Result<String, Problem> {
    let count = text.chars().count();
    if text.trim().is_empty() || count > most {
        let detail = format!("{field} must be 1–{most} characters");
        return Err(Problem::new(codes::REQUEST_INVALID, detail).at(field));
    }
    Ok(text)
}

/// The same where it may be left out.
pub(crate) fn optional(
    field: &str,
    given: Option<String>,
    most: usize,
) -> Result<Option<String>, Problem> {
    given.map(|given| text(field, given, most)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_line_is_named() {
        let refusal = Failure::Refused(Rejection::BadQuantity { line: 3 });
        assert_eq!(problem(refusal).field(), Some("lines[3].quantity"));
        assert_eq!(problem(Failure::Refused(Rejection::NotFound)).field(), None);
    }

    #[test]
    fn texts_are_bounded() {
        assert!(text("reason", "x".repeat(500), 500).is_ok());
        for bad in [String::new(), " ".into(), "x".repeat(501)] {
            assert_eq!(text("reason", bad, 500).unwrap_err().field(), Some("reason"));
        }
    }
}

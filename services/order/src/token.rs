//! Payment tokens: what stands for a means of payment, and never a card number.
//!
//! A refused token is neither repeated in the answer nor logged.

use chimera_domain::order::PaymentMethod;
use chimera_kit::codes;
use chimera_kit::problem::Problem;

/// A token that may go into the log. Cash needs none.
pub(crate) fn checked(method: PaymentMethod, token: Option<String>) -> Result<String, Problem> {
    let token = match (method, token) {
        (PaymentMethod::Cod, None) => return Ok(String::new()),
        (_, token) => token.unwrap_or_default(),
    };
    if holds_a_card_number(&token) {
        return Err(card_number_refused());
    }
    if !(1..=200).contains(&token.len()) || !token.bytes().all(|b| b.is_ascii_graphic()) {
        let detail = "a token is 1–200 visible ASCII characters";
        return Err(Problem::new(codes::PAYMENT_TOKEN_INVALID, detail).at("token"));
    }
    Ok(token)
}

/// The no to a card number, which it does not repeat.
pub(crate) fn card_number_refused() -> Problem {
    let detail = "send the token that the payment provider gave for the card, never its number";
    Problem::new(codes::PAYMENT_CARD_NUMBER_REFUSED, detail).at("token")
}

/// Whether 13–19 digits with a right check digit (Luhn) stand anywhere in `text`, in groups with anything but letters between
/// them.
pub(crate) fn holds_a_card_number(text: &str) -> bool {
    text.split(char::is_alphabetic).any(|part| {
        let groups: Vec<&str> =
            part.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
        (0..groups.len()).any(|first| begins_a_card_number(&groups[first..]))
    })
}

/// Whether the first of these groups of digits, alone or with those after it, make a card number.
fn begins_a_card_number(groups: &[&str]) -> bool {
    let mut digits = Vec::new();
    for group in groups {
        digits.extend(group.chars().filter_map(|c| c.to_digit(10)));
        if digits.len() > 19 {
            return false;
        }
        if digits.len() >= 13 && luhn(&digits) {
            return true;
        }
    }
    false
}

fn luhn(digits: &[u32]) -> bool {
    let mut sum = 0;
    for (place, digit) in digits.iter().rev().enumerate() {
        let doubled = if place % 2 == 1 { digit * 2 } else { *digit };
        sum += if doubled > 9 { doubled - 9 } else { doubled };
    }
    sum % 10 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(token: &str) -> Result<String, &'static str> {
        checked(PaymentMethod::Card, Some(token.to_owned())).map_err(|problem| problem.code())
    }

    #[test]
    fn card_numbers_are_refused_however_they_are_written() {
        for number in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            " 378282246310005",
            "6011000990139424",
            "4222222222222",
            "6304000000000000000",
            "4111.1111.1111.1111",
            "4111_1111_1111_1111",
            "4111/1111/1111/1111",
            "4111 - 1111 - 1111 - 1111",
            "tok_4111111111111111",
            "card:4111-1111-1111-1111;exp=12/27",
            "12/27 4111111111111111",
            "a4111111111111111b",
        ] {
            let refused = said(number);
            assert_eq!(refused, Err("payment.card_number_refused"), "{number}");
        }
    }

    #[test]
    fn a_refusal_does_not_repeat_the_number() {
        let problem = checked(PaymentMethod::Card, Some("4111111111111111".into())).unwrap_err();
        assert!(!format!("{problem:?}").contains("4111"));
    }

    #[test]
    fn what_is_no_card_number_is_a_token() {
        for token in [
            "tok_approve",
            "4111111111111112",
            "123456789012",
            "1",
            "41111111a11111111",
            "3fa85f64-5717-4562-b3fc-2c963f66afa6",
            "41111111111111110000",
            &"t".repeat(200),
        ] {
            assert_eq!(said(token), Ok(token.to_owned()));
        }
        for bad in ["", "a b", "tök", &"t".repeat(201)] {
            assert_eq!(said(bad), Err("payment.token_invalid"), "{bad}");
        }
    }

    #[test]
    fn only_cash_needs_no_token() {
        assert_eq!(checked(PaymentMethod::Cod, None), Ok(String::new()));
        assert!(checked(PaymentMethod::Upi, None).is_err());
    }
}

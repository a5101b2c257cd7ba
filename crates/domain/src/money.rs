//! Exact money: amounts of at most four places, and currencies with their minor unit.
//!
//! No floating point anywhere; arithmetic that would overflow says so.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const SCALE: i64 = 10_000;

/// Powers of ten, by the number of places.
const TENS: [i64; 5] = [1, 10, 100, 1_000, 10_000];

/// Of `-922337203685477.5808`, in bytes.
const LONGEST: usize = 21;

/// An exact amount in ten-thousandths of a currency's unit; may be negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

/// Why a text is no amount, or a result too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not a decimal number.
    #[error("not a decimal number such as 12.50")]
    NotANumber,
    /// More than four places.
    #[error("at most 4 decimal places are kept")]
    TooManyPlaces,
    /// Beyond ±922 trillion.
    #[error("the amount is too large")]
    OutOfRange,
    /// Not a currency that is known here.
    #[error("not an ISO 4217 currency code such as GBP")]
    UnknownCurrency,
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount from ten-thousandths: 12.50 is 125,000.
    #[must_use]
    pub const fn from_ten_thousandths(value: i64) -> Self {
        Self(value)
    }

    /// The amount in ten-thousandths.
    #[must_use]
    pub const fn ten_thousandths(self) -> i64 {
        self.0
    }

    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The sum, if it is in range.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyError::OutOfRange)
    }

    /// The difference, if it is in range.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyError::OutOfRange)
    }

    /// A unit price times a quantity, unrounded.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn times(self, quantity: i64) -> Result<Self, MoneyError> {
        self.0.checked_mul(quantity).map(Self).ok_or(MoneyError::OutOfRange)
    }

    /// What is charged: rounded once, half to even, to the minor unit of `currency`.
    #[must_use]
    pub fn rounded_to_minor(self, currency: Currency) -> Self {
        let step = 10_i64.pow(4 - currency.minor_places());
        let floor = self.0.div_euclid(step);
        let twice_rest = self.0.rem_euclid(step) * 2;
        let up = twice_rest > step || (twice_rest == step && floor % 2 != 0);
        Self((floor + i64::from(up)).saturating_mul(step))
    }
}

/// At least two places, at most four: `12.50`, `0.001`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut [0; LONGEST]))
    }
}

impl Amount {
    /// The digits, written from behind. Every event with money in it passes here, so it takes neither heap nor formatter.
    fn text(self, buffer: &mut [u8; LONGEST]) -> &str {
        let mut rest = self.0.unsigned_abs();
        let mut places = 4;
        while places > 2 && rest.is_multiple_of(10) {
            rest /= 10;
            places -= 1;
        }
        let mut start = LONGEST;
        let mut put = |byte: u8| {
            start -= 1;
            buffer[start] = byte;
        };
        let mut written = 0;
        while rest > 0 || written <= places {
            if written == places {
                put(b'.');
            }
            put(b"0123456789"[usize::try_from(rest % 10).unwrap_or(0)]);
            rest /= 10;
            written += 1;
        }
        if self.0 < 0 {
            put(b'-');
        }
        std::str::from_utf8(&buffer[start..]).unwrap_or("")
    }
}

impl FromStr for Amount {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (units, places) = digits.split_once('.').unwrap_or((digits, ""));
        let numeric = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if units.is_empty() || !numeric(units) || !numeric(places) || digits.ends_with('.') {
            return Err(MoneyError::NotANumber);
        }
        let kept = places.trim_end_matches('0');
        if kept.len() > 4 {
            return Err(MoneyError::TooManyPlaces);
        }
        let sign = if negative { -1 } else { 1 };
        let whole: i64 = units.parse().map_err(|_| MoneyError::OutOfRange)?;
        let fraction = kept.bytes().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
            * TENS[4 - kept.len()];
        whole
            .checked_mul(sign * SCALE)
            .and_then(|value| value.checked_add(sign * fraction))
            .map(Self)
            .ok_or(MoneyError::OutOfRange)
    }
}

/// As text, which JSON shows as it is and Avro stores as decimal(19,4).
impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text(&mut [0; LONGEST]))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AmountText;
        impl serde::de::Visitor<'_> for AmountText {
            type Value = Amount;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal number as text, such as \"12.50\"")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Amount, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(AmountText)
    }
}

/// An ISO 4217 currency code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Pound sterling.
    pub const GBP: Self = Self(*b"GBP");

    /// How many decimal places the smallest coin has.
    #[must_use]
    pub fn minor_places(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

/// The codes in use, in alphabetical order, each with a space after it (ISO 4217, active national currencies).
const CODES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD \
BTN BWP BYN BZD CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP \
GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF \
KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN \
NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD \
SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UYW UZS \
VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG ";

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let letters: [u8; 3] =
            text.as_bytes().try_into().map_err(|_| MoneyError::UnknownCurrency)?;
        let (codes, _) = CODES.as_bytes().as_chunks::<4>();
        match codes.binary_search_by(|code| code[..3].cmp(&letters)) {
            Ok(_) => Ok(Self(letters)),
            Err(_) => Err(MoneyError::UnknownCurrency),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Code;
        impl serde::de::Visitor<'_> for Code {
            type Value = Currency;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an ISO 4217 currency code")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Currency, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Code)
    }
}

/// An amount in a currency: `{"amount":"12.50","currency":"GBP"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// How much, exact to four places.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    #[test]
    fn four_places_are_kept_and_a_fifth_is_refused() {
        assert_eq!(amount("0.001").to_string(), "0.001");
        assert_eq!(amount("12.5").to_string(), "12.50");
        assert_eq!(amount("-0.0001").to_string(), "-0.0001");
        assert_eq!(amount("1.500000").to_string(), "1.50");
        assert_eq!("0.00001".parse::<Amount>(), Err(MoneyError::TooManyPlaces));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", "1.", ".5", "1,5", "1e3", "+1", "--1", "NaN", "1 "] {
            assert_eq!(text.parse::<Amount>(), Err(MoneyError::NotANumber), "{text:?}");
        }
        assert_eq!("922337203685478".parse::<Amount>(), Err(MoneyError::OutOfRange));
    }

    #[test]
    fn what_is_charged_is_rounded_half_to_even() {
        let cases = [
            ("0.005", "0.00"),
            ("0.015", "0.02"),
            ("0.025", "0.02"),
            ("0.0251", "0.03"),
            ("-0.005", "0.00"),
            ("-0.015", "-0.02"),
        ];
        for (exact, charged) in cases {
            assert_eq!(amount(exact).rounded_to_minor(Currency::GBP), amount(charged), "{exact}");
        }
        assert_eq!(amount("2.5").rounded_to_minor("JPY".parse().unwrap()), amount("2"));
        assert_eq!(amount("2.0005").rounded_to_minor("KWD".parse().unwrap()), amount("2.000"));
    }

    #[test]
    fn currencies_are_those_of_iso_4217() {
        assert!("GBP".parse::<Currency>().is_ok());
        for text in ["gbp", "XYZ", "GB", " GB", "BP "] {
            assert_eq!(text.parse::<Currency>(), Err(MoneyError::UnknownCurrency), "{text:?}");
        }
    }

    #[test]
    fn every_code_in_use_is_known() {
        let codes: Vec<&str> = CODES.split_whitespace().collect();
        assert!(codes.is_sorted());
        for code in codes {
            assert_eq!(code.parse::<Currency>().unwrap().as_str(), code);
        }
    }

    #[test]
    fn the_smallest_and_the_largest_amount_have_a_text() {
        for (value, text) in
            [(i64::MIN, "-922337203685477.5808"), (i64::MAX, "922337203685477.5807"), (0, "0.00")]
        {
            let exact = Amount::from_ten_thousandths(value);
            assert_eq!(exact.to_string(), text);
            assert_eq!(amount(text), exact);
        }
    }

    proptest! {
        #[test]
        fn any_amount_survives_its_text(value: i64) {
            let exact = Amount::from_ten_thousandths(value);
            prop_assert_eq!(exact.to_string().parse::<Amount>(), Ok(exact));
        }
    }
}

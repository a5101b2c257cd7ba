//! Exact money: amounts of at most four places, and currencies with their minor unit.
//!
//! No floating point anywhere; arithmetic that would overflow says so.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

const SCALE: i64 = 10_000;

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
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let (units, places) =
            (magnitude / SCALE.unsigned_abs(), magnitude % SCALE.unsigned_abs());
        if places % 100 == 0 {
            write!(f, "{sign}{units}.{:02}", places / 100)
        } else if places % 10 == 0 {
            write!(f, "{sign}{units}.{:03}", places / 10)
        } else {
            write!(f, "{sign}{units}.{places:04}")
        }
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
        let whole: i64 = units.parse().map_err(|_| MoneyError::OutOfRange)?;
        let fraction: i64 = format!("{kept:0<4}").parse().map_err(|_| MoneyError::NotANumber)?;
        let magnitude = whole
            .checked_mul(SCALE)
            .and_then(|value| value.checked_add(fraction))
            .ok_or(MoneyError::OutOfRange)?;
        Ok(Self(if negative { -magnitude } else { magnitude }))
    }
}

/// As text, which JSON shows as it is and Avro stores as decimal(19,4).
impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
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

/// The codes in use, in alphabetical order (ISO 4217, active national currencies).
const CODES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD \
BTN BWP BYN BZD CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP \
GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF \
KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN \
NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD \
SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UYW UZS \
VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG";

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let letters: [u8; 3] =
            text.as_bytes().try_into().map_err(|_| MoneyError::UnknownCurrency)?;
        if !CODES.as_bytes().chunks(4).any(|code| code[..3] == letters) {
            return Err(MoneyError::UnknownCurrency);
        }
        Ok(Self(letters))
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

    proptest! {
        #[test]
        fn any_amount_survives_its_text(value in -i64::MAX..i64::MAX) {
            let exact = Amount::from_ten_thousandths(value);
            prop_assert_eq!(exact.to_string().parse::<Amount>(), Ok(exact));
        }
    }
}

//! Reads any event of any version without knowing its type, for people and tools: bytes in, JSON out.
//!
//! Goes through apache-avro, so it also bears witness for the hot path. Slow; never between the log and a rule.

use std::collections::HashMap;

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema::{NamesRef, ResolvedSchema};
use apache_avro::types::Value;
use apache_avro::{Decimal, Schema};
use chimera_domain::time::Timestamp;
use serde_json::{Map, Value as Json};

use crate::schemas::bundled_schemas;
use crate::{CodecError, frame};

/// Beyond every event that a log takes; what claims to be larger is corrupt.
const LARGEST: usize = 64 * 1024 * 1024;

/// Reads framed events as JSON, by the schemas it has been given.
#[derive(Debug, Default)]
pub struct GenericReader {
    schemas: HashMap<u32, Schema>,
}

impl GenericReader {
    /// A reader of everything written with the schemas and ids that come with the program.
    ///
    /// # Errors
    /// If one of them does not parse.
    pub fn bundled() -> Result<Self, CodecError> {
        let mut reader = Self::default();
        for bundled in bundled_schemas() {
            let schema = parse(bundled.json).map_err(|problem| CodecError::Schema {
                stream: bundled.stream.to_owned(),
                version: bundled.version,
                problem,
            })?;
            reader.schemas.insert(bundled.id, schema);
        }
        Ok(reader)
    }

    /// Learns one more schema, such as one that a registry holds under `id`.
    ///
    /// # Errors
    /// If it does not parse.
    pub fn learn(&mut self, id: u32, json: &str) -> Result<(), CodecError> {
        let schema = parse(json).map_err(CodecError::BadDatum)?;
        self.schemas.insert(id, schema);
        Ok(())
    }

    /// The whole event: decimals as text, timestamps as RFC 3339, the payload under the name of its record.
    ///
    /// # Errors
    /// If the value is not one whole event of a known schema.
    pub fn to_json(&self, value: &[u8]) -> Result<Json, CodecError> {
        self.project(value, |time| Json::from(time.to_string()))
    }

    /// The same with timestamps as `moment` shows them.
    pub(crate) fn project(
        &self,
        value: &[u8],
        moment: fn(Timestamp) -> Json,
    ) -> Result<Json, CodecError> {
        let (id, mut datum) = frame::split(value)?;
        let schema = self.schemas.get(&id).ok_or(CodecError::UnknownSchemaId(id))?;
        let bad = |error: apache_avro::Error| CodecError::BadDatum(error.to_string());
        apache_avro::util::max_allocation_bytes(LARGEST);
        let reader = GenericDatumReader::builder(schema).build().map_err(bad)?;
        let event = reader.read_value(&mut datum).map_err(bad)?;
        if !datum.is_empty() {
            return Err(CodecError::TrailingBytes(datum.len()));
        }
        let resolved = ResolvedSchema::new(schema).map_err(bad)?;
        Projection { names: resolved.get_names(), moment }.json(&event, schema)
    }
}

fn parse(json: &str) -> Result<Schema, String> {
    Schema::parse_str(json).map_err(|error| error.to_string())
}

/// From values to JSON; the schema is at hand because a decimal does not know its scale.
struct Projection<'a> {
    names: &'a NamesRef<'a>,
    moment: fn(Timestamp) -> Json,
}

impl Projection<'_> {
    fn json(&self, value: &Value, schema: &Schema) -> Result<Json, CodecError> {
        Ok(match (value, self.definition(schema)?) {
            (Value::Null, _) => Json::Null,
            (Value::Boolean(flag), _) => Json::from(*flag),
            (Value::Int(number), _) => Json::from(*number),
            (Value::Long(number), _) => Json::from(*number),
            (Value::Double(number), _) => Json::from(*number),
            (Value::Float(number), _) => Json::from(*number),
            (Value::String(text) | Value::Enum(_, text), _) => Json::from(text.as_str()),
            (Value::Uuid(uuid), _) => Json::from(uuid.to_string()),
            (Value::TimestampMicros(micros), _) => (self.moment)(Timestamp(*micros)),
            (Value::Decimal(number), Schema::Decimal(decimal)) => {
                Json::from(decimal_text(number, decimal.scale)?)
            }
            (Value::Array(items), Schema::Array(array)) => {
                let items = items.iter().map(|item| self.json(item, &array.items));
                Json::Array(items.collect::<Result<_, _>>()?)
            }
            (Value::Map(entries), Schema::Map(map)) => {
                let entries = entries.iter().map(|(name, item)| (name, item, &*map.types));
                self.object(entries)?
            }
            (Value::Record(fields), Schema::Record(record)) => {
                let fields = fields.iter().zip(&record.fields);
                self.object(fields.map(|((name, item), field)| (name, item, &field.schema)))?
            }
            (Value::Union(index, inner), Schema::Union(union)) => {
                let branch = usize::try_from(*index).ok();
                let branch = branch.and_then(|index| union.variants().get(index));
                self.branch(inner, branch.ok_or_else(|| unexpected(value))?, union.is_nullable())?
            }
            _ => return Err(unexpected(value)),
        })
    }

    /// An optional value stands for itself; of several records, the name says which.
    fn branch(&self, inner: &Value, schema: &Schema, plain: bool) -> Result<Json, CodecError> {
        let json = self.json(inner, schema)?;
        match schema.name() {
            Some(name) if !plain => Ok(Json::Object(Map::from_iter([(name.name().into(), json)]))),
            _ => Ok(json),
        }
    }

    fn object<'v>(
        &self,
        members: impl Iterator<Item = (&'v String, &'v Value, &'v Schema)>,
    ) -> Result<Json, CodecError> {
        let mut object = Map::new();
        for (name, value, schema) in members {
            object.insert(name.clone(), self.json(value, schema)?);
        }
        Ok(Json::Object(object))
    }

    fn definition<'s>(&'s self, schema: &'s Schema) -> Result<&'s Schema, CodecError> {
        let Schema::Ref { name } = schema else { return Ok(schema) };
        let unknown = || CodecError::BadDatum(format!("the schema does not define {name}"));
        self.names.get(name).copied().ok_or_else(unknown)
    }
}

fn unexpected(value: &Value) -> CodecError {
    let kind = apache_avro::schema::SchemaKind::from(value);
    CodecError::BadDatum(format!("a value of kind {kind:?} is not shown as JSON"))
}

/// At least two places, as amounts are written everywhere else.
fn decimal_text(number: &Decimal, scale: usize) -> Result<String, CodecError> {
    let too_large = || CodecError::BadDatum("a decimal of more than 16 bytes".to_owned());
    let bytes = Vec::<u8>::try_from(number).map_err(|_| too_large())?;
    let spare = 16_usize.checked_sub(bytes.len()).ok_or_else(too_large)?;
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let mut whole = if negative { [0xff; 16] } else { [0; 16] };
    whole[spare..].copy_from_slice(&bytes);
    let digits = i128::from_be_bytes(whole).unsigned_abs().to_string();
    let digits = format!("{digits:0>width$}", width = scale + 1);
    let (units, places) = digits.split_at(digits.len() - scale);
    let places = format!("{:0<2}", places.trim_end_matches('0'));
    Ok(format!("{}{units}.{places}", if negative { "-" } else { "" }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::StreamCodec;
    use crate::testing::sample;

    #[test]
    fn an_event_is_readable_by_people() {
        let codec = StreamCodec::bundled("ecommerce.order.order").unwrap();
        let mut bytes = vec![];
        codec.encode("536365", &sample::meta(), &sample::order()[0], &mut bytes).unwrap();
        let json = GenericReader::bundled().unwrap().to_json(&bytes).unwrap();
        assert_eq!(json["eventType"], "ecommerce.order.order.created.v1");
        assert_eq!(json["eventId"], "0198f3c2-7a10-7b3e-9c41-5d2e8f60a1b2");
        assert_eq!(json["occurredAt"], "2010-12-01T08:26:00Z");
        let created = &json["payload"]["Created"];
        assert_eq!(created["head"]["status"], "PENDING");
        assert_eq!(created["lines"][1]["unitPrice"], "3.3933");
        assert_eq!(created["lines"][2]["unitPrice"], "18.00");
        assert_eq!(created["payBy"], "2025-08-28T17:23:20.123456Z");
        assert_eq!(created["totals"]["units"], json!(13));
    }

    #[test]
    fn another_schema_can_be_learnt() {
        let mut reader = GenericReader::default();
        reader.learn(7, r#"["null", "double"]"#).unwrap();
        let mut framed = vec![0, 0, 0, 0, 7, 2];
        framed.extend_from_slice(&1.5_f64.to_le_bytes());
        assert_eq!(reader.to_json(&framed), Ok(json!(1.5)));
        assert!(reader.to_json(&framed[..9]).is_err());
        assert!(reader.learn(8, "{").is_err());
    }

    #[test]
    fn decimals_keep_their_sign_and_places() {
        for (bytes, scale, text) in [
            (&[0xff, 0xff][..], 4, "-0.0001"),
            (&[0x01, 0x00], 4, "0.0256"),
            (&[0x00], 4, "0.00"),
            (&[0x7f], 0, "127.00"),
            (&[0x80], 2, "-1.28"),
        ] {
            assert_eq!(decimal_text(&Decimal::from(bytes), scale).unwrap(), text);
        }
    }
}

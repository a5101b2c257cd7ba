//! Events as messages have them, made of what REST shows.

use chimera_kit::grpc::timestamp;
use chimera_proto::order::v1::OrderEvent;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use serde_json::Value as Json;

use crate::orders::id::events::EventBody;

/// An event.
pub(super) fn message(body: EventBody) -> OrderEvent {
    OrderEvent {
        event_id: body.event_id,
        event_type: body.event_type,
        occurred_at: timestamp(&body.occurred_at),
        recorded_at: timestamp(&body.recorded_at),
        version: body.version,
        correlation_id: body.correlation_id,
        causation_id: body.causation_id,
        trace_id: body.trace_id,
        actor: body.actor,
        data: fields(body.data),
    }
}

fn fields(data: Json) -> Option<Struct> {
    let Json::Object(fields) = data else { return None };
    let fields = fields.into_iter().map(|(name, field)| (name, value(field))).collect();
    Some(Struct { fields })
}

/// Numbers become binary fractions, as the message wants them: whole up to 2^53, which times and counts never reach.
fn value(json: Json) -> Value {
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(yes) => Kind::BoolValue(yes),
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Json::String(text) => Kind::StringValue(text),
        Json::Array(items) => {
            Kind::ListValue(ListValue { values: items.into_iter().map(value).collect() })
        }
        object @ Json::Object(_) => Kind::StructValue(fields(object).unwrap_or_default()),
    };
    Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_event_says_is_said_whole() {
        let said = json!({"a": [1, null, {"b": "x"}], "at": 1_763_000_000_000_001_u64, "ok": true});
        let fields = fields(said).unwrap().fields;
        let at = fields["at"].kind.clone();
        assert_eq!(at, Some(Kind::NumberValue(1_763_000_000_000_001.0)));
        let Some(Kind::ListValue(list)) = &fields["a"].kind else { panic!("{fields:?}") };
        assert_eq!(list.values.len(), 3);
        assert_eq!(fields["ok"].kind, Some(Kind::BoolValue(true)));
    }
}

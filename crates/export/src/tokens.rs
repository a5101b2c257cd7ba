//! Payment tokens are shown to nobody: they could be used again.

use serde_json::Value as Json;

/// The same with every payment token hidden: it could be used again.
#[must_use]
pub fn without_tokens(mut json: Json) -> Json {
    hide(&mut json);
    json
}

fn hide(json: &mut Json) {
    match json {
        Json::Object(fields) => {
            for (name, value) in fields {
                if name == "token" && !value.is_null() {
                    *value = "***".into();
                }
                hide(value);
            }
        }
        Json::Array(items) => items.iter_mut().for_each(hide),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_are_hidden_wherever_they_stand() {
        let told =
            json!({"Requested": {"charges": [{"token": "tok_1", "id": "P-1"}], "token": null}});
        let hidden =
            json!({"Requested": {"charges": [{"token": "***", "id": "P-1"}], "token": null}});
        assert_eq!(without_tokens(told), hidden);
    }
}

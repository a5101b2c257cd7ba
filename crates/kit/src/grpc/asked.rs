//! What a call brings besides its message: who asks, under which key, and what the answer must not be behind.

use axum::http::HeaderMap;
use bytes::Bytes;
use chimera_engine::Position;
use prost::Message;
use tonic::Request;

use super::Call;
use crate::asked::Asked;
use crate::auth::Caller;
use crate::codes;
use crate::idempotency::IdempotencyKey;
use crate::position::{After, CHIMERA_POSITION, position};
use crate::prefer::Wait;
use crate::problem::Problem;

/// A call that wants something done. `about` names what it is about, which a key belongs to as it belongs to an address in REST:
/// the id of an order or a product; empty where something new is made.
///
/// # Errors
/// `auth.token_missing`, `auth.token_invalid`, `auth.token_expired`, `idempotency.key_invalid`.
pub fn asked<T: Message>(
    request: Request<T>,
    about: impl Fn(&T) -> &str,
) -> Result<Asked<T>, Problem> {
    let call = Call::of(&request)?;
    let (metadata, _, body) = request.into_parts();
    let headers: &HeaderMap = metadata.as_ref();
    let caller = call.caller(headers)?;
    let key = IdempotencyKey::of(headers)?;
    let wait = Wait::of(headers).within(call.time_left());
    let what = format!("{} {}", call.path, about(&body));
    let bytes = match key {
        Some(_) => Bytes::from(body.encode_to_vec()),
        None => Bytes::new(),
    };
    Ok(Asked { caller, body, wait, correlation: call.correlation, key, what, bytes })
}

/// The same where the key is required: everything that creates or pays.
///
/// # Errors
/// As [`asked`], and `idempotency.key_required`.
pub fn keyed<T: Message>(
    request: Request<T>,
    about: impl Fn(&T) -> &str,
) -> Result<Asked<T>, Problem> {
    let asked = asked(request, about)?;
    match asked.key {
        Some(_) => Ok(asked),
        None => Err(IdempotencyKey::missing()),
    }
}

/// Who asks.
///
/// # Errors
/// `auth.token_missing`, `auth.token_invalid`, `auth.token_expired`.
pub fn caller<T>(request: &Request<T>) -> Result<Caller, Problem> {
    Call::of(request)?.caller(request.metadata().as_ref())
}

/// The position that the answer must not be behind.
///
/// # Errors
/// `position.invalid`.
pub fn after<T>(request: &Request<T>) -> Result<After, Problem> {
    let headers: &HeaderMap = request.metadata().as_ref();
    match headers.get(CHIMERA_POSITION) {
        Some(value) => {
            let position = position(value.to_str().unwrap_or_default(), CHIMERA_POSITION)?;
            Ok(After(Some(position)))
        }
        None => Ok(After(None)),
    }
}

/// A position as it stands in a message; `field` names it.
///
/// # Errors
/// `position.invalid`.
pub fn given_position(field: &str, text: &str) -> Result<Position, Problem> {
    position(text, field)
}

/// An id as it stands in a message.
///
/// # Errors
/// `request.bad_parameter`, as for an id in an address.
pub fn id<'a, T>(field: &'static str, text: &'a str) -> Result<T, Problem>
where
    T: TryFrom<&'a str>,
    T::Error: std::fmt::Display,
{
    T::try_from(text)
        .map_err(|wrong| Problem::new(codes::REQUEST_BAD_PARAMETER, wrong.to_string()).at(field))
}

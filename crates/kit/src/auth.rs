//! Who asks, and what they may do: from a signed token, or everybody is staff on a machine of one's own.
//!
//! Never keeps a token, never logs one, and never decides a rule of the shop.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, header};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use crate::codes::{self, Code};
use crate::problem::Problem;

/// Without tokens: the customer as whom the caller wants to be treated.
pub const ACT_AS: &str = "chimera-act-as";
/// May create and change products.
pub const WRITE_PRODUCTS: &str = "write:products";
/// May adjust stock.
pub const WRITE_INVENTORY: &str = "write:inventory";
/// May ship, deliver, decide returns and cancel paid orders.
pub const WRITE_ORDERS: &str = "write:orders";
/// May see everybody's orders.
pub const READ_ORDERS: &str = "read:orders";
/// May see how read models stand, and events that could not be applied with all that is in them.
pub const READ_PROJECTIONS: &str = "read:projections";
/// May have events that could not be applied tried again, or dropped.
pub const WRITE_PROJECTIONS: &str = "write:projections";
/// The role that may override prices.
pub const ADMIN: &str = "ADMIN";

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Names the caller; a customer's is the customer id.
    pub subject: Arc<str>,
    roles: Vec<String>,
    scopes: Vec<String>,
}

impl Caller {
    /// A caller with these rights.
    #[must_use]
    pub fn new(subject: &str, roles: &[&str], scopes: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self { subject: subject.into(), roles: owned(roles), scopes: owned(scopes) }
    }

    /// Whoever works at the machine itself: every right.
    #[must_use]
    pub fn local() -> Self {
        let scopes = [
            WRITE_PRODUCTS,
            WRITE_INVENTORY,
            WRITE_ORDERS,
            READ_ORDERS,
            READ_PROJECTIONS,
            WRITE_PROJECTIONS,
        ];
        Self::new("local", &[ADMIN], &scopes)
    }

    /// Whether the caller has the role ADMIN.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.roles.iter().any(|role| role == ADMIN)
    }

    /// Whether the caller has a scope.
    #[must_use]
    pub fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|owned| owned == scope)
    }

    /// Insists on a scope.
    ///
    /// # Errors
    /// `auth.scope_missing`.
    pub fn must_have(&self, scope: &str) -> Result<(), Problem> {
        if self.has(scope) {
            return Ok(());
        }
        let detail = format!("this needs a token with the scope {scope}");
        Err(Problem::new(codes::AUTH_SCOPE_MISSING, detail))
    }

    /// Insists on being this customer, or on a scope that reaches everybody.
    ///
    /// # Errors
    /// `auth.not_yours`.
    pub fn must_be(&self, customer: &str, or_scope: &str) -> Result<(), Problem> {
        if *self.subject == *customer || self.has(or_scope) {
            return Ok(());
        }
        let detail = format!("only the customer concerned, or staff with {or_scope}, may do this");
        Err(Problem::new(codes::AUTH_NOT_YOURS, detail))
    }
}

/// How callers are known.
#[derive(Clone)]
pub enum Authenticator {
    /// Everybody is [`Caller::local`], or the customer that `Chimera-Act-As` names. For loopback addresses only.
    Open,
    /// By a bearer token.
    Jwt(Arc<JwtKey>),
}

/// Checks tokens that were signed with HS256 and a shared secret.
pub struct JwtKey {
    key: DecodingKey,
    validation: Validation,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    scope: String,
}

impl JwtKey {
    /// The key made of a secret.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "sub"]);
        validation.validate_aud = false;
        Self { key: DecodingKey::from_secret(secret.as_bytes()), validation }
    }

    fn caller(&self, token: &str) -> Result<Caller, Problem> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.key, &self.validation);
        let claims = claims.map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => no(codes::AUTH_TOKEN_EXPIRED, "the token has expired"),
            _ => no(codes::AUTH_TOKEN_INVALID, "the token's signature or claims are not valid"),
        })?;
        let Claims { sub, roles, scope } = claims.claims;
        if sub.is_empty() {
            return Err(no(codes::AUTH_TOKEN_INVALID, "the token names no subject"));
        }
        let scopes = scope.split_whitespace().map(str::to_owned).collect();
        Ok(Caller { subject: sub.into(), roles, scopes })
    }
}

fn no(code: Code, detail: &str) -> Problem {
    Problem::new(code, detail)
}

impl Authenticator {
    /// Who sent these headers.
    ///
    /// # Errors
    /// `auth.token_missing`, `auth.token_invalid`, `auth.token_expired`.
    pub fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        match self {
            Self::Open => Ok(match text(ACT_AS) {
                Some(customer) => Caller::new(customer, &[], &[]),
                None => Caller::local(),
            }),
            Self::Jwt(key) => {
                let missing = "send the header Authorization: Bearer <token>";
                let (_, token) = text("authorization")
                    .and_then(|value| value.split_once(' '))
                    .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
                    .ok_or_else(|| no(codes::AUTH_TOKEN_MISSING, missing))?;
                key.caller(token.trim())
            }
        }
    }
}

/// Where everybody is staff, no page of another site may ask in their browser: neither openly, nor under a name of its own
/// that leads to this machine (DNS rebinding). `authority` is the one that the address itself carries, as in HTTP/2.
///
/// # Errors
/// `auth.cross_site`.
pub(crate) fn refuse_other_sites(
    headers: &HeaderMap,
    authority: Option<&str>,
) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(header::HOST).or(authority);
    if host.is_some_and(|host| !is_loopback(host)) {
        return Err(no(codes::AUTH_CROSS_SITE, "the header Host must name this machine"));
    }
    let Some(origin) = text(header::ORIGIN) else { return Ok(()) };
    let site = origin.split_once("://").map(|(_, site)| site);
    if site.is_some_and(|site| host.is_some_and(|host| host.eq_ignore_ascii_case(site))) {
        return Ok(());
    }
    Err(no(codes::AUTH_CROSS_SITE, "pages of another origin may not ask here"))
}

/// Whether `localhost` or a loopback address, with or without a port.
fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    /// Without an [`Authenticator`] on the route nobody is let in.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match parts.extensions.get::<Authenticator>() {
            Some(authenticator) => authenticator.caller(&parts.headers),
            None => Err(no(codes::AUTH_TOKEN_MISSING, "nobody can be authenticated here")),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "a secret of at least thirty-two bytes";

    fn token(claims: &Value, secret: &str) -> String {
        encode(&Header::default(), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    }

    fn asked_with(authorization: &str) -> Result<Caller, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_str(authorization).unwrap());
        let jwt = Authenticator::Jwt(Arc::new(JwtKey::new(SECRET)));
        jwt.caller(&headers).map_err(|problem| problem.code())
    }

    #[test]
    fn a_valid_token_says_who_asks_and_what_they_may() {
        let exp = get_current_timestamp() + 60;
        let claims =
            json!({"sub": "s-1", "exp": exp, "roles": ["ADMIN"], "scope": "read:orders x"});
        let caller = asked_with(&format!("Bearer {}", token(&claims, SECRET))).unwrap();
        assert!(caller.is_admin() && caller.has(READ_ORDERS) && !caller.has(WRITE_ORDERS));
        assert_eq!(&*caller.subject, "s-1");
    }

    #[test]
    fn a_token_that_is_missing_forged_expired_or_incomplete_is_refused() {
        let now = get_current_timestamp();
        let fresh = json!({"sub": "s", "exp": now + 60});
        let table = [
            ("Basic dXNlcjpwdw==".to_owned(), "auth.token_missing"),
            ("Bearer nonsense".to_owned(), "auth.token_invalid"),
            (format!("Bearer {}", token(&fresh, "another secret")), "auth.token_invalid"),
            (format!("Bearer {}", token(&json!({"sub": "s"}), SECRET)), "auth.token_invalid"),
            (format!("Bearer {}", token(&json!({"exp": now + 60}), SECRET)), "auth.token_invalid"),
            (
                format!("Bearer {}", token(&json!({"sub": "s", "exp": now - 3600}), SECRET)),
                "auth.token_expired",
            ),
        ];
        for (authorization, code) in table {
            assert_eq!(asked_with(&authorization), Err(code), "{authorization}");
        }
    }

    #[test]
    fn a_token_without_signature_is_refused() {
        let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzIiwiZXhwIjo5OTk5OTk5OTk5fQ.";
        assert_eq!(asked_with(&format!("Bearer {unsigned}")), Err("auth.token_invalid"));
    }

    fn asked_from(host: Option<&str>, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in [("host", host), ("origin", origin)] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
        }
        refuse_other_sites(&headers, None).is_ok()
    }

    #[test]
    fn a_host_that_is_not_this_machine_is_refused() {
        for host in
            ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.0.0.1:8080", "127.1.2.3", "[::1]:80"]
        {
            assert!(asked_from(Some(host), None), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.168.0.1",
            "[::2]",
            "0.0.0.0",
            "localhost@evil.example",
            "",
        ] {
            assert!(!asked_from(Some(host), None), "{host}");
        }
        let foreign = refuse_other_sites(&HeaderMap::new(), Some("evil.example:80"));
        assert_eq!(foreign.unwrap_err().code(), "auth.cross_site");
    }

    #[test]
    fn a_page_of_another_origin_is_refused() {
        let here = Some("localhost:8080");
        assert!(asked_from(here, Some("http://localhost:8080")));
        for origin in
            ["http://evil.example", "http://localhost:3000", "http://localhost", "null", ""]
        {
            assert!(!asked_from(here, Some(origin)), "{origin}");
        }
        assert!(!asked_from(None, Some("http://localhost:8080")));
    }

    #[test]
    fn on_a_machine_of_ones_own_everybody_is_staff_unless_they_act_as_a_customer() {
        let mut headers = HeaderMap::new();
        let staff = Authenticator::Open.caller(&headers).unwrap();
        assert!(staff.is_admin() && staff.must_have(WRITE_PRODUCTS).is_ok());
        headers.insert(ACT_AS, HeaderValue::from_static("alice"));
        let alice = Authenticator::Open.caller(&headers).unwrap();
        assert!(!alice.is_admin() && alice.must_have(WRITE_PRODUCTS).is_err());
        assert!(alice.must_be("alice", READ_ORDERS).is_ok());
        assert_eq!(alice.must_be("bob", READ_ORDERS).unwrap_err().code(), "auth.not_yours");
    }
}

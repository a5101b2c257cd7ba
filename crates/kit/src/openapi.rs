//! The OpenAPI document: what the services contribute with their routes, and what holds for every operation.
//!
//! Owns headers, common problems and security; an operation says only what is its own. Served with a page to try it.

use axum::Router;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, KnownFormat, Object, ObjectBuilder, OpenApi,
    Ref, RefOr, Required, Response, SchemaFormat, Type,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_swagger_ui::SwaggerUi;

use crate::problem::{MEDIA_TYPE, Problem};

const ABOUT: &str = "Products, stock, orders and payments over an event log.\n\n\
Errors are `application/problem+json` with a stable `code`; all codes are in docs/errors.md. \
Every answer to a command carries `Chimera-Position`; send it as `after` with a read to see your own write. \
Repeating a request with the same `Idempotency-Key` is safe.";

/// What every request that changes something may be answered with, besides its own problems.
const OF_COMMANDS: &[(&str, &str)] = &[
    (
        "400",
        "`request.malformed`, `request.bad_parameter`, `idempotency.key_required`, `idempotency.key_invalid`",
    ),
    ("401", "`auth.token_missing`, `auth.token_invalid`, `auth.token_expired`"),
    ("403", "`auth.scope_missing`, `auth.not_yours`"),
    ("413", "`request.too_large`"),
    ("415", "`request.unsupported_media_type`"),
    ("422", "`request.invalid`, `idempotency.key_reused`"),
    (
        "503",
        "`engine.saturated`, `log.unavailable`, `command.outcome_unknown`, `partition.not_owned`; see Retry-After",
    ),
];

/// What every read may be answered with, besides its own problems.
const OF_READS: &[(&str, &str)] = &[
    ("400", "`request.bad_parameter`, `position.invalid`, `cursor.invalid`, `limit.out_of_range`"),
    ("401", "`auth.token_missing`, `auth.token_invalid`, `auth.token_expired`"),
    ("403", "`auth.scope_missing`, `auth.not_yours`"),
    ("503", "`read.not_caught_up`, `read.unavailable`; see Retry-After"),
];

/// Finishes the document that the routes made.
#[must_use]
pub fn finished(mut document: OpenApi) -> OpenApi {
    document.info = InfoBuilder::new()
        .title("Chimera")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .build();
    let components = document.components.take().unwrap_or_default();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = ComponentsBuilder::from(components)
        .schema(Problem::name(), Problem::schema())
        .security_scheme("bearer", bearer)
        .build();
    document.components = Some(components);
    document.security = Some(vec![
        SecurityRequirement::default(),
        SecurityRequirement::new::<_, [&str; 0], &str>("bearer", []),
    ]);
    for item in document.paths.paths.values_mut() {
        finish_item(item);
    }
    document
}

fn finish_item(item: &mut PathItem) {
    if let Some(read) = &mut item.get {
        finish_read(read);
    }
    for command in
        [&mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
    {
        finish_command(command);
    }
}

fn finish_read(operation: &mut Operation) {
    let after = "A `Chimera-Position`: the read waits up to 2 s until it has been applied.";
    parameter(operation, ParameterIn::Query, "after", after);
    parameter(operation, ParameterIn::Header, "Correlation-Id", "Returned as it is, or made.");
    problems(operation, OF_READS);
}

fn finish_command(operation: &mut Operation) {
    let key = "Makes repeating this request safe: 1–200 visible ASCII characters.";
    parameter(operation, ParameterIn::Header, "Idempotency-Key", key);
    parameter(operation, ParameterIn::Header, "Correlation-Id", "Returned as it is, or made.");
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.starts_with('2'), response) {
            let about = "Where the command stands in the log: <stream>/<partition>/<sequence>.";
            let header = HeaderBuilder::new().schema(Some(text())).description(Some(about)).build();
            response.headers.insert("Chimera-Position".to_owned(), header.into());
        }
    }
    problems(operation, OF_COMMANDS);
}

/// Adds a parameter that the operation did not describe itself.
fn parameter(operation: &mut Operation, at: ParameterIn, name: &str, about: &str) {
    let parameters = operation.parameters.get_or_insert_default();
    let known = |parameter: &RefOr<utoipa::openapi::path::Parameter>| match parameter {
        RefOr::T(parameter) => parameter.name.eq_ignore_ascii_case(name),
        RefOr::Ref(_) => false,
    };
    if parameters.iter().any(known) {
        return;
    }
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(at)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(text()))
        .build();
    parameters.push(parameter.into());
}

fn text() -> Object {
    ObjectBuilder::new().schema_type(Type::String).build()
}

fn problems(operation: &mut Operation, common: &[(&str, &str)]) {
    let responses = &mut operation.responses.responses;
    for (status, codes) in common {
        let own = match responses.get(*status) {
            Some(RefOr::T(response)) => format!("{}; ", response.description),
            Some(RefOr::Ref(_)) | None => String::new(),
        };
        responses.insert((*status).to_owned(), problem(&format!("{own}{codes}")).into());
    }
    for (status, response) in responses.iter_mut() {
        if let (true, RefOr::T(response)) = (status.starts_with('4'), response) {
            *response = problem(&response.description);
        }
    }
}

fn problem(about: &str) -> Response {
    let schema = Ref::from_schema_name(Problem::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let seconds = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
        .build();
    let mut response =
        ResponseBuilder::new().description(about).content(MEDIA_TYPE, content).build();
    if about.contains("Retry-After") {
        let about = "After how many seconds to try again.";
        let header = HeaderBuilder::new().schema(Some(seconds)).description(Some(about)).build();
        response.headers.insert("Retry-After".to_owned(), header.into());
    }
    response
}

/// `/openapi.json`, and `/docs` to read it and try it.
pub fn routes(document: &OpenApi) -> Router {
    let document = serde_json::to_value(document).unwrap_or_default();
    SwaggerUi::new("/docs").external_url_unchecked("/openapi.json", document).into()
}

//! The questions and requests, one function each. What `schema_registry_converter` offers goes through it; the levels of
//! compatibility and the trial of a schema, which it does not offer, go through the HTTP client that it stands on.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Certificate, RequestBuilder};
use schema_registry_converter::async_impl::schema_registry::{
    SrSettings, get_schema_by_id, perform_sr_call, post_schema,
};
use schema_registry_converter::schema_registry_common::{
    RawError, SchemaType, SrCall, SuppliedSchema,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::No;
use crate::error::RegistryError;
use crate::settings::{Login, RegistrySettings};

/// What every schema of ours needs: a new one reads all before it.
pub(crate) const TRANSITIVE: &str = "BACKWARD_TRANSITIVE";
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";

/// A way to the registry.
pub(crate) struct Client {
    url: String,
    login: Option<Login>,
    http: reqwest::Client,
    converter: SrSettings,
}

#[derive(Deserialize)]
struct LevelSaid {
    #[serde(rename = "compatibilityLevel")]
    level: Option<String>,
}

#[derive(Deserialize)]
struct Trial {
    is_compatible: bool,
    #[serde(default)]
    messages: Vec<String>,
}

impl Client {
    pub(crate) fn new(settings: &RegistrySettings) -> Result<Self, RegistryError> {
        let url = settings.url.clone();
        let strange = |reason: String| RegistryError::Unusable { url: url.clone(), reason };
        let authorities = authorities(settings)?;
        // A registry stands beside the brokers, which are not reached through a proxy either.
        let builder = reqwest::Client::builder().no_proxy().timeout(settings.request);
        let builder = builder.tls_certs_merge(authorities.clone());
        let http = builder.build().map_err(|error| strange(error.to_string()))?;
        let mut converter = SrSettings::new_builder(settings.url.clone());
        converter.no_proxy().set_timeout(settings.request);
        if let Some(Login { username, password }) = &settings.login {
            converter.set_basic_authorization(username, Some(password));
        }
        let builder = reqwest::Client::builder().tls_certs_merge(authorities);
        let converter =
            converter.build_with(builder).map_err(|error| strange(error.to_string()))?;
        Ok(Self { url: settings.url.clone(), login: settings.login.clone(), http, converter })
    }

    /// As an error of this registry, for whoever wanted to `action`.
    pub(crate) fn error(&self, no: No, action: &str) -> RegistryError {
        no.into_error(&self.url, action)
    }

    /// The id under which the subject has this very schema.
    pub(crate) async fn find(&self, subject: &str, schema: &str) -> Result<Option<u32>, No> {
        let body = supplied(schema).to_string();
        let found = perform_sr_call(&self.converter, SrCall::PostForVersion(subject, &body)).await;
        match found.map_err(|error| No::of_converter(&error)) {
            Ok(found) => found.id.map(Some).ok_or_else(|| No::Strange("no id".to_owned())),
            Err(No::NotFound) => Ok(None),
            Err(no) => Err(no),
        }
    }

    /// Registers a schema; gives the id, the old one if it is there already.
    pub(crate) async fn register(&self, subject: &str, schema: &str) -> Result<u32, No> {
        let schema = SuppliedSchema::new(None, SchemaType::Avro, schema.to_owned());
        let registered = post_schema(&self.converter, subject.to_owned(), schema).await;
        Ok(registered.map_err(|error| No::of_converter(&error))?.id)
    }

    /// The schema under an id.
    pub(crate) async fn schema(&self, id: u32) -> Result<Option<String>, No> {
        let found = get_schema_by_id(id, &self.converter).await;
        match found.map_err(|error| No::of_converter(&error)) {
            Ok(found) if found.schema_type != SchemaType::Avro => {
                Err(No::Strange(format!("the schema {id} is not Avro")))
            }
            Ok(found) => Ok(Some(found.schema)),
            Err(No::NotFound) => Ok(None),
            Err(no) => Err(no),
        }
    }

    /// The level of compatibility that the subject itself has.
    pub(crate) async fn level(&self, subject: &str) -> Result<Option<String>, No> {
        let request = self.http.get(format!("{}/config/{subject}", self.url));
        match self.said::<LevelSaid>(request).await {
            Ok(said) => said.level.map(Some).ok_or_else(|| No::Strange("no level".to_owned())),
            Err(No::NotFound) => Ok(None),
            Err(no) => Err(no),
        }
    }

    /// Makes the subject refuse what cannot read everything before it.
    pub(crate) async fn make_transitive(&self, subject: &str) -> Result<(), No> {
        let request = self.http.put(format!("{}/config/{subject}", self.url));
        let body = json!({ "compatibility": TRANSITIVE }).to_string();
        self.said::<Value>(request.body(body)).await.map(|_| ())
    }

    /// Why the registry would refuse the schema as things stand, without registering it; none if it would not.
    pub(crate) async fn refusal(&self, subject: &str, schema: &str) -> Result<Option<String>, No> {
        let path = format!("{}/compatibility/subjects/{subject}/versions?verbose=true", self.url);
        let request = self.http.post(path).body(supplied(schema).to_string());
        match self.said::<Trial>(request).await {
            Ok(Trial { is_compatible: true, .. }) | Err(No::NotFound) => Ok(None),
            Ok(Trial { messages, .. }) if messages.is_empty() => {
                Ok(Some("it is not compatible".to_owned()))
            }
            Ok(Trial { messages, .. }) => Ok(Some(messages.join("; "))),
            Err(no) => Err(no),
        }
    }

    async fn said<T: for<'de> Deserialize<'de>>(&self, request: RequestBuilder) -> Result<T, No> {
        let mut request = request.header(CONTENT_TYPE, MEDIA_TYPE);
        if let Some(Login { username, password }) = &self.login {
            request = request.basic_auth(username, Some(password));
        }
        let answer = request.send().await.map_err(|error| No::of_transport(&error))?;
        let status = answer.status();
        if status.is_success() {
            return answer.json().await.map_err(|error| No::of_transport(&error));
        }
        let said = answer.json::<RawError>().await.ok();
        Err(No::of_status(status.as_u16(), said.as_ref()))
    }
}

/// Whom an `https` registry is believed by, beside those that the system believes.
fn authorities(settings: &RegistrySettings) -> Result<Vec<Certificate>, RegistryError> {
    let Some(file) = &settings.ca_file else { return Ok(Vec::new()) };
    let path = file.display().to_string();
    let unusable = |reason: String| RegistryError::Authority { path: path.clone(), reason };
    let pem = std::fs::read(file).map_err(|error| unusable(error.to_string()))?;
    let found = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(error.to_string()))?;
    if found.is_empty() {
        return Err(unusable("it holds no certificate in PEM".to_owned()));
    }
    Ok(found)
}

fn supplied(schema: &str) -> Value {
    json!({ "schema": schema, "schemaType": "AVRO" })
}

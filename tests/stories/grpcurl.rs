//! A client that knows nothing but an address: it asks reflection what there is, and speaks JSON, as grpcurl does.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use prost_types::FileDescriptorProto;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataKey;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_types::StatusExt;

/// A command line of grpcurl, as far as the page uses them.
#[derive(Default)]
pub(crate) struct Typed {
    headers: Vec<(String, String)>,
    body: String,
    most: Option<Duration>,
    address: String,
    what: String,
}

/// What it would print, and the order that the answer is about.
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) order: Option<String>,
}

impl Typed {
    /// Reads a line as a shell does: quotes, and the variables that are known.
    pub(crate) fn parse(line: &str, known: &BTreeMap<String, String>) -> Self {
        let mut typed = Self::default();
        let mut words = words(line, known).into_iter();
        assert_eq!(words.next().as_deref(), Some("grpcurl"), "{line}");
        while let Some(word) = words.next() {
            match word.as_str() {
                "-plaintext" => {}
                "-H" => {
                    let header = words.next().unwrap();
                    let (name, value) = header.split_once(": ").unwrap();
                    typed.headers.push((name.to_owned(), value.to_owned()));
                }
                "-d" => typed.body = words.next().unwrap(),
                "-max-time" => {
                    typed.most = Some(Duration::from_secs(words.next().unwrap().parse().unwrap()));
                }
                _ if typed.address.is_empty() => typed.address = word,
                _ => typed.what = word,
            }
        }
        typed
    }
}

fn words(line: &str, known: &BTreeMap<String, String>) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    let mut rest = line.chars().peekable();
    while let Some(letter) = rest.next() {
        match letter {
            '\'' => quoted = !quoted,
            '$' if !quoted => {
                let mut name = String::new();
                while let Some(letter) = rest.next_if(char::is_ascii_alphanumeric) {
                    name.push(letter);
                }
                word.push_str(&known[&name]);
            }
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            letter => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Does what was typed.
pub(crate) fn said_by(typed: &Typed) -> Said {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let address = format!("http://{}", typed.address);
        let channel = Channel::from_shared(address).unwrap().connect().await.unwrap();
        match typed.what.as_str() {
            "list" => Said { text: services(&channel).await, order: None },
            method => called(&channel, method, typed).await,
        }
    })
}

async fn reflected(channel: &Channel, asked: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(asked) };
    let asked = futures_util::stream::iter([request]);
    let mut client = ServerReflectionClient::new(channel.clone());
    let mut answers = client.server_reflection_info(asked).await.unwrap().into_inner();
    answers.message().await.unwrap().unwrap().message_response.unwrap()
}

async fn services(channel: &Channel) -> String {
    match reflected(channel, MessageRequest::ListServices(String::new())).await {
        MessageResponse::ListServicesResponse(list) => {
            list.service.into_iter().map(|service| service.name + "\n").collect()
        }
        other => panic!("{other:?}"),
    }
}

async fn file(channel: &Channel, asked: MessageRequest) -> FileDescriptorProto {
    match reflected(channel, asked).await {
        MessageResponse::FileDescriptorResponse(found) => {
            FileDescriptorProto::decode(found.file_descriptor_proto[0].as_slice()).unwrap()
        }
        other => panic!("{other:?}"),
    }
}

/// The method, from its file and all that this one needs.
async fn method(channel: &Channel, service: &str, method: &str) -> MethodDescriptor {
    let first = MessageRequest::FileContainingSymbol(service.to_owned());
    let mut files = vec![file(channel, first).await];
    let mut place = 0;
    while place < files.len() {
        for name in files[place].dependency.clone() {
            if !files.iter().any(|file| file.name() == name) {
                files.push(file(channel, MessageRequest::FileByFilename(name)).await);
            }
        }
        place += 1;
    }
    let mut pool = DescriptorPool::new();
    pool.add_file_descriptor_protos(files).unwrap();
    let service = pool.get_service_by_name(service).unwrap();
    service.methods().find(|known| known.name() == method).unwrap()
}

async fn called(channel: &Channel, path: &str, typed: &Typed) -> Said {
    let (service, name) = path.split_once('/').unwrap();
    let method = method(channel, service, name).await;
    let body = if typed.body.is_empty() { "{}" } else { &typed.body };
    let mut json = serde_json::Deserializer::from_str(body);
    let mut request = Request::new(DynamicMessage::deserialize(method.input(), &mut json).unwrap());
    for (name, value) in &typed.headers {
        let name: MetadataKey<_> = name.parse().unwrap();
        request.metadata_mut().insert(name, value.parse().unwrap());
    }
    if let Some(most) = typed.most {
        request.set_timeout(most);
    }
    let mut said = Said { text: String::new(), order: None };
    if let Err(status) = received(channel, path, method, request, &mut said).await {
        let reason = status.get_error_details().error_info().unwrap().reason.clone();
        write!(said.text, "Code: {:?} \"reason\": \"{reason}\"", status.code()).unwrap();
    }
    said
}

/// All messages of the answer; one that is no stream is a stream of one.
async fn received(
    channel: &Channel,
    path: &str,
    method: MethodDescriptor,
    request: Request<DynamicMessage>,
    said: &mut Said,
) -> Result<(), Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let path = format!("/{path}").parse().unwrap();
    let mut answers = client.server_streaming(request, path, Json(method)).await?.into_inner();
    while let Some(message) = answers.message().await? {
        let shown = serde_json::to_value(&message).unwrap();
        let order = shown.pointer("/order/orderId").and_then(serde_json::Value::as_str);
        said.order = order.map(str::to_owned).or(said.order.take());
        said.text.push_str(&shown.to_string());
    }
    Ok(())
}

/// Messages of shapes that are known only now.
#[derive(Clone)]
struct Json(MethodDescriptor);

impl Codec for Json {
    type Encode = DynamicMessage;
    type Decode = DynamicMessage;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        self.clone()
    }

    fn decoder(&mut self) -> Self {
        self.clone()
    }
}

impl Encoder for Json {
    type Item = DynamicMessage;
    type Error = Status;

    fn encode(&mut self, item: DynamicMessage, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.encode(to).map_err(|error| Status::internal(error.to_string()))
    }
}

impl Decoder for Json {
    type Item = DynamicMessage;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<DynamicMessage>, Status> {
        let message = DynamicMessage::decode(self.0.output(), from);
        message.map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}

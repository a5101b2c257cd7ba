//! The contract as it was promised: every service and method is there, and no number has changed.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;

use chimera_proto::{FILE_DESCRIPTOR_SET, INTERNAL_FILE_DESCRIPTOR_SET};
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    MethodDescriptorProto,
};

const LISTING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fields.txt");

fn files(set: &[u8]) -> Vec<FileDescriptorProto> {
    FileDescriptorSet::decode(set).unwrap().file
}

fn methods(set: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files(set) {
        for service in &file.service {
            for method in &service.method {
                let stream = if method.server_streaming() { " (stream)" } else { "" };
                let service = service.name();
                found.insert(format!("{}.{service}/{}{stream}", file.package(), method.name()));
            }
        }
    }
    found
}

fn named(service: &str, methods: &[&str]) -> impl Iterator<Item = String> {
    methods.iter().map(move |method| format!("{service}/{method}")).collect::<Vec<_>>().into_iter()
}

#[test]
fn every_service_and_method_of_the_contract_is_there() {
    let stock = ["ReserveStock", "ReleaseStock", "CommitStock", "AdjustStock", "QueryStock"];
    let orders = [
        "PlaceOrder",
        "PayOrder",
        "CancelOrder",
        "ShipOrder",
        "DeliverOrder",
        "RequestReturn",
        "DecideReturn",
        "GetOrder",
        "WatchOrder (stream)",
    ];
    let products = [
        "CreateProduct",
        "UpdateProduct",
        "ChangePrice",
        "DiscontinueProduct",
        "RelistProduct",
        "GetProduct",
        "ListProducts",
        "ListPriceHistory",
    ];
    let promised = named("chimera.inventory.v1.Inventory", &stock)
        .chain(named("chimera.order.v1.Orders", &orders))
        .chain(named("chimera.product.v1.Products", &products));
    assert_eq!(methods(FILE_DESCRIPTOR_SET), promised.collect());
}

#[test]
fn what_nodes_say_to_each_other_is_not_shown_to_clients() {
    let forward = named("chimera.internal.v1.Forward", &["Execute", "Read"]);
    assert_eq!(methods(INTERNAL_FILE_DESCRIPTOR_SET), forward.collect());
    for file in files(FILE_DESCRIPTOR_SET) {
        assert_ne!(file.package(), "chimera.internal.v1");
    }
}

#[test]
fn reflection_finds_every_import() {
    for set in [FILE_DESCRIPTOR_SET, INTERNAL_FILE_DESCRIPTOR_SET] {
        let files = files(set);
        let names: BTreeSet<&str> = files.iter().map(FileDescriptorProto::name).collect();
        for import in files.iter().flat_map(|file| &file.dependency) {
            assert!(names.contains(import.as_str()), "{import}");
        }
    }
}

#[test]
fn every_method_has_a_request_and_a_response_of_its_own() {
    let mut seen = BTreeSet::new();
    for file in files(FILE_DESCRIPTOR_SET).into_iter().chain(files(INTERNAL_FILE_DESCRIPTOR_SET)) {
        for method in file.service.iter().flat_map(|service| &service.method) {
            let package = file.package();
            for (named, suffix) in
                [(method.input_type(), "Request"), (method.output_type(), "Response")]
            {
                assert_eq!(named, format!(".{package}.{}{suffix}", method.name()));
                assert!(seen.insert(named.to_owned()), "{named} is shared");
            }
        }
    }
}

#[test]
fn the_zero_of_every_enum_says_nothing() {
    for kind in ours().iter().flat_map(|file| &file.enum_type) {
        let zero = kind.value.iter().find(|value| value.number() == 0).unwrap();
        assert!(zero.name().ends_with("_UNSPECIFIED"), "{}", kind.name());
    }
}

/// Run with `UPDATE_FIXTURES=1` after adding something; a line that goes or changes breaks clients.
#[test]
fn no_name_number_or_type_has_changed() {
    let now = listing();
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(LISTING, &now).unwrap();
    }
    let promised = std::fs::read_to_string(LISTING).unwrap();
    for line in promised.lines() {
        assert!(now.lines().any(|known| known == line), "gone or changed: {line}");
    }
    assert_eq!(now, promised, "new lines: run again with UPDATE_FIXTURES=1");
}

/// The files of this repository, each once.
fn ours() -> Vec<FileDescriptorProto> {
    let mut all = files(FILE_DESCRIPTOR_SET);
    all.extend(files(INTERNAL_FILE_DESCRIPTOR_SET));
    all.retain(|file| file.package().starts_with("chimera."));
    all
}

fn listing() -> String {
    let mut lines = BTreeSet::new();
    for file in ours() {
        let package = file.package();
        for message in &file.message_type {
            list_message(package, message, &mut lines);
        }
        for kind in &file.enum_type {
            for value in &kind.value {
                let (kind, name) = (kind.name(), value.name());
                lines.insert(format!("enum {package}.{kind}.{name}={}", value.number()));
            }
        }
        for service in &file.service {
            for method in &service.method {
                lines.insert(format!("rpc {package}.{}.{}", service.name(), list_method(method)));
            }
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn list_method(method: &MethodDescriptorProto) -> String {
    let stream = |is: bool| if is { "stream " } else { "" };
    let (taken, given) = (method.input_type(), method.output_type());
    let (up, down) = (stream(method.client_streaming()), stream(method.server_streaming()));
    format!("{}({up}{taken}) returns ({down}{given})", method.name())
}

fn list_message(within: &str, message: &DescriptorProto, lines: &mut BTreeSet<String>) {
    let name = format!("{within}.{}", message.name());
    lines.insert(format!("message {name}"));
    for field in &message.field {
        let oneof = field.oneof_index.filter(|_| !field.proto3_optional());
        let oneof = oneof.map(|index| message.oneof_decl[usize::try_from(index).unwrap()].name());
        let oneof = oneof.map(|oneof| format!(" oneof {oneof}")).unwrap_or_default();
        let shape = shape(field);
        lines.insert(format!("field {name}.{}={} {shape}{oneof}", field.name(), field.number()));
    }
    for nested in &message.nested_type {
        list_message(&name, nested, lines);
    }
}

fn shape(field: &FieldDescriptorProto) -> String {
    let label = match field.label() {
        Label::Repeated => "repeated ",
        Label::Optional | Label::Required if field.proto3_optional() => "optional ",
        Label::Optional | Label::Required => "",
    };
    let kind = match field.r#type() {
        Type::Message | Type::Enum => field.type_name().trim_start_matches('.').to_owned(),
        plain => plain.as_str_name().trim_start_matches("TYPE_").to_lowercase(),
    };
    format!("{label}{kind}")
}

//! What disasters do to the stores of a shop, in the stores' own words, and what a verification must find of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use chimera_domain::time::Timestamp;
use chimera_model::{Column, Kind, ReadModel, TableSpec, product_cache, product_search_index};
use fastrand::Rng;
use serde_json::{Value as Json, json};

use crate::cluster_shop::ClusterShop;
use crate::cql::Cql;
use crate::http::{Ask, delete, get, post};
use crate::places::opensearch;
use crate::resp::Resp;

/// Keys with the fields that differ, as `replay verify` names them; none for a row that is not there.
pub(crate) type Struck = BTreeMap<String, BTreeSet<String>>;

const SPACE: &str = product_cache::PRODUCT.space;
const INDEX: &str = product_search_index::PRODUCTS.index;

/// The stores, under the names of one shop.
pub(crate) struct Hands<'a> {
    shop: &'a ClusterShop,
    cql: Cql,
    resp: Resp,
    search: SocketAddr,
}

impl<'a> Hands<'a> {
    pub(crate) fn on(shop: &'a ClusterShop) -> Self {
        let search = opensearch().trim_start_matches("http://").parse().unwrap();
        Self { shop, cql: Cql::connect(), resp: Resp::connect(), search }
    }

    fn table(&self, model: &ReadModel, table: &TableSpec) -> String {
        format!("\"{}\".\"{}_g{}\"", self.shop.name(), table.name, self.shop.live(model.name))
    }

    /// The keys of all rows: as a verification names them, and as CQL asks for them.
    fn keys(&mut self, name: &str, table: &TableSpec) -> Vec<(String, String)> {
        let columns: Vec<&Column> = table.partition_key.iter().chain(table.clustering).collect();
        let names: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
        let rows = self.cql.ask(&format!("SELECT {} FROM {name}", names.join(", ")));
        let key = |row: Vec<String>| {
            let shown = columns.iter().zip(&row).map(|(column, value)| shown(column, value));
            let asked = columns.iter().zip(&row).map(|(column, value)| asked(column, value));
            let (shown, asked): (Vec<_>, Vec<_>) = (shown.collect(), asked.collect());
            (shown.join("/"), asked.join(" AND "))
        };
        rows.into_iter().map(key).collect()
    }

    /// So many of the rows of a table: as a verification names them, and as CQL asks for them.
    fn some(
        &mut self,
        name: &str,
        table: &TableSpec,
        (count, rng): (usize, &mut Rng),
    ) -> Vec<(String, String)> {
        let mut keys = self.keys(name, table);
        rng.shuffle(&mut keys);
        assert!(keys.len() > count, "{name} has no more than {} rows", keys.len());
        keys.truncate(count);
        keys
    }

    /// Deletes so many rows of a table, wherever they are.
    pub(crate) fn delete_rows(
        &mut self,
        (model, table): (&ReadModel, &TableSpec),
        count: usize,
        rng: &mut Rng,
    ) -> Struck {
        let name = self.table(model, table);
        let mut struck = Struck::new();
        for (shown, asked) in self.some(&name, table, (count, rng)) {
            self.cql.ask(&format!("DELETE FROM {name} WHERE {asked}"));
            struck.insert(shown, BTreeSet::new());
        }
        struck
    }

    /// Gives a field of so many rows of a table another value.
    pub(crate) fn change_rows(
        &mut self,
        (model, table): (&ReadModel, &TableSpec),
        count: usize,
        rng: &mut Rng,
    ) -> Struck {
        let name = self.table(model, table);
        let simple = |column: &&Column| matches!(column.kind, Kind::Text | Kind::Integer);
        let columns: Vec<&Column> = table.columns.iter().filter(simple).collect();
        let mut struck = Struck::new();
        for (shown, asked) in self.some(&name, table, (count, rng)) {
            let column = columns[rng.usize(..columns.len())];
            let wrong = match column.kind {
                Kind::Text => "'what no rule writes'".to_owned(),
                _ => (1_i64 << 40).to_string(),
            };
            self.cql.ask(&format!("UPDATE {name} SET {}={wrong} WHERE {asked}", quoted(column)));
            struck.insert(shown, BTreeSet::from([column.name.to_owned()]));
        }
        struck
    }

    /// Drops a table.
    pub(crate) fn drop_table(&mut self, model: &ReadModel, table: &TableSpec) {
        let name = self.table(model, table);
        self.cql.ask(&format!("DROP TABLE {name}"));
    }

    /// Gives a field of so many values in Redis another content.
    pub(crate) fn change_values(&mut self, count: usize, rng: &mut Rng) -> Struck {
        let generation = self.shop.live(product_cache::MODEL.name);
        let (before, behind) =
            (format!("{}:{SPACE}:{{", self.shop.name()), format!("}}:g{generation}"));
        let mut keys = self.resp.ask(&["KEYS", &format!("{before}*{behind}")]);
        rng.shuffle(&mut keys);
        assert!(keys.len() > count, "no more than {} values", keys.len());
        let mut struck = Struck::new();
        for key in keys.into_iter().take(count) {
            let parts = self.resp.ask(&["HKEYS", &key]);
            let part = &parts[rng.usize(..parts.len())];
            let held = self.resp.ask(&["HGET", &key, part]).remove(0);
            let (version, content) = held.split_once(' ').unwrap();
            let mut content: BTreeMap<String, Json> = serde_json::from_str(content).unwrap();
            let field = rng.choice(content.keys()).unwrap().clone();
            content.insert(field.clone(), json!("what no rule writes"));
            let wrong = serde_json::to_string(&content).unwrap();
            self.resp.ask(&["HSET", &key, part, &format!("{version} {wrong}")]);
            let id = key.strip_prefix(&before).unwrap().strip_suffix(&behind).unwrap();
            struck.insert(id.to_owned(), BTreeSet::from([format!("{part}.{field}")]));
        }
        struck
    }

    /// Deletes every key of the shop.
    pub(crate) fn lose_keys(&mut self) {
        let keys = self.resp.ask(&["KEYS", &format!("{}:*", self.shop.name())]);
        assert!(!keys.is_empty());
        for key in keys {
            self.resp.ask(&["DEL", &key]);
        }
    }

    /// Drops the keyspace, and deletes every key and every index of the shop.
    pub(crate) fn lose_stores(&mut self) {
        self.cql.ask(&format!("DROP KEYSPACE \"{}\"", self.shop.name()));
        self.lose_keys();
        let path = format!("/_cat/indices/{}-*?format=json&h=index", self.shop.name());
        let indices = self.asked(&get(&path));
        for index in indices.as_array().unwrap() {
            self.asked(&delete(&format!("/{}", index["index"].as_str().unwrap())));
        }
    }

    /// Sets fields of so many documents to what they are not.
    pub(crate) fn change_documents(&mut self, count: usize, rng: &mut Rng) -> Struck {
        let index = self.index();
        let mut documents = self.documents(&index);
        rng.shuffle(&mut documents);
        assert!(documents.len() > count, "no more than {} documents", documents.len());
        let mut struck = Struck::new();
        for (id, _) in documents.into_iter().take(count) {
            let wrong = [("currency", json!("XXX")), ("price", json!(1))];
            let (field, value) = &wrong[rng.usize(..wrong.len())];
            self.update(&index, &id, &json!({"parts": {"price": {*field: [value]}}}));
            struck.insert(id, BTreeSet::from([format!("price.{field}")]));
        }
        struck
    }

    /// Flips one bit of one letter of a title.
    pub(crate) fn flip_a_bit(&mut self, rng: &mut Rng) -> Struck {
        let index = self.index();
        let mut documents = self.documents(&index);
        rng.shuffle(&mut documents);
        let title =
            |source: &Json| source["parts"]["details"]["title"][0].as_str().map(str::to_owned);
        let titled = |(id, source): (String, Json)| title(&source).map(|title| (id, title));
        let (id, title) = documents.into_iter().find_map(titled).unwrap();
        let mut bytes = title.into_bytes();
        let letters: Vec<usize> =
            (0..bytes.len()).filter(|&at| bytes[at].is_ascii_alphabetic()).collect();
        // Bits 0 to 3 make another character that can be seen of any letter.
        bytes[letters[rng.usize(..letters.len())]] ^= 1 << rng.u8(0..4);
        let flipped = String::from_utf8(bytes).unwrap();
        self.update(&index, &id, &json!({"parts": {"details": {"title": [flipped]}}}));
        BTreeMap::from([(id, BTreeSet::from(["details.title".to_owned()]))])
    }

    /// Deletes the index of the live generation.
    pub(crate) fn delete_index(&mut self) {
        let name = self.index();
        self.asked(&delete(&format!("/{name}")));
    }

    fn index(&self) -> String {
        let generation = self.shop.live(product_search_index::MODEL.name);
        format!("{}-{INDEX}-g{generation}", self.shop.name())
    }

    /// All documents with their ids.
    fn documents(&self, index: &str) -> Vec<(String, Json)> {
        self.asked(&post(&format!("/{index}/_refresh"), &json!({})));
        let found = self.asked(&get(&format!("/{index}/_search?size=1000")));
        let hits = found["hits"]["hits"].as_array().unwrap().iter();
        hits.map(|hit| (hit["_id"].as_str().unwrap().to_owned(), hit["_source"].clone())).collect()
    }

    fn update(&self, index: &str, id: &str, document: &Json) {
        let path = format!("/{index}/_update/{id}?refresh=true");
        let updated = self.asked(&post(&path, &json!({"doc": document})));
        assert_eq!(updated["result"], "updated", "{id}: {document}");
    }

    fn asked(&self, ask: &Ask) -> Json {
        let answer = ask.send(self.search).unwrap();
        assert!(answer.status < 300, "{}", answer.text);
        answer.json()
    }
}

fn quoted(column: &Column) -> String {
    format!("\"{}\"", column.name)
}

/// As a verification shows a value of a key.
fn shown(column: &Column, value: &str) -> String {
    match column.kind {
        Kind::Timestamp => Timestamp(value.parse().unwrap()).to_string(),
        _ => value.to_owned(),
    }
}

/// As CQL asks for a row.
fn asked(column: &Column, value: &str) -> String {
    match column.kind {
        Kind::Text | Kind::Json => format!("{}='{}'", quoted(column), value.replace('\'', "''")),
        _ => format!("{}={value}", quoted(column)),
    }
}

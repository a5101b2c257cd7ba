//! Logs with a past, places to back them up to, and what a restored log must be like.
#![allow(clippy::unwrap_used, clippy::panic, reason = "these are tests")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chimera_backup::{
    About, Backed, BackupError, Checker, Fault, Judge, Options, Place, Point, Restored, Restoring,
    Schemas, SigningKey, Source, Target, TrustedKey, absent, back_up, examine, preflight, restore,
    until,
};
use chimera_codec::testing::sample;
use chimera_codec::{StreamCodec, schemas_of, with_schema_id};
use chimera_domain::order;
use chimera_domain::time::Timestamp;
use chimera_log::{Batch, Entry, EventLog, MemoryLog, Partition, RawRecord, StreamSpec};

pub(crate) const STREAMS: [&str; 2] = ["ecommerce.order.order", "ecommerce.payment.payment"];
pub(crate) const PARTITIONS: u32 = 2;

/// A registry: gives ids as they come.
pub(crate) struct Book(Mutex<Vec<(u32, String)>>);

impl Book {
    /// One whose ids begin behind this one.
    pub(crate) fn from(first: u32) -> Arc<Self> {
        Arc::new(Self(Mutex::new(vec![(first, "\"null\"".to_owned())])))
    }

    /// The id of a schema, given if there was none.
    pub(crate) fn give(&self, text: &str) -> u32 {
        let mut known = self.0.lock().unwrap();
        if let Some((id, _)) = known.iter().find(|(_, one)| one == text) {
            return *id;
        }
        let id = known.last().unwrap().0 + 1;
        known.push((id, text.to_owned()));
        id
    }
}

#[async_trait]
impl Schemas for Book {
    async fn text(&self, id: u32) -> Result<Option<String>, String> {
        Ok(self.0.lock().unwrap().iter().find(|(one, _)| *one == id).map(|(_, text)| text.clone()))
    }

    async fn id(&self, _: &str, text: &str, register: bool) -> Result<Option<u32>, String> {
        let known = self.0.lock().unwrap().iter().find(|(_, one)| one == text).map(|(id, _)| *id);
        Ok(if register { Some(self.give(text)) } else { known })
    }
}

/// An event to be: in which partition, with how much ballast, recorded how long after the one before, caused by which.
#[derive(Debug, Clone)]
pub(crate) struct Happening {
    pub(crate) stream: usize,
    pub(crate) partition: u32,
    pub(crate) ballast: usize,
    pub(crate) later: i64,
}

/// A log and its registry.
pub(crate) struct World {
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) book: Arc<Book>,
    clock: i64,
    events: u128,
}

impl World {
    /// An empty log; ids of schemas begin behind this one.
    pub(crate) fn new(first_id: u32) -> Self {
        Self::on(Arc::new(MemoryLog::new()), first_id)
    }

    pub(crate) fn on(log: Arc<dyn EventLog>, first_id: u32) -> Self {
        Self { log, book: Book::from(first_id), clock: 0, events: 0 }
    }

    /// With its streams.
    pub(crate) fn founded(self) -> Self {
        let spec = |name: &str| StreamSpec { name: name.into(), partitions: PARTITIONS };
        self.log.ensure_streams(&STREAMS.map(spec)).unwrap();
        self
    }

    /// Appends what happened.
    pub(crate) fn happen(&mut self, happenings: &[Happening]) {
        for happening in happenings {
            self.clock += happening.later;
            self.event(happening, "request");
        }
    }

    /// Appends an event at the clock of the world; its id.
    pub(crate) fn event(&mut self, happening: &Happening, cause: &str) -> String {
        let stream = STREAMS[happening.stream % STREAMS.len()];
        let partition = Partition::new(stream, happening.partition % PARTITIONS);
        let mut writer = self.log.claim(&partition).unwrap();
        self.events += 1;
        let id = self.events;
        let text = format!("00000000-0000-0000-0000-{id:012x}");
        let mut meta = sample::meta();
        (meta.event_id, meta.sequence) = (id, writer.next_sequence());
        (meta.recorded_at, meta.causation_id) = (Timestamp(self.clock), cause.into());
        meta.producer = "x".repeat(happening.ballast).into();
        // One schema for all streams will do: nobody here asks what an event means.
        let json = schemas_of(STREAMS[0])[0].json;
        let codec = StreamCodec::<order::Event>::bundled(STREAMS[0]).unwrap();
        let mut value = vec![];
        codec.encode("key", &meta, &sample::order()[1], &mut value).unwrap();
        let value = with_schema_id(value, self.book.give(json));
        let entry = Entry {
            key: format!("k-{id}").into(),
            event_type: "t".into(),
            traceparent: None,
            value,
        };
        let mut batch = Batch::default();
        batch.push_command([entry]);
        writer.append(batch).unwrap();
        text
    }

    /// Sets the clock.
    pub(crate) fn at(&mut self, seconds: i64) {
        self.clock = seconds * 1_000_000;
    }

    /// Appends bytes that are no event.
    pub(crate) fn poison(&mut self, value: &[u8]) {
        let mut writer = self.log.claim(&Partition::new(STREAMS[0], 0)).unwrap();
        let mut batch = Batch::default();
        batch.push_command([Entry {
            key: "p".into(),
            event_type: "t".into(),
            traceparent: Some("00-1".into()),
            value: value.into(),
        }]);
        writer.append(batch).unwrap();
    }

    pub(crate) async fn back_up(
        &self,
        place: &Place,
        key: Option<SigningKey>,
    ) -> Result<Backed, BackupError> {
        let about = About { program: "test".into(), control: control(), ..About::default() };
        let source = Source { log: self.log.clone(), schemas: self.book.clone(), about };
        let options = Options {
            parallel: 2,
            segment_bytes: 3_000,
            settle: Duration::ZERO,
            key,
            progress: Arc::new(()),
        };
        back_up(source, place, options).await
    }

    pub(crate) async fn restore(
        &self,
        point: &Arc<Point>,
        moment: Option<i64>,
    ) -> Result<Restored, BackupError> {
        let moment = moment.map(|seconds| Timestamp(seconds * 1_000_000));
        let cut = until(point, moment).await?;
        let target = Target { log: Some(self.log.clone()), schemas: self.book.clone() };
        for answer in preflight(point, &cut, &target).await? {
            if !answer.good {
                return Err(BackupError::Refused(answer.said));
            }
        }
        let restoring =
            Restoring { point: point.clone(), cut, parallel: 2, progress: Arc::new(()) };
        restore(restoring, &target).await
    }

    /// Every record, with the schema of its event instead of the id.
    pub(crate) async fn records(&self) -> BTreeMap<Partition, Vec<(Option<String>, RawRecord)>> {
        let mut all = BTreeMap::new();
        for spec in self.log.streams().unwrap() {
            for index in 0..spec.partitions {
                let partition = Partition::new(&spec.name, index);
                let end = *self.log.high_watermark(&partition).unwrap().borrow();
                let mut reader = self.log.read(&partition, 1).unwrap();
                let mut records = Vec::new();
                while reader.position() <= end {
                    for record in reader.next().await.unwrap().records {
                        records.push(self.named(record).await);
                    }
                }
                all.insert(partition, records);
            }
        }
        all
    }

    async fn named(&self, mut record: RawRecord) -> (Option<String>, RawRecord) {
        let Ok(id) = chimera_codec::schema_id(&record.value) else { return (None, record) };
        let text = self.book.text(id).await.unwrap();
        record.value = with_schema_id(record.value.to_vec(), 0).into();
        (text, record)
    }
}

pub(crate) fn control() -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([("live/order_details".to_owned(), vec![0, 255, 7])])
}

/// A directory as a place.
pub(crate) fn place(dir: &Path) -> Place {
    Place::open(dir.to_str().unwrap(), true).unwrap()
}

pub(crate) async fn latest(
    place: &Place,
    trust: Option<&TrustedKey>,
) -> Result<Arc<Point>, BackupError> {
    Ok(Arc::new(Point::load(place, "latest", trust).await?))
}

/// What a check of everything says.
pub(crate) async fn faults(place: &Place) -> Result<Vec<Fault>, BackupError> {
    let point = latest(place, None).await?;
    let mut faults = absent(&point).await?;
    if faults.is_empty() {
        faults = examine(point, Arc::new(Anything), 2, Arc::new(())).await?;
    }
    Ok(faults)
}

/// Believes every record.
struct Anything;

impl Checker for Anything {
    fn of(&self, _: &Partition) -> Box<dyn Judge> {
        Box::new(Anything)
    }
}

impl Judge for Anything {
    fn record(&mut self, _: &RawRecord) -> Result<(), String> {
        Ok(())
    }
}

/// Every file under a directory, in order.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

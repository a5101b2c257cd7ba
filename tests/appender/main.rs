//! `story-appender`: one writer of one partition, alone in a process, so that a test can kill it, stop it and let it go on.
//!
//! Claims, appends commands without end, and says on stdout what it knows, a line each:
//! `claimed TERM NEXT`, `appended FIRST LAST TERM ID,ID…`, `found ID,ID…` (of an append in doubt, after reading),
//! `failed KIND REASON`, `broken REASON` (the log broke its word). Ends in order when its stdin does.

mod doubt;
mod work;

use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use chimera_log::{AppendError, EventLog, Partition, StreamSpec, Writer};
use chimera_log_kafka::{Deadlines, KafkaLog, KafkaSettings};
use clap::Parser;

use work::{Command, Work};

/// Before something that failed is tried again.
const PAUSE: Duration = Duration::from_millis(50);

/// Appends to partition 0 of the stream `orders`.
#[derive(Parser)]
struct Arguments {
    #[arg(long)]
    brokers: String,
    /// Prefix of topics and of transactional ids.
    #[arg(long)]
    prefix: String,
    /// Begins the ids of its commands; no two appenders have the same.
    #[arg(long)]
    name: String,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[arg(long, default_value_t = 1)]
    replication: i32,
    /// At most so many commands in an append.
    #[arg(long, default_value_t = 8)]
    commands: usize,
    /// At most so many events in a command.
    #[arg(long, default_value_t = 4)]
    events: usize,
    /// At most so many bytes in an event.
    #[arg(long, default_value_t = 300)]
    bytes: usize,
    /// Milliseconds for an append, twice; a claim has four times as many.
    #[arg(long, default_value_t = 4_000)]
    patience: u64,
    /// Goes on after it has lost the partition.
    #[arg(long)]
    again: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let stop = Arc::new(AtomicBool::new(false));
    let told = stop.clone();
    thread::spawn(move || {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        told.store(true, Ordering::Relaxed);
    });
    let Some(log) = open(&arguments, &stop) else { return ExitCode::SUCCESS };
    let work = Work::new(&arguments);
    Appender { log, partition: Partition::new("orders", 0), work, stop }.run(arguments.again);
    ExitCode::SUCCESS
}

/// As often as it takes; none if it is to stop before.
fn open(arguments: &Arguments, stop: &AtomicBool) -> Option<KafkaLog> {
    let patience = Duration::from_millis(arguments.patience);
    let deadlines = Deadlines { request: patience, claim: patience * 4, append: patience };
    let settings = KafkaSettings {
        topic_prefix: format!("{}.", arguments.prefix),
        replication: arguments.replication,
        deadlines,
        ..KafkaSettings::new(&arguments.brokers, &arguments.prefix)
    };
    let orders = [StreamSpec { name: "orders".into(), partitions: 1 }];
    while !stop.load(Ordering::Relaxed) {
        let opened = KafkaLog::open(settings.clone()).map_err(|error| error.to_string());
        let ready = opened.and_then(|log| {
            log.ensure_streams(&orders).map_err(|error| error.to_string())?;
            Ok(log)
        });
        match ready {
            Ok(log) => return Some(log),
            Err(reason) => say(&format!("failed open {reason}")),
        }
        thread::sleep(PAUSE);
    }
    None
}

/// A line. Without anybody who listens there is nothing left to do.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

struct Appender {
    log: KafkaLog,
    partition: Partition,
    work: Work,
    stop: Arc<AtomicBool>,
}

impl Appender {
    fn run(&mut self, again: bool) {
        let mut doubt: Option<doubt::Doubt> = None;
        while let Some(mut writer) = self.claim() {
            say(&format!("claimed {} {}", writer.term(), writer.next_sequence()));
            if let Some(doubt) = doubt.take()
                && let Err(reason) = self.settle(doubt, writer.next_sequence())
            {
                say(&format!("broken {reason}"));
                return;
            }
            doubt = self.serve(&mut *writer);
            if doubt.is_none() || !again {
                return;
            }
        }
    }

    fn claim(&self) -> Option<Box<dyn Writer>> {
        while !self.stop.load(Ordering::Relaxed) {
            match self.log.claim(&self.partition) {
                Ok(writer) => return Some(writer),
                Err(error) => say(&format!("failed claim {error}")),
            }
            // Two that claim from each other in step would never get through.
            thread::sleep(PAUSE + Duration::from_millis(fastrand::u64(..2_000)));
        }
        None
    }

    /// Until an append fails; none if it was told to stop.
    fn serve(&mut self, writer: &mut dyn Writer) -> Option<doubt::Doubt> {
        while !self.stop.load(Ordering::Relaxed) {
            let (from, commands) = (writer.next_sequence(), self.work.next());
            match writer.append(work::batch(&commands, writer.term())) {
                Ok(appended) => {
                    let (term, ids) = (writer.term(), work::ids(&commands));
                    say(&format!("appended {} {} {term} {ids}", appended.first, appended.last));
                }
                Err(error) => {
                    let is_open = matches!(error, AppendError::Indeterminate { .. });
                    say(&format!("failed {} {error}", if is_open { "open" } else { "none" }));
                    return Some(doubt::Doubt { commands, from, is_open });
                }
            }
        }
        None
    }

    /// Finds by reading what became of an append; what is not there comes next, under the same ids.
    fn settle(&mut self, doubt: doubt::Doubt, next: u64) -> Result<(), String> {
        let present = doubt.present(&self.log, &self.partition, next)?;
        if !present.is_empty() {
            say(&format!("found {}", work::ids(&present)));
        }
        let missing = doubt.commands.into_iter().filter(|command| !present.contains(command));
        self.work.again(missing.collect::<Vec<Command>>());
        Ok(())
    }
}

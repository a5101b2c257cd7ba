//! Keeps the shards of a stream in line with what this process has been given: starts those that come, lets go of those that leave.
//!
//! A partition that leaves is written here until its next owner's claim fences this one: nobody waits while the other reads up.
//! Never claims by itself; a shard does.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chimera_codec::StreamCodec;
use chimera_domain::aggregate::{Aggregate, DomainEvent};
use chimera_log::{Ownership, Partition};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use crate::engine::Engine;
use crate::mailbox::{Message, Phase};
use crate::seat::Seat;
use crate::shard::{Parts, Shard};
use crate::slot::Slot;

/// How long a partition that leaves may be written here if nobody claims it: longer than a process that ends waits for the
/// others, who may have much to read.
const LINGER: Duration = Duration::from_secs(15);
/// How often shards that leave or have ended are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// One running shard.
struct Seated<A: Aggregate> {
    seat: watch::Sender<Seat>,
    mailbox: mpsc::Sender<Message<A>>,
    thread: JoinHandle<()>,
    /// Since when it is another's, if it is.
    leaving: Option<Instant>,
    /// The term of the latest claim by another process that the shard was told of.
    superseded: u64,
    /// It has been told to end.
    told: bool,
}

pub(crate) struct Keeper<A: Aggregate> {
    engine: Engine,
    codec: Arc<StreamCodec<A::Event>>,
    slots: Arc<[Slot<A>]>,
    seated: Vec<Option<Seated<A>>>,
}

impl<A: Aggregate> Keeper<A> {
    pub(crate) fn new(
        engine: Engine,
        codec: Arc<StreamCodec<A::Event>>,
        slots: Arc<[Slot<A>]>,
    ) -> Self {
        let seated = slots.iter().map(|_| None).collect();
        Self { engine, codec, slots, seated }
    }

    /// Follows what the process is given, until it is told to stop; then ends every shard.
    pub(crate) async fn keep(mut self, mut stop: watch::Receiver<bool>) {
        let (mut given, mut owners) = (self.engine.log.ownership(), self.engine.log.owners());
        let mut look = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = told(&mut stop) => break,
                Ok(()) = given.changed() => {}
                Ok(()) = owners.changed() => {}
                _ = look.tick() => {}
            }
            if let Err(error) = self.align() {
                tracing::error!(stream = A::STREAM, %error, "a shard's thread cannot be started; trying again");
            }
        }
        self.end().await;
    }

    /// Makes what runs here what should.
    pub(crate) fn align(&mut self) -> std::io::Result<()> {
        let given = self.engine.log.ownership().borrow().clone();
        let standby = self.standby(&given);
        for (index, slot) in self.slots.clone().iter().enumerate() {
            let partition = slot.status().borrow().partition.clone();
            let wanted = match () {
                () if given.contains(&partition) => Seat::Owner,
                () if standby.contains(&partition) => Seat::Standby,
                () => Seat::Leaving,
            };
            self.clear_ended(index, slot);
            self.seat(index, slot, partition, wanted)?;
        }
        Ok(())
    }

    /// The partitions after one's own, as many as shall be followed.
    fn standby(&self, given: &Ownership) -> Ownership {
        let count = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let at = |index: u32| Partition::new(A::STREAM, index % count);
        let first = (0..count).find(|index| given.contains(&at(*index))).unwrap_or(0);
        let others = (first..first + count).map(at).filter(|partition| !given.contains(partition));
        others.take(self.engine.options.standby as usize).collect()
    }

    fn seat(
        &mut self,
        index: usize,
        slot: &Slot<A>,
        partition: Partition,
        wanted: Seat,
    ) -> std::io::Result<()> {
        match (&mut self.seated[index], wanted) {
            (None, Seat::Leaving) => {}
            (None, Seat::Owner | Seat::Standby) => {
                if matches!(slot.status().borrow().phase, Phase::Ended(_)) {
                    return Ok(());
                }
                let seated = self.start(slot, partition, wanted)?;
                if wanted == Seat::Owner {
                    slot.open(seated.mailbox.clone());
                }
                self.seated[index] = Some(seated);
            }
            (Some(seated), Seat::Owner) => {
                seated.leaving = None;
                if let Some(term) = claimed_after(&self.engine, slot)
                    && term > seated.superseded
                    && slot.status().borrow().phase == Phase::Serving
                {
                    seated.superseded = term;
                    let _ = seated.mailbox.try_send(Message::Superseded);
                }
                if *seated.seat.borrow() == Seat::Standby {
                    seated.seat.send_replace(Seat::Owner);
                    slot.open(seated.mailbox.clone());
                }
            }
            (Some(seated), Seat::Standby | Seat::Leaving) => {
                let writes = *seated.seat.borrow() == Seat::Owner;
                if writes || wanted == Seat::Leaving {
                    self.let_go(index, slot, &partition);
                }
            }
        }
        Ok(())
    }

    /// Ends a shard whose partition is another's: at once if it only follows or the next owner has claimed.
    fn let_go(&mut self, index: usize, slot: &Slot<A>, partition: &Partition) {
        let Some(seated) = &mut self.seated[index] else { return };
        let since = *seated.leaving.get_or_insert_with(Instant::now);
        let claimed = claimed_after(&self.engine, slot).is_some();
        let follows = *seated.seat.borrow() == Seat::Standby;
        if seated.told || !(follows || claimed || since.elapsed() > LINGER) {
            return;
        }
        tracing::info!(%partition, claimed, "letting go of a partition");
        seated.told = true;
        slot.close();
        seated.seat.send_replace(Seat::Leaving);
        let mailbox = seated.mailbox.clone();
        tokio::spawn(async move { mailbox.send(Message::Stop).await });
    }

    /// Makes room where a shard has ended. One that ended by itself says so for good.
    fn clear_ended(&mut self, index: usize, slot: &Slot<A>) {
        let ended = self.seated[index].as_ref().is_some_and(|seated| seated.thread.is_finished());
        let Some(seated) = self.seated[index].take_if(|_| ended) else { return };
        slot.close();
        let broke = seated.thread.join().is_err();
        slot.announcer().send_modify(|status| {
            if broke {
                status.phase = Phase::Ended("its thread broke off".to_owned());
            } else if seated.told {
                status.phase = Phase::Elsewhere;
            }
        });
    }

    fn start(
        &self,
        slot: &Slot<A>,
        partition: Partition,
        wanted: Seat,
    ) -> std::io::Result<Seated<A>> {
        let options = self.engine.options;
        let (mailbox, received) = mpsc::channel(options.mailbox);
        let (seat, given) = watch::channel(wanted);
        let name =
            format!("{}-{}", A::STREAM.rsplit('.').next().unwrap_or_default(), partition.index);
        let parts = Parts {
            partition,
            log: Arc::clone(&self.engine.log),
            checkpoints: Arc::clone(&self.engine.checkpoints),
            clock: Arc::clone(&self.engine.clock),
            codec: Arc::clone(&self.codec),
            producer: Arc::clone(&self.engine.producer),
            options,
            runtime: Handle::current(),
            event_types: A::Event::TYPES.iter().map(|&name| name.into()).collect(),
        };
        tokio::spawn(tick(mailbox.clone(), options.tick));
        let shard = Shard::new(parts, received, slot.announcer(), given);
        let thread = thread::Builder::new().name(name).spawn(move || shard.run())?;
        Ok(Seated { seat, mailbox, thread, leaving: None, superseded: 0, told: false })
    }

    /// Lets every shard finish its round and save a checkpoint, and waits for their threads.
    async fn end(self) {
        let mut threads = Vec::new();
        for seated in self.seated.into_iter().flatten() {
            if *seated.seat.borrow() == Seat::Standby {
                seated.seat.send_replace(Seat::Leaving);
            }
            let _ = seated.mailbox.send(Message::Stop).await;
            threads.push(seated.thread);
        }
        let joined = tokio::task::spawn_blocking(move || {
            for thread in threads {
                if thread.join().is_err() {
                    tracing::error!("a shard's thread broke off");
                }
            }
        });
        let _ = joined.await;
    }
}

/// The term of a later claim than that of the slot's shard, if another process has made one. A writer that renews its own
/// claim is no other.
fn claimed_after<A: Aggregate>(engine: &Engine, slot: &Slot<A>) -> Option<u64> {
    let (owners, status) = (engine.log.owners(), slot.status());
    let (owners, status) = (owners.borrow(), status.borrow());
    let owner = owners.get(&status.partition)?;
    let is_ours =
        engine.cluster.as_ref().is_some_and(|cluster| cluster.own_address == owner.address);
    (owner.term > status.term && !is_ours).then_some(owner.term)
}

/// Waits until the shards shall stop. Whoever has forgotten them has not stopped them: routers still lead to them.
async fn told(stop: &mut watch::Receiver<bool>) {
    let forgotten = stop.wait_for(|&stop| stop).await.is_err();
    if forgotten {
        std::future::pending::<()>().await;
    }
}

/// Tells a shard that time passes, until it is gone. A shard that is busy needs no telling.
async fn tick<A: Aggregate>(shard: mpsc::Sender<Message<A>>, every: Duration) {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        interval.tick().await;
        if let Err(mpsc::error::TrySendError::Closed(_)) = shard.try_send(Message::Tick) {
            return;
        }
    }
}

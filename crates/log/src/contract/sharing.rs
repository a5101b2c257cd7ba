//! What a process that is alone in a group is given.

use super::{Log, soon, spec};
use crate::{Partition, ReadError};

/// `share`.
pub(super) async fn one_process_alone_is_given_its_whole_share(log: Log) {
    log.ensure_streams(&[spec("one", 3), spec("two", 2), spec("three", 1)]).unwrap();
    let share = log.share("readers", &["one", "two"]).unwrap();
    let mut given = share.given();
    let first = soon(given.wait_for(Option::is_some)).await.unwrap().clone().unwrap();
    let all = [("one", 0), ("one", 1), ("one", 2), ("two", 0), ("two", 1)];
    let all = all.map(|(stream, index)| Partition::new(stream, index));
    assert_eq!(first, all.clone().into());
    share.applied(&all[0], 1);
    // Work of another name is shared for itself.
    let other = log.share("others", &["one"]).unwrap();
    let mut theirs = other.given();
    let theirs = soon(theirs.wait_for(Option::is_some)).await.unwrap().clone().unwrap();
    assert_eq!(theirs.len(), 3);
    share.leave();
    let unknown = log.share("readers", &["one", "nowhere"]).err();
    assert_eq!(unknown, Some(ReadError::UnknownPartition(Partition::new("nowhere", 0))));
}

//! Where the partitions of a topic end, in Kafka's own count: asked of the broker itself, in its own words.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::program::PATIENCE;

/// `ListOffsets`, in a version that every broker since 0.10 has.
const LIST_OFFSETS: [u8; 4] = [0, 2, 0, 1];
const LATEST: i64 = -1;

/// The offset behind the last record or marker of each of so many partitions, asked of the one broker that leads them all.
pub(crate) fn ends(broker: &str, topic: &str, partitions: u32) -> Vec<i64> {
    let mut request = LIST_OFFSETS.to_vec();
    // Correlation, no name of the client, no replica, one topic.
    for number in [7_i32.to_be_bytes().as_slice(), &[255; 2], &[255; 4], &[0, 0, 0, 1]] {
        request.extend(number);
    }
    request.extend(u16::try_from(topic.len()).unwrap().to_be_bytes());
    request.extend(topic.as_bytes());
    request.extend(partitions.to_be_bytes());
    for partition in 0..partitions {
        request.extend(partition.to_be_bytes());
        request.extend(LATEST.to_be_bytes());
    }
    let answer = exchange(broker, &request);
    // Behind correlation, number of topics, name and number of partitions: index, error, time and offset of each.
    let told = &answer[4 + 4 + 2 + topic.len() + 4..];
    let end = |partition: &[u8]| {
        assert_eq!(partition[4..6], [0, 0], "{topic}: an error of Kafka");
        i64::from_be_bytes(partition[14..22].try_into().unwrap())
    };
    told.chunks(22).map(end).collect()
}

fn exchange(broker: &str, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(broker).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = u32::try_from(request.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length, request].concat()).unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut answer).unwrap();
    answer
}

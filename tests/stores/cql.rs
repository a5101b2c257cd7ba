//! The smallest client of Cassandra that will do: CQL as text, rows of texts and integers. So that a disaster knows nothing of the
//! program that it strikes.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::places::cassandra;
use crate::program::PATIENCE;

/// Of the protocol's version 4.
const STARTUP: u8 = 0x01;
const QUERY: u8 = 0x07;
const ERROR: u8 = 0x00;
const RESULT: u8 = 0x08;
/// In the flags of an answer that begins with warnings.
const WARNED: u8 = 0x08;
const ROWS: i32 = 2;
const BIGINT: u16 = 0x02;
const TEXT: u16 = 0x0d;
/// Consistency of every question: one node has everything.
const ONE: u16 = 1;

/// A connection.
pub(crate) struct Cql(TcpStream);

impl Cql {
    pub(crate) fn connect() -> Self {
        let stream = TcpStream::connect(cassandra()).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut cql = Self(stream);
        let mut hello = vec![0, 1];
        for word in ["CQL_VERSION", "3.0.0"] {
            hello.extend(u16::try_from(word.len()).unwrap().to_be_bytes());
            hello.extend(word.as_bytes());
        }
        cql.exchange(STARTUP, &hello);
        cql
    }

    /// Has something done or asked; the rows of the answer, if it has any.
    pub(crate) fn ask(&mut self, statement: &str) -> Vec<Vec<String>> {
        let mut query = i32::try_from(statement.len()).unwrap().to_be_bytes().to_vec();
        query.extend(statement.as_bytes());
        query.extend(ONE.to_be_bytes());
        query.push(0);
        let (kind, answer) = self.exchange(QUERY, &query);
        assert_eq!(kind, RESULT, "{statement}");
        rows(&mut Bytes(&answer))
    }

    fn exchange(&mut self, kind: u8, body: &[u8]) -> (u8, Vec<u8>) {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        let frame = [&[4, 0, 0, 0, kind], &length[..], body].concat();
        self.0.write_all(&frame).unwrap();
        let mut head = [0; 9];
        self.0.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut answer = vec![0; length as usize];
        self.0.read_exact(&mut answer).unwrap();
        assert_ne!(head[4], ERROR, "Cassandra: {}", String::from_utf8_lossy(&answer));
        (head[4], behind_warnings(head[1], answer))
    }
}

fn behind_warnings(flags: u8, answer: Vec<u8>) -> Vec<u8> {
    if flags & WARNED == 0 {
        return answer;
    }
    let mut left = Bytes(&answer);
    for _ in 0..left.short() {
        left.word();
    }
    left.0.to_vec()
}

fn rows(answer: &mut Bytes) -> Vec<Vec<String>> {
    if answer.number() != ROWS {
        return Vec::new();
    }
    let is_of_one_table = answer.number() & 1 == 1;
    let columns = answer.number();
    for _ in 0..2 * i32::from(is_of_one_table) {
        answer.word();
    }
    let kinds: Vec<u16> = (0..columns).map(|_| kind(answer, is_of_one_table)).collect();
    let lines = answer.number();
    let line = |_| kinds.iter().map(|kind| value(*kind, answer.value())).collect();
    (0..lines).map(line).collect()
}

/// The kind of the next column, behind its table, if that is told of each, and its name.
fn kind(answer: &mut Bytes, is_of_one_table: bool) -> u16 {
    for _ in 0..if is_of_one_table { 1 } else { 3 } {
        answer.word();
    }
    answer.short()
}

fn value(kind: u16, value: &[u8]) -> String {
    match kind {
        TEXT => String::from_utf8(value.to_vec()).unwrap(),
        BIGINT => i64::from_be_bytes(value.try_into().unwrap()).to_string(),
        other => panic!("a column of the kind {other}, which no disaster reads"),
    }
}

/// What is still to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, left) = self.0.split_at(length);
        self.0 = left;
        taken
    }

    fn short(&mut self) -> u16 {
        u16::from_be_bytes(self.take(2).try_into().unwrap())
    }

    fn number(&mut self) -> i32 {
        i32::from_be_bytes(self.take(4).try_into().unwrap())
    }

    fn word(&mut self) -> &'a [u8] {
        let length = self.short();
        self.take(length.into())
    }

    /// None has no bytes.
    fn value(&mut self) -> &'a [u8] {
        let length = self.number();
        self.take(usize::try_from(length).unwrap_or(0))
    }
}

//! The smallest HTTP client that will do: one connection a request, whole answers only.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::program::PATIENCE;

/// A request.
pub(crate) struct Ask {
    head: String,
    body: String,
}

pub(crate) fn get(path: &str) -> Ask {
    Ask { head: format!("GET {path} HTTP/1.1\r\n"), body: String::new() }
}

#[allow(dead_code, reason = "for the stories of disasters")]
pub(crate) fn delete(path: &str) -> Ask {
    Ask { head: format!("DELETE {path} HTTP/1.1\r\n"), body: String::new() }
}

pub(crate) fn post(path: &str, body: &Value) -> Ask {
    with_body("POST", path, body)
}

#[allow(dead_code, reason = "not every program of stories changes a product")]
pub(crate) fn patch(path: &str, body: &Value) -> Ask {
    with_body("PATCH", path, body)
}

#[allow(dead_code, reason = "not every program of stories sets a price")]
pub(crate) fn put(path: &str, body: &Value) -> Ask {
    with_body("PUT", path, body)
}

fn with_body(method: &str, path: &str, body: &Value) -> Ask {
    let body = body.to_string();
    let head = format!("{method} {path} HTTP/1.1\r\ncontent-type: application/json\r\n");
    Ask { head, body }
}

impl Ask {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head.extend([name, ": ", value, "\r\n"]);
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// Sends it and reads the answer to its end; an error if the answer is not whole.
    pub(crate) fn send(&self, to: SocketAddr) -> io::Result<Answer> {
        self.send_within(to, PATIENCE)
    }

    /// As [`Ask::send`], but does not wait longer for a sign of life.
    pub(crate) fn send_within(&self, to: SocketAddr, patience: Duration) -> io::Result<Answer> {
        let mut stream = TcpStream::connect(to)?;
        stream.set_read_timeout(Some(patience))?;
        let Self { head, body } = self;
        let length = body.len();
        write!(
            stream,
            "{head}host: {to}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Answer::parse(&answer).ok_or_else(|| io::Error::other("the answer is cut short"))
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) text: String,
}

impl Answer {
    fn parse(answer: &str) -> Option<Self> {
        let (head, text) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let answer = Self { status, head: head.to_owned(), text: text.to_owned() };
        let length: usize = answer.header("content-length")?.parse().ok()?;
        (text.len() == length).then_some(answer)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        pairs.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Where what was asked for stands in the log.
    pub(crate) fn position(&self) -> &str {
        self.header("chimera-position").unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

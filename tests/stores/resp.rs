//! The smallest client of Redis that will do: commands of words, answers of texts. So that a disaster knows nothing of the program that
//! it strikes.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;

use crate::places::redis;
use crate::program::PATIENCE;

/// A connection.
pub(crate) struct Resp(BufReader<TcpStream>);

impl Resp {
    pub(crate) fn connect() -> Self {
        let stream = TcpStream::connect(redis().trim_start_matches("redis://")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// The texts of the answer; none where there is none.
    pub(crate) fn ask(&mut self, words: &[&str]) -> Vec<String> {
        let mut command = format!("*{}\r\n", words.len());
        for word in words {
            write!(command, "${}\r\n{word}\r\n", word.len()).unwrap();
        }
        self.0.get_mut().write_all(command.as_bytes()).unwrap();
        let mut texts = Vec::new();
        self.answer(&mut texts);
        texts
    }

    fn answer(&mut self, texts: &mut Vec<String>) {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let (kind, line) = line.trim_end().split_at(1);
        let count = || usize::try_from(line.parse::<i64>().unwrap()).unwrap_or(0);
        match kind {
            "+" | ":" => texts.push(line.to_owned()),
            "$" if line == "-1" => {}
            "$" => {
                let mut text = vec![0; count() + 2];
                self.0.read_exact(&mut text).unwrap();
                texts.push(String::from_utf8(text).unwrap().trim_end_matches("\r\n").to_owned());
            }
            "*" => (0..count()).for_each(|_| self.answer(texts)),
            _ => panic!("Redis: {kind}{line}"),
        }
    }
}

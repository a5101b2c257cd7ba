//! As much of S3 as restore points need: objects that are made only if they are not there, ranges, lists in pages. In memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// How many objects a page of a list has.
const PAGE: usize = 3;
const DATE: &str = "Sun, 22 Nov 2026 10:00:00 GMT";

type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A bucket named `bucket`, until the test ends.
pub(crate) struct Bucket {
    port: u16,
    objects: Objects,
}

/// What was asked.
struct Asked {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Bucket {
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, objects) = (listener.local_addr().unwrap().port(), Objects::default());
        let served = objects.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let objects = served.clone();
                thread::spawn(move || serve(&stream.unwrap(), &objects));
            }
        });
        Self { port, objects }
    }

    /// How a program finds it.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT", format!("http://127.0.0.1:{}", self.port)),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_ACCESS_KEY_ID", "me".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_REGION", "eu-west-1".to_owned()),
        ]
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    /// Flips a bit in the middle of an object.
    pub(crate) fn damage(&self, name: &str) {
        let mut objects = self.objects.lock().unwrap();
        let object = objects.get_mut(name).unwrap();
        let middle = object.len() / 2;
        object[middle] ^= 1;
    }
}

fn serve(stream: &TcpStream, objects: &Objects) {
    let mut reader = BufReader::new(stream);
    while let Some(asked) = read(&mut reader) {
        let (status, headers, body) = answer(&asked, &mut objects.lock().unwrap());
        let mut head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        let body = if asked.method == "HEAD" { Vec::new() } else { body };
        let mut stream = stream;
        if stream.write_all(format!("{head}\r\n").as_bytes()).is_err()
            || stream.write_all(&body).is_err()
        {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.map(|(name, value)| (name.to_owned(), value.replace("%2F", "/"))).collect();
    Some(Asked { method, path: path.to_owned(), query, headers, body })
}

type Answer = (&'static str, Vec<(&'static str, String)>, Vec<u8>);

fn answer(asked: &Asked, objects: &mut BTreeMap<String, Vec<u8>>) -> Answer {
    let name = asked.path.trim_start_matches("/bucket").trim_start_matches('/').to_owned();
    if asked.query.contains_key("list-type") {
        return (
            "200 OK",
            vec![("Content-Type", "application/xml".to_owned())],
            list(asked, objects),
        );
    }
    let seen = || vec![("ETag", "\"1\"".to_owned()), ("Last-Modified", DATE.to_owned())];
    match (&*asked.method, objects.get(&name)) {
        ("PUT", Some(_)) if asked.headers.contains_key("if-none-match") => {
            ("412 Precondition Failed", vec![], vec![])
        }
        ("PUT", _) => {
            objects.insert(name, asked.body.clone());
            ("200 OK", seen(), vec![])
        }
        (_, None) => ("404 Not Found", vec![], vec![]),
        (_, Some(object)) => match asked.headers.get("range") {
            None => ("200 OK", seen(), object.clone()),
            Some(range) => {
                let (from, to) = range.trim_start_matches("bytes=").split_once('-').unwrap();
                let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
                let mut headers = seen();
                headers.push(("Content-Range", format!("bytes {from}-{to}/{}", object.len())));
                ("206 Partial Content", headers, object[from..=to].to_vec())
            }
        },
    }
}

fn list(asked: &Asked, objects: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let (prefix, after) = (asked.query.get("prefix"), asked.query.get("continuation-token"));
    let within = |name: &&String| {
        prefix.is_none_or(|prefix| name.starts_with(prefix))
            && after.is_none_or(|after| *name > after)
    };
    let names: Vec<&String> = objects.keys().filter(within).collect();
    let mut xml = "<ListBucketResult>".to_owned();
    for name in names.iter().take(PAGE) {
        let size = objects[*name].len();
        write!(
            xml,
            "<Contents><Key>{name}</Key><LastModified>2026-11-22T10:00:00.000Z</LastModified>\
             <ETag>\"1\"</ETag><Size>{size}</Size></Contents>"
        )
        .unwrap();
    }
    if names.len() > PAGE {
        let last = names[PAGE - 1];
        write!(
            xml,
            "<IsTruncated>true</IsTruncated><NextContinuationToken>{last}</NextContinuationToken>"
        )
        .unwrap();
    }
    (xml + "</ListBucketResult>").into_bytes()
}

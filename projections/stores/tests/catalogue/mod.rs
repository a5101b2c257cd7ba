//! The catalogue of books that `CHIMERA_STACK_BOOKS` names: a .csv or .csv.zst file with `book_id`, `title`, `authors`, `language_code`.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use chimera_stores::contract::search::books::Book;

/// Its books; none, and a line that says so, where no file is named.
pub(crate) fn books() -> Option<Vec<Book>> {
    let Ok(path) = std::env::var("CHIMERA_STACK_BOOKS") else {
        let note = "not run: CHIMERA_STACK_BOOKS names no catalogue of books\n";
        let _ = std::io::stderr().write_all(note.as_bytes());
        return None;
    };
    let file = File::open(&path).unwrap();
    let input: Box<dyn Read> = if Path::new(&path).extension().is_some_and(|kind| kind == "zst") {
        Box::new(zstd::Decoder::new(file).unwrap())
    } else {
        Box::new(file)
    };
    let mut reader = csv::Reader::from_reader(input);
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|known| known == name).unwrap();
    let [id, title, authors, language] =
        ["book_id", "title", "authors", "language_code"].map(column);
    let mut books = Vec::new();
    for record in reader.records() {
        let record = record.unwrap();
        let code = record[language].split('-').next().filter(|code| !code.is_empty());
        let code = code.map(|code| match code {
            "eng" => "en",
            "fre" => "fr",
            "ger" => "de",
            "spa" => "es",
            other => other,
        });
        books.push(Book {
            id: format!("book-{}", &record[id]),
            title: record[title].to_owned(),
            authors: record[authors].split(", ").map(str::to_owned).collect(),
            language: code.map(str::to_owned),
        });
    }
    Some(books)
}

//! A shelf of well-known books, for those who have no catalogue at hand.

use super::Book;

/// Title, authors with strokes between them, and language.
const BOOKS: [(&str, &str, &str); 60] = [
    ("The Hobbit", "J.R.R. Tolkien", "en"),
    ("The History of the Hobbit", "John D. Rateliff|J.R.R. Tolkien", "en"),
    ("The Silmarillion", "J.R.R. Tolkien|Christopher Tolkien", "en"),
    ("The Fellowship of the Ring", "J.R.R. Tolkien", "en"),
    ("To Kill a Mockingbird", "Harper Lee", "en"),
    ("Mockingbird", "Kathryn Erskine", "en"),
    ("1984", "George Orwell", "en"),
    ("Animal Farm", "George Orwell", "en"),
    ("Catch-22", "Joseph Heller", "en"),
    ("Les Misérables", "Victor Hugo", "fr"),
    ("Notre-Dame de Paris", "Victor Hugo", "fr"),
    ("L'Étranger", "Albert Camus", "fr"),
    ("The Great Gatsby", "F. Scott Fitzgerald", "en"),
    ("Dune", "Frank Herbert", "en"),
    ("Dune Messiah", "Frank Herbert", "en"),
    ("Children of Dune", "Frank Herbert", "en"),
    ("Rebecca", "Daphne du Maurier", "en"),
    ("The Birds", "Daphne du Maurier", "en"),
    ("Frankenstein", "Mary Wollstonecraft Shelley", "en"),
    ("Dracula", "Bram Stoker", "en"),
    ("Lolita", "Vladimir Nabokov", "en"),
    ("Reading Lolita in Tehran", "Azar Nafisi", "en"),
    ("The Night Circus", "Erin Morgenstern", "en"),
    ("The Night Watch", "Sarah Waters", "en"),
    ("The Girl with the Dragon Tattoo", "Stieg Larsson|Reg Keeland", "en"),
    ("The Girl Who Played with Fire", "Stieg Larsson|Reg Keeland", "en"),
    ("The Little Prince", "Antoine de Saint-Exupéry", "en"),
    ("A Little Princess", "Frances Hodgson Burnett", "en"),
    ("One Hundred Years of Solitude", "Gabriel García Márquez", "en"),
    ("Love in the Time of Cholera", "Gabriel García Márquez", "en"),
    ("Emma", "Jane Austen", "en"),
    ("Pride and Prejudice", "Jane Austen", "en"),
    ("Pride and Prejudice and Zombies", "Seth Grahame-Smith|Jane Austen", "en"),
    ("Persuasion", "Jane Austen", "en"),
    ("Room", "Emma Donoghue", "en"),
    ("Neverwhere", "Neil Gaiman", "en"),
    ("American Gods", "Neil Gaiman", "en"),
    ("Good Omens", "Terry Pratchett|Neil Gaiman", "en"),
    ("Wuthering Heights", "Emily Brontë", "en"),
    ("Jane Eyre", "Charlotte Brontë", "en"),
    ("The Hunger Games", "Suzanne Collins", "en"),
    ("Catching Fire", "Suzanne Collins", "en"),
    ("Ender's Game", "Orson Scott Card", "en"),
    ("Harry Potter and the Sorcerer's Stone", "J.K. Rowling", "en"),
    ("Harry Potter and the Prisoner of Azkaban", "J.K. Rowling", "en"),
    ("The Alchemist", "Paulo Coelho", "en"),
    ("The Brothers Karamazov", "Fyodor Dostoyevsky", "en"),
    ("Crime and Punishment", "Fyodor Dostoyevsky", "en"),
    ("Fahrenheit 451", "Ray Bradbury", "en"),
    ("A Wrinkle in Time", "Madeleine L'Engle", "en"),
    ("A Brief History of Time", "Stephen Hawking", "en"),
    ("The Things They Carried", "Tim O'Brien", "en"),
    ("Anna Karenina", "Leo Tolstoy", "en"),
    ("War and Peace", "Leo Tolstoy", "en"),
    ("Lord of the Flies", "William Golding", "en"),
    ("The Lord of the Rings", "J.R.R. Tolkien", "en"),
    ("Of Mice and Men", "John Steinbeck", "en"),
    ("East of Eden", "John Steinbeck", "en"),
    ("Der Prozess", "Franz Kafka", "de"),
    ("Cien años de soledad", "Gabriel García Márquez", "es"),
];

/// The books of the shelf.
#[must_use]
pub fn shelf() -> Vec<Book> {
    let mut books = Vec::with_capacity(BOOKS.len());
    for (number, (title, authors, language)) in BOOKS.iter().enumerate() {
        books.push(Book {
            id: format!("B-{number}"),
            title: (*title).to_owned(),
            authors: authors.split('|').map(str::to_owned).collect(),
            language: Some((*language).to_owned()),
        });
    }
    books
}

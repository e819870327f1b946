//! Why the database could not do what was asked, in words that never repeat the values of a statement.

/// A failed statement, connection or migration. The texts carry names of tables and constraints, never bound values or passwords.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The address is neither `sqlite:PATH` nor a `postgres://` URL that can be read.
    #[error("データベースのアドレスが読めません（{0}）。sqlite:PATH または postgres://user:password@host:port/name の形で書いてください。")]
    Address(String),
    /// Another process owns this SQLite file.
    #[error(
        "データベース {file} は別の onshi{process} が使用中です。それを止めるか、それに仕事をさせてください。(another onshi process{process} holds this database; stop it first, or let it do the work)"
    )]
    Held {
        /// The database file.
        file: String,
        /// ` (pid 123)`, or nothing when it could not be read.
        process: String,
    },
    /// The database, or the connection to it, is not there now: trying again later may help.
    #[error("データベースを今は使えません。({0})")]
    Unavailable(String),
    /// The way to the database cannot be protected as its address wants: a word, a root certificate or the server's own certificate is wrong.
    #[error("データベースとの通信を保護できません（{0}）。")]
    Protection(String),
    /// A row with the same unique key exists.
    #[error("a row with the same key exists already ({constraint})")]
    Unique {
        /// The constraint (PostgreSQL) or the columns (SQLite).
        constraint: String,
    },
    /// Another rule of the table was broken: not null, foreign key, check.
    #[error("a rule of the table was broken ({constraint})")]
    Constraint {
        /// The rule, in the engine's words.
        constraint: String,
    },
    /// The engine refused the statement.
    #[error("the database refused the statement: {0}")]
    Statement(String),
    /// A column was read as a type it does not have.
    #[error("column {index} was read as {wanted} but is {found}")]
    Column {
        /// Counted from 0.
        index: usize,
        /// The type that was asked for.
        wanted: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A statement of this transaction failed earlier, so it can only be rolled back.
    #[error("an earlier statement of this transaction failed; everything in it was rolled back")]
    GivenUp,
    /// The tables were made by a newer program.
    #[error(
        "{room} の表は版 {found} ですが、このプログラムが知るのは版 {known} までです。表を作ったものと同じか新しいプログラムを起動するか、更新前の控えから戻してください。(the tables are newer than this program: start a program at least as new)"
    )]
    NewerSchema {
        /// The owner of the tables.
        room: String,
        /// The newest version in the database.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// A migration that was applied has another text in this program.
    #[error(
        "{room} の移行 {number}（{name}）が適用後に変更されています。元の文に戻し、新しい移行を書いてください。(migration changed after it had been applied)"
    )]
    ChangedMigration {
        /// The owner of the tables.
        room: String,
        /// The migration's number.
        number: i64,
        /// The migration's name.
        name: String,
    },
    /// The program's list of migrations is not 1, 2, 3, …
    #[error("the migrations of {room} are not numbered 1, 2, 3, … ({number} is out of order)")]
    MigrationOrder {
        /// The owner of the tables.
        room: String,
        /// The first number out of order.
        number: i64,
    },
}

impl DbError {
    /// Whether a row with the same unique key exists.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Unique { .. })
    }

    /// Whether the database or the connection to it is missing, so that the same call may succeed later.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

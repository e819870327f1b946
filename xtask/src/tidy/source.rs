//! One Rust file as the checks see it: its words with their lines, the paths it names, and which of its lines are tests.

use std::ops::RangeInclusive;

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::Visit;

/// One word of a file, with comments and documentation left out.
pub(crate) struct Word {
    /// Its line, from 1.
    pub(crate) line: usize,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What a word is.
pub(crate) enum Kind {
    /// An identifier or keyword.
    Name(String),
    /// A string literal, unescaped.
    Text(String),
    /// Anything else that is not part of a path: an operator, a bracket, a number.
    Mark(char),
}

/// One Rust file.
pub(crate) struct Source {
    /// Its path from the root of the tree, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
    /// As the compiler's grammar sees it.
    pub(crate) syntax: syn::File,
    /// Modules that it declares in files of their own for tests only.
    pub(crate) test_modules: Vec<String>,
    words: Vec<Word>,
    tests: Vec<RangeInclusive<usize>>,
    all_tests: bool,
}

impl Source {
    /// Reads a file's text; an error names the line at which it is no Rust.
    pub(crate) fn read(path: &str, text: String) -> Result<Self> {
        let syntax = syn::parse_file(&text).map_err(|error| anyhow!("{path}:{}: {error}", error.span().start().line))?;
        let tokens: TokenStream = text.parse().map_err(|error| anyhow!("{path}:1: {error}"))?;
        let mut reading = Reading::default();
        reading.stream(tokens);
        let all_tests = path.split('/').any(|part| part == "tests" || part == "benches") || reading.inner_test;
        Ok(Self {
            path: path.to_owned(),
            text,
            syntax,
            test_modules: reading.test_modules,
            words: reading.words,
            tests: reading.tests,
            all_tests,
        })
    }

    /// Says that another file declares this one for tests only.
    pub(crate) fn mark_as_test(&mut self) {
        self.all_tests = true;
    }

    /// Whether the line belongs to a test.
    pub(crate) fn is_test(&self, line: usize) -> bool {
        self.all_tests || self.tests.iter().any(|range| range.contains(&line))
    }

    /// How many of its lines are not tests.
    pub(crate) fn program_lines(&self) -> usize {
        (1..=self.text.lines().count()).filter(|line| !self.is_test(*line)).count()
    }

    /// Its words, tests included.
    pub(crate) fn words(&self) -> &[Word] {
        &self.words
    }

    /// Its identifiers with their lines, tests included.
    pub(crate) fn names(&self) -> impl Iterator<Item = (usize, &str)> {
        self.words.iter().filter_map(|word| match &word.kind {
            Kind::Name(name) => Some((word.line, name.as_str())),
            _ => None,
        })
    }

    /// Its string literals with their lines, tests included.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (usize, &str)> {
        self.words.iter().filter_map(|word| match &word.kind {
            Kind::Text(text) => Some((word.line, text.as_str())),
            _ => None,
        })
    }

    /// Every path it names (`std::fs::read`), those inside macros and spelled-out `use` groups included, tests too.
    pub(crate) fn paths(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        let mut open: Option<(usize, String)> = None;
        let mut colons = 0;
        for word in &self.words {
            match &word.kind {
                Kind::Mark(':') => colons += 1,
                Kind::Name(name) => {
                    match &mut open {
                        Some((_, path)) if colons == 2 => {
                            path.push_str("::");
                            path.push_str(name);
                        }
                        _ => found.extend(open.replace((word.line, name.clone()))),
                    }
                    colons = 0;
                }
                // The rest of `use a::{b, c}` and `use a::*`: spelled out below.
                Kind::Mark('{' | '*') if colons == 2 => {
                    open = None;
                    colons = 0;
                }
                _ => {
                    found.extend(open.take());
                    colons = 0;
                }
            }
        }
        found.extend(open);
        let mut uses = Uses::default();
        uses.visit_file(&self.syntax);
        found.extend(uses.0);
        found
    }
}

/// What is gathered while the tokens of a file are walked.
#[derive(Default)]
struct Reading {
    words: Vec<Word>,
    tests: Vec<RangeInclusive<usize>>,
    test_modules: Vec<String>,
    inner_test: bool,
}

impl Reading {
    fn stream(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        let mut test_from: Option<usize> = None;
        let mut module: Option<Option<String>> = None;
        while let Some(token) = tokens.next() {
            let end = token.span().end().line;
            if let TokenTree::Punct(mark) = &token
                && mark.as_char() == '#'
            {
                let inner = tokens.next_if(|next| matches!(next, TokenTree::Punct(mark) if mark.as_char() == '!')).is_some();
                if let Some(TokenTree::Group(group)) = tokens.next_if(is_bracket) {
                    let test = is_test_attribute(&group);
                    self.inner_test |= inner && test && self.words.is_empty();
                    if test && !inner {
                        test_from.get_or_insert(mark.span().start().line);
                    }
                    self.attribute(group);
                }
                continue;
            }
            match &token {
                TokenTree::Ident(name) if name == "mod" => module = Some(None),
                TokenTree::Ident(name) if matches!(module, Some(None)) => module = Some(Some(name.to_string())),
                _ => {}
            }
            let closes = match &token {
                TokenTree::Punct(mark) => mark.as_char() == ';',
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                _ => false,
            };
            let semicolon = matches!(token, TokenTree::Punct(_));
            self.token(token);
            if closes {
                let declared = module.take().flatten();
                if let Some(start) = test_from.take() {
                    self.tests.push(start..=end);
                    self.test_modules.extend(declared.filter(|_| semicolon));
                }
            }
        }
    }

    /// Documentation is no word of the program; other attributes are.
    fn attribute(&mut self, group: Group) {
        let first = group.stream().into_iter().next();
        if !matches!(first, Some(TokenTree::Ident(name)) if name == "doc") {
            self.token(TokenTree::Group(group));
        }
    }

    fn token(&mut self, token: TokenTree) {
        let line = token.span().start().line;
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ('(', ')'),
                    Delimiter::Brace => ('{', '}'),
                    Delimiter::Bracket => ('[', ']'),
                    Delimiter::None => (' ', ' '),
                };
                let last = group.span_close().end().line;
                self.words.push(Word { line, kind: Kind::Mark(open) });
                self.stream(group.stream());
                self.words.push(Word { line: last, kind: Kind::Mark(close) });
            }
            TokenTree::Ident(name) => self.words.push(Word { line, kind: Kind::Name(name.to_string()) }),
            TokenTree::Punct(mark) => self.words.push(Word { line, kind: Kind::Mark(mark.as_char()) }),
            TokenTree::Literal(literal) => {
                let kind = match syn::Lit::new(literal) {
                    syn::Lit::Str(text) => Kind::Text(text.value()),
                    syn::Lit::ByteStr(text) => Kind::Text(String::from_utf8_lossy(&text.value()).into_owned()),
                    syn::Lit::CStr(text) => Kind::Text(text.value().to_string_lossy().into_owned()),
                    _ => Kind::Mark('0'),
                };
                self.words.push(Word { line, kind });
            }
        }
    }
}

fn is_bracket(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket)
}

/// `#[cfg(test)]`, `#[test]`, `#[tokio::test]`; a `cfg` that can be true in a program is none.
fn is_test_attribute(group: &Group) -> bool {
    let words: Vec<String> = flat_names(group.stream());
    let has = |word: &str| words.iter().any(|name| name == word);
    match words.first().map(String::as_str) {
        Some("cfg") => has("test") && !has("not") && !has("any"),
        Some("doc" | "cfg_attr" | "allow" | "expect" | "derive") => false,
        _ => has("test"),
    }
}

fn flat_names(tokens: TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(name) => names.push(name.to_string()),
            TokenTree::Group(group) => names.extend(flat_names(group.stream())),
            _ => {}
        }
    }
    names
}

/// Spells out `use std::{fs, net}`.
#[derive(Default)]
struct Uses(Vec<(usize, String)>);

impl Uses {
    fn branch(&mut self, before: &str, tree: &syn::UseTree) {
        let join = |name: &syn::Ident| if before.is_empty() { name.to_string() } else { format!("{before}::{name}") };
        match tree {
            syn::UseTree::Path(path) => self.branch(&join(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.0.push((name.ident.span().start().line, join(&name.ident))),
            syn::UseTree::Rename(name) => self.0.push((name.ident.span().start().line, join(&name.ident))),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.branch(before, item)),
            syn::UseTree::Glob(glob) => self.0.push((glob.span().start().line, before.to_owned())),
        }
    }
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.branch("", &item.tree);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::read("a/src/lib.rs", text.to_owned()).expect("the sample is Rust")
    }

    #[test]
    fn tests_are_told_from_the_program() {
        let source = source("fn a() {}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn b() {}\n}\n#[cfg(test)]\nmod aside;\nfn c() {}\n");
        let program: Vec<usize> = (1..=9).filter(|line| !source.is_test(*line)).collect();
        assert_eq!(program, [1, 9]);
        assert_eq!(source.program_lines(), 2);
        assert_eq!(source.test_modules, ["aside"]);
    }

    #[test]
    fn paths_are_seen_in_groups_and_macros_and_not_in_comments() {
        let source = source("//! std::env\nuse std::{fs as disk, net};\nfn a() { println!(\"{}\", std::process::id()); }\n");
        let paths: Vec<String> = source.paths().into_iter().map(|(_, path)| path).collect();
        for seen in ["std::fs", "std::net", "std::process::id"] {
            assert!(paths.iter().any(|path| path == seen), "{seen} is not among {paths:?}");
        }
        assert!(!paths.iter().any(|path| path == "std::env" || path == "std"), "{paths:?}");
    }
}

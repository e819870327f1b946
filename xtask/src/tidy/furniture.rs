//! Holds the furniture rules of source files: a purpose first, short files, short functions, names that say something.

use anyhow::Result;
use syn::spanned::Spanned;
use syn::visit::Visit;

use super::Finding;
use super::tree::{Breach, Tree};

/// Lines of a file that are no test.
const FILE_LINES: usize = 400;

/// Lines of a function, from its signature to its closing brace.
const FUNCTION_LINES: usize = 70;

/// Every source file begins with a sentence that says what it does.
pub(crate) fn purposes(tree: &Tree) -> Result<Finding> {
    let says = |text: &str| {
        text.lines().next().and_then(|line| line.strip_prefix("//! ")).is_some_and(|line| line.split_whitespace().count() >= 3)
    };
    let lacks = tree.sources.iter().filter(|source| !says(&source.text));
    let mut breaches: Vec<Breach> = lacks.map(|source| Breach::new(&source.path, 1, "begins with no `//! <what it does>`")).collect();
    breaches.extend(tree.unreadable.iter().cloned());
    Ok(Finding::new(format!("{} files", tree.sources.len()), breaches))
}

/// A file's part that is no test has at most 400 lines, a function 70.
pub(crate) fn budgets(tree: &Tree) -> Result<Finding> {
    let mut breaches = Vec::new();
    let mut functions = 0;
    for source in &tree.sources {
        let lines = source.program_lines();
        if lines > FILE_LINES {
            breaches.push(Breach::new(&source.path, FILE_LINES + 1, format!("{lines} lines without its tests: at most {FILE_LINES}")));
        }
        let mut found = Functions::default();
        found.visit_file(&source.syntax);
        functions += found.0.len();
        for (name, line, lines) in found.0.into_iter().filter(|(_, _, lines)| *lines > FUNCTION_LINES) {
            breaches.push(Breach::new(&source.path, line, format!("`{name}` has {lines} lines: at most {FUNCTION_LINES}")));
        }
    }
    Ok(Finding::new(format!("{} files, {functions} functions", tree.sources.len()), breaches))
}

/// Name, first line and number of lines of every function.
#[derive(Default)]
struct Functions(Vec<(String, usize, usize)>);

impl Functions {
    fn add(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.span().start().line;
        let last = block.brace_token.span.close().end().line;
        self.0.push((signature.ident.to_string(), first, (last + 1).saturating_sub(first)));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, &function.block);
        syn::visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, &function.block);
        syn::visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.sig, block);
        }
        syn::visit::visit_trait_item_fn(self, function);
    }
}

/// No file, folder or module has a name that says nothing.
pub(crate) fn names(tree: &Tree) -> Result<Finding> {
    let empty =
        |name: &str| name.split(['_', '-', '.']).find(|word| tree.lists.empty_names.iter().any(|empty| empty == word)).map(str::to_owned);
    let mut breaches = Vec::new();
    for path in &tree.files {
        if let Some(word) = path.split('/').find_map(empty) {
            breaches.push(Breach::new(path, 1, format!("`{word}` says nothing: name it by what it holds")));
        }
    }
    for source in &tree.sources {
        let mut modules = Modules::default();
        modules.visit_file(&source.syntax);
        for (line, name) in modules.0 {
            if let Some(word) = empty(&name) {
                breaches.push(Breach::new(&source.path, line, format!("module `{name}`: `{word}` says nothing: name it by what it holds")));
            }
        }
    }
    Ok(Finding::new(format!("{} files", tree.files.len()), breaches))
}

#[derive(Default)]
struct Modules(Vec<(usize, String)>);

impl<'ast> Visit<'ast> for Modules {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        // A module in a file of its own is named by that file.
        if module.content.is_some() {
            self.0.push((module.ident.span().start().line, module.ident.to_string()));
        }
        syn::visit::visit_item_mod(self, module);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::fake;

    #[test]
    fn a_file_without_a_purpose_is_named() {
        let clean = [("wire/src/lib.rs", "//! Holds what crosses between center and clinic.\n")];
        fake::shows(purposes, &clean, &[("wire/src/xml.rs", "use a::B;\n//! Too late to say.\n")], "wire/src/xml.rs:1: ");
        fake::shows(purposes, &clean, &[("wire/src/xml.rs", "//! xml\n")], "wire/src/xml.rs:1: ");
        fake::shows(purposes, &clean, &[("wire/src/xml.rs", "//! Half of a file.\nfn a( {\n")], "wire/src/xml.rs:1: not readable as Rust");
    }

    #[test]
    fn a_long_file_and_a_long_function_are_named() {
        let body = "    a();\n".repeat(FUNCTION_LINES - 2);
        let test_lines = "    fn b() {}\n".repeat(FILE_LINES);
        let just = format!("/// Says a.\nfn a() {{\n{body}}}\n#[cfg(test)]\nmod tests {{\n{test_lines}}}\n");
        let clean = [("wire/src/lib.rs", just.as_str())];
        let long_function = format!("struct A;\nimpl A {{\n    fn a() {{\n{body}    a();\n}}\n}}\n");
        fake::shows(budgets, &clean, &[("wire/src/xml.rs", &long_function)], "wire/src/xml.rs:3: `a` has 71 lines");
        fake::shows(budgets, &clean, &[("wire/src/xml.rs", &"fn a() {}\n".repeat(FILE_LINES + 1))], "wire/src/xml.rs:401: 401 lines");
    }

    #[test]
    fn a_name_that_says_nothing_is_named() {
        let clean = [("wire/src/lib.rs", "mod xml;\n"), ("wire/src/xml.rs", "mod commons {}\n")];
        fake::shows(names, &clean, &[("wire/src/string_utils.rs", "fn a() {}\n")], "wire/src/string_utils.rs:1: ");
        fake::shows(names, &clean, &[("wire/tests/common/clock.rs", "fn a() {}\n")], "wire/tests/common/clock.rs:1: ");
        fake::shows(names, &clean, &[("wire/src/xml.rs", "\nmod helpers {}\n")], "wire/src/xml.rs:2: ");
    }
}

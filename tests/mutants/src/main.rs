//! Builds many mutants into one program, each behind a switch.
//!
//! Reads the mutants that cargo-mutants lists (`--list --json`) from standard input, and rewrites the sources below the folder that
//! it is given: each mutant is there beside the original, and `LIFT_MUTANT=n` turns on the one with the index `n - 1`. Writes
//! what it has done to standard output, as JSON: for each file the bytes that belong to a mutant, so that an error of the
//! compiler there can be told to be that mutant's. What it cannot do it leaves out: what is evaluated by the compiler, and
//! what would take a condition with a `let` apart.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::ops::Range;
use std::{env, fs, io};

use proc_macro2::Span;
use serde::{Deserialize, Serialize};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Expr, Signature};

/// The module that is added to the crate, and its function.
const SWITCH: &str = "crate::mutant_switch::is_on";

const MODULE: &str = r#"//! Which mutant is on.

use std::sync::OnceLock;

/// Whether it is this one.
pub(crate) fn is_on(number: u32) -> bool {
    static ON: OnceLock<u32> = OnceLock::new();
    *ON.get_or_init(|| std::env::var("LIFT_MUTANT").ok().and_then(|number| number.parse().ok()).unwrap_or(0)) == number
}
"#;

/// A line from 1 on, and a column from 1 on.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash)]
struct Place {
    line: usize,
    column: usize,
}

impl From<Span> for Place {
    fn from(span: Span) -> Self {
        let start = span.start();
        Self { line: start.line, column: start.column + 1 }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Hash)]
enum Genre {
    FnValue,
    BinaryOperator,
    UnaryOperator,
    MatchArm,
    MatchArmGuard,
    StructField,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Listed {
    file: String,
    genre: Genre,
    replacement: String,
    span: Where,
}

#[derive(Deserialize)]
struct Where {
    start: Place,
}

#[derive(Clone)]
struct Mutant {
    number: usize,
    replacement: String,
}

/// Where a mutant's text begins and ends, and its number.
type Places = Vec<(usize, usize, usize)>;

#[derive(Serialize)]
struct Report {
    places: BTreeMap<String, Places>,
}

/// A text that is put in. Those at one place come in the order in which they were added.
struct Insert {
    at: usize,
    text: String,
    /// Whose it is, unless it belongs to several.
    of: Option<usize>,
}

struct Rewriter<'s> {
    source: &'s str,
    mutants: HashMap<(Place, Genre), Vec<Mutant>>,
    inserts: Vec<Insert>,
}

impl Rewriter<'_> {
    /// The mutants of something that begins here. They are taken, so that none is done twice.
    fn take(&mut self, span: Span, genre: Genre) -> Vec<Mutant> {
        self.mutants.remove(&(span.into(), genre)).unwrap_or_default()
    }

    fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.inserts.push(Insert { at, text: text.into(), of: None });
    }

    fn insert_of(&mut self, number: usize, at: usize, text: impl Into<String>) {
        self.inserts.push(Insert { at, text: text.into(), of: Some(number) });
    }

    /// A function that returns something else at once.
    fn body(&mut self, signature: &Signature, block: &syn::Block) {
        if signature.constness.is_some() {
            return;
        }
        let opens = block.span().byte_range().start + 1;
        let first = block.stmts.first().map(Spanned::span);
        for span in first.into_iter().chain([block.span()]) {
            for Mutant { number, replacement } in self.take(span, Genre::FnValue) {
                self.insert_of(number, opens, format!(" if {SWITCH}({number}) {{ return {replacement}; }} "));
            }
        }
        visit::visit_block(self, block);
    }

    /// The guard of an arm that is always met, or never.
    fn guard(&mut self, guard: &Expr) {
        let range = guard.span().byte_range();
        let mut closing = String::new();
        for Mutant { number, replacement } in self.take(guard.span(), Genre::MatchArmGuard) {
            let opening = match replacement.as_str() {
                "true" => format!("({SWITCH}({number}) || "),
                _ => format!("(!{SWITCH}({number}) && "),
            };
            self.insert_of(number, range.start, opening);
            closing.push(')');
        }
        if closing.is_empty() {
            return self.visit_expr(guard);
        }
        self.insert(range.start, "(");
        self.visit_expr(guard);
        self.insert(range.end, closing + ")");
    }

    /// An expression beside its mutants, each of which is its text with a part of it changed, as cargo-mutants changes it.
    fn alternatives(
        &mut self,
        range: Range<usize>,
        changes: Vec<(Mutant, Range<usize>)>,
        visit: impl FnOnce(&mut Self),
    ) {
        if changes.is_empty() {
            return visit(self);
        }
        self.insert(range.start, "(");
        for (Mutant { number, replacement }, changed) in changes {
            let text = |range| self.source.get(range).unwrap_or_default();
            let (before, behind) = (text(range.start..changed.start), text(changed.end..range.end));
            let alternative = format!("if {SWITCH}({number}) {{ {before}{replacement}{behind} }} else ");
            self.insert_of(number, range.start, alternative);
        }
        self.insert(range.start, "{ ");
        visit(self);
        self.insert(range.end, " })");
    }

    /// The mutants of all operators of one level or more, such as `+` and `*` of `a + b * c`.
    fn operators(&mut self, expr: &syn::ExprBinary, changes: &mut Vec<(Mutant, Range<usize>)>) {
        let operator = expr.op.span();
        let mutants = self.take(operator, Genre::BinaryOperator);
        changes.extend(mutants.into_iter().map(|mutant| (mutant, operator.byte_range())));
        for side in [&*expr.left, &*expr.right] {
            if let Expr::Binary(side) = side {
                self.operators(side, changes);
            }
        }
    }
}

/// Whether it is a condition with a `let`, which stands nowhere else.
fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        Expr::Unary(unary) => has_let(&unary.expr),
        Expr::Paren(inner) => has_let(&inner.expr),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Rewriter<'_> {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.body(&item.sig, &item.block);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.body(&item.sig, &item.block);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.body(&item.sig, block);
        }
    }

    // What the compiler evaluates has no switch.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_pat(&mut self, _: &'ast syn::Pat) {}

    fn visit_expr_binary(&mut self, expr: &'ast syn::ExprBinary) {
        if has_let(&expr.left) || has_let(&expr.right) {
            return visit::visit_expr_binary(self, expr);
        }
        let mut changes = Vec::new();
        self.operators(expr, &mut changes);
        self.alternatives(expr.span().byte_range(), changes, |this| visit::visit_expr_binary(this, expr));
    }

    fn visit_expr_unary(&mut self, expr: &'ast syn::ExprUnary) {
        let operator = expr.op.span();
        let mutants =
            if has_let(&expr.expr) { Vec::new() } else { self.take(operator, Genre::UnaryOperator) };
        let changes = mutants.into_iter().map(|mutant| (mutant, operator.byte_range())).collect();
        self.alternatives(expr.span().byte_range(), changes, |this| visit::visit_expr_unary(this, expr));
    }

    /// Fields that are left to the base.
    fn visit_expr_struct(&mut self, expr: &'ast syn::ExprStruct) {
        let mut changes = Vec::new();
        for pair in expr.fields.pairs() {
            let field = pair.span().byte_range();
            let mutants = self.take(pair.value().span(), Genre::StructField);
            changes.extend(mutants.into_iter().map(|mutant| (mutant, field.clone())));
        }
        self.alternatives(expr.span().byte_range(), changes, |this| visit::visit_expr_struct(this, expr));
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        let guard = arm.guard.as_ref().map(|(_, guard)| &**guard);
        if guard.is_some_and(has_let) {
            return visit::visit_arm(self, arm);
        }
        let deleted = self.take(arm.span(), Genre::MatchArm).into_iter().next();
        match (deleted, guard) {
            (None, None) => {}
            (None, Some(guard)) => self.guard(guard),
            (Some(Mutant { number, .. }), None) => {
                let end = arm.pat.span().byte_range().end;
                self.insert_of(number, end, format!(" if !{SWITCH}({number})"));
            }
            (Some(Mutant { number, .. }), Some(guard)) => {
                let range = guard.span().byte_range();
                self.insert_of(number, range.start, format!("!{SWITCH}({number}) && ("));
                self.guard(guard);
                self.insert(range.end, ")");
            }
        }
        self.visit_expr(&arm.body);
    }
}

/// The source with the mutants in it, and the places of what is theirs.
fn rewritten(source: &str, mutants: HashMap<(Place, Genre), Vec<Mutant>>) -> syn::Result<(String, Places)> {
    let file = syn::parse_file(source)?;
    let mut rewriter = Rewriter { source, mutants, inserts: Vec::new() };
    rewriter.visit_file(&file);
    let mut inserts = rewriter.inserts;
    inserts.sort_by_key(|insert| insert.at);
    let (mut text, mut places, mut copied) = (String::new(), Places::new(), 0);
    for Insert { at, text: put_in, of } in inserts {
        text.push_str(source.get(copied..at).unwrap_or_default());
        copied = at;
        let begin = text.len();
        text.push_str(&put_in);
        places.extend(of.map(|number| (begin, text.len(), number)));
    }
    text.push_str(source.get(copied..).unwrap_or_default());
    Ok((text, places))
}

fn main() -> Result<(), Box<dyn Error>> {
    let tree = env::args().nth(1).ok_or("usage: mutants FOLDER < LIST.json")?;
    let listed: Vec<Option<Listed>> = serde_json::from_reader(io::stdin())?;
    let mut files: BTreeMap<String, HashMap<(Place, Genre), Vec<Mutant>>> = BTreeMap::new();
    for (index, listed) in listed.into_iter().enumerate() {
        let Some(Listed { file, genre, replacement, span }) = listed else { continue };
        let mutant = Mutant { number: index + 1, replacement };
        files.entry(file).or_default().entry((span.start, genre)).or_default().push(mutant);
    }
    let mut places = BTreeMap::new();
    for (file, mutants) in files {
        let path = format!("{tree}/{file}");
        let (text, of_mutants) = rewritten(&fs::read_to_string(&path)?, mutants)?;
        fs::write(&path, text)?;
        places.insert(file, of_mutants);
    }
    fs::write(format!("{tree}/lift/src/mutant_switch.rs"), MODULE)?;
    let root = format!("{tree}/lift/src/lib.rs");
    fs::write(&root, fs::read_to_string(&root)? + "\nmod mutant_switch;\n")?;
    serde_json::to_writer(io::stdout(), &Report { places })?;
    Ok(())
}

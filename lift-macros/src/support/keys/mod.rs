//! Attribute keys: one table per macro, one piece of code that reads them all.
//!
//! [`parse`] cuts an attribute into entries without judging them. [`Table::read`] reports everything that is wrong with
//! them and returns the [`Values`] that are right, which a macro asks with the same [`Key`] that stands in its table.

mod entry;
mod event;
mod kind;
mod logical;
mod number;
mod table;
mod values;

pub(crate) use entry::{Entry, Piece, Value, into_entries, parse, split};
pub(crate) use event::{Match, Matches, RouteKey, Text};
pub(crate) use kind::{
    Bool, Choice, ChoiceOrName, Chosen, CratePath, Duration, Flag, FunctionPath, Kind, Name, Nested, Shape,
    TypePath,
};
pub(crate) use logical::LogicalName;
pub(crate) use number::Number;
pub(crate) use table::{Conflict, Key, Neighbour, Table};
pub(crate) use values::{Set, Values};

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::tables;

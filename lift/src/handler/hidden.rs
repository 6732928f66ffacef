//! What stands behind `impl IntoResponse`, where no trait sees it.
//!
//! Of such a type the compiler says nothing but its name. The name is taken apart as the type's trait
//! [`Buries`](super::kind::Buries) would be resolved: what is refused where it is written is refused here as well.

use std::any::type_name;
use std::hash::{Hash, Hasher};
use std::mem::discriminant;
use std::sync::Arc;

use super::Json;

/// The name of the type, if an `Err` inside of it would be answered as a success.
pub(super) fn hidden<T>() -> Option<&'static str> {
    let name = type_name::<T>();
    let hides = match result(name) {
        // Its own `Err` is seen when it is answered.
        Some(inside) => elements(inside).next().is_some_and(buries),
        None => buries(name),
    };
    hides.then_some(name)
}

/// Whether this is the `Err` of a type that is not known to be a `Result` before the program is built: one that is known
/// has been opened.
///
/// Which variant it is, the number of its discriminant says. A number that cannot be read is an `Err`, so that nothing is
/// lost.
pub(super) fn is_err<T>(answer: &T) -> bool {
    if result(type_name::<T>()).is_none() {
        return false;
    }
    let mut number = Number(None);
    discriminant(answer).hash(&mut number);
    number.0 != Some(0)
}

/// Takes the number that a discriminant hashes.
struct Number(Option<isize>);

impl Hasher for Number {
    fn write(&mut self, _: &[u8]) {}

    fn write_isize(&mut self, number: isize) {
        self.0 = Some(number);
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// What is between the `<` and `>` of a `Result`.
fn result(name: &str) -> Option<&str> {
    let opening = type_name::<Result<(), ()>>().strip_suffix("(), ()>")?;
    name.strip_prefix(opening)?.strip_suffix('>')
}

fn buries(name: &str) -> bool {
    if let Some(tuple) = name.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return elements(tuple).last().is_some_and(buries);
    }
    result(name).is_some()
        || inside(name, [path::<Json<()>>(), path::<axum::Json<()>>()]).is_some_and(is_shown)
}

/// Whether this is a `Result` for the one who reads the JSON.
fn is_shown(name: &str) -> bool {
    let name = name.trim_start_matches('&');
    result(name).is_some() || inside(name, [path::<Box<()>>(), path::<Arc<()>>()]).is_some_and(is_shown)
}

/// What a type with one of these paths holds.
fn inside<'n>(name: &'n str, paths: [&str; 2]) -> Option<&'n str> {
    let (path, inside) = arguments(name)?;
    if paths.contains(&path) { elements(inside).next() } else { None }
}

/// The path of a type as the compiler writes it, up to its `<`.
fn path<T>() -> &'static str {
    arguments(type_name::<T>()).map_or("", |(path, _)| path)
}

/// The path of a generic type, and what is between its `<` and `>`.
fn arguments(name: &str) -> Option<(&str, &str)> {
    name.strip_suffix('>')?.split_once('<')
}

/// The parts between the commas that are in no brackets.
fn elements(list: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    let mut before = ' ';
    let parts = list.split(move |letter: char| {
        match letter {
            '(' | '[' | '<' => depth += 1,
            // Of an arrow, the `>` closes nothing.
            '>' if before == '-' => {}
            ')' | ']' | '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = letter;
        letter == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    type Lost = Result<(), String>;
    type Twice<T> = Result<Result<T, StatusCode>, StatusCode>;

    #[test]
    fn an_err_that_an_answer_would_hide_is_found_by_the_types_name() {
        let hides = [
            hidden::<(StatusCode, Lost)>(),
            hidden::<(Lost,)>(),
            hidden::<((((Lost,),),),)>(),
            hidden::<(StatusCode, HeaderMap, [(&str, &str); 2], (StatusCode, Lost))>(),
            hidden::<(fn(&str) -> Vec<u8>, (StatusCode, Lost))>(),
            hidden::<(fn((), ()) -> (), (Vec<(u8, fn() -> u8)>, Lost))>(),
            hidden::<Result<(StatusCode, Lost), StatusCode>>(),
            hidden::<Twice<()>>(),
            hidden::<Json<Lost>>(),
            hidden::<axum::Json<Lost>>(),
            hidden::<(StatusCode, Json<Box<Arc<Lost>>>)>(),
            hidden::<Json<&'static Lost>>(),
            hidden::<Result<Json<Lost>, StatusCode>>(),
        ];
        for (row, hides) in hides.into_iter().enumerate() {
            assert!(hides.is_some(), "row {row}");
        }
    }

    #[test]
    fn a_result_that_is_seen_or_is_data_hides_nothing() {
        struct Mine<T>(std::marker::PhantomData<T>);
        let shown = [
            hidden::<()>(),
            hidden::<Lost>(),
            hidden::<Result<Json<u8>, (StatusCode, Lost)>>(),
            hidden::<(StatusCode, Json<Vec<Lost>>)>(),
            hidden::<Json<(Lost, u8)>>(),
            hidden::<Json<Option<Lost>>>(),
            hidden::<(StatusCode, Mine<Lost>)>(),
            hidden::<(StatusCode, fn() -> Lost)>(),
            hidden::<(fn((u8, Lost)), Vec<Lost>)>(),
            hidden::<fn(Lost) -> (StatusCode, Lost)>(),
        ];
        for (row, shown) in shown.into_iter().enumerate() {
            assert_eq!(shown, None, "row {row}");
        }
    }

    #[test]
    fn the_variant_is_told_whatever_the_layout() {
        assert!(is_err(&Err::<(), _>(())) && !is_err(&Ok::<_, ()>(())));
        assert!(is_err(&Err::<(), _>("lost")) && !is_err(&Ok::<_, &str>(())));
        assert!(is_err(&Err::<String, _>(7)) && !is_err(&Ok::<_, u8>(String::new())));
        assert!(is_err(&Err::<std::convert::Infallible, _>(Box::new(1))));
        assert!(!is_err(&Ok::<_, std::convert::Infallible>(true)));
        assert!(!is_err(&None::<u8>) && !is_err(&Some(1)) && !is_err(&"Result<"));
    }
}

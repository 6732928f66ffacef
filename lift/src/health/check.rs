use std::future::Future;

use futures_util::future::BoxFuture;

use super::{CheckSettings, Health, Status};
use crate::const_text::{ConstText, equal};
use crate::error::{BoxError, Cause};
use crate::pool::{FromContext, settle};
use crate::resource::{Context, Requirements};

/// What `#[lift::health_check]` has read.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CheckMeta {
    /// The component's name in reports.
    pub name: &'static str,
    /// The file it is written in.
    pub file: &'static str,
    /// The line it is written on.
    pub line: u32,
    /// How it is run.
    pub settings: CheckSettings,
}

impl CheckMeta {
    /// A check with its name and place.
    #[must_use]
    pub const fn new(name: &'static str, file: &'static str, line: u32, settings: CheckSettings) -> Self {
        Self { name, file, line, settings }
    }
}

/// A health check; `#[lift::health_check]` implements it for the function's companion type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a health check",
    label = "not a health check",
    note = "add `#[lift::health_check]` to the function"
)]
pub trait Check: Sized + 'static {
    /// Its name and keys.
    const META: CheckMeta;

    /// Notes the resources that it takes.
    fn declare(requirements: &mut Requirements);

    /// Takes its arguments and runs it.
    fn run(context: Context) -> BoxFuture<'static, Health>;

    /// Its entry in a list: one constant, so that what is no check is told once.
    #[doc(hidden)]
    const LISTED: CheckEntry = CheckEntry { meta: Self::META, declare: Self::declare, run: Self::run };
}

/// What a check returns: `Result<(), E>`, [`Status`], [`Health`], or a `Result` of these.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a health check's answer",
    label = "not an answer of a check",
    note = "return `Result<(), E>`, `lift::Status` or `lift::Health`"
)]
pub trait Verdict {
    /// The health.
    fn health(self) -> Health;
}

impl Verdict for () {
    fn health(self) -> Health {
        Health::healthy()
    }
}

impl Verdict for Status {
    fn health(self) -> Health {
        self.into()
    }
}

impl Verdict for Health {
    fn health(self) -> Health {
        self
    }
}

impl<T: Verdict, E: Into<BoxError>> Verdict for Result<T, E> {
    fn health(self) -> Health {
        match self {
            Ok(verdict) => verdict.health(),
            Err(error) => Health::failed(&Cause::new(error)),
        }
    }
}

// As with the calls of handlers, the compiler shows one line of these.
macro_rules! checks {
    ($($check:ident [$($verdict:tt)+] [$($send:tt)+] $($item:ident [$($argument:tt)+] $value:ident),*;)+) => {$(
        /// Takes the arguments and runs the check.
        #[doc(hidden)]
        pub fn $check<$($item,)* V, F, Fut>(context: Context, function: F) -> BoxFuture<'static, Health>
        where
            $($item: $($argument)+ + 'static,)*
            V: $($verdict)+ + 'static,
            F: FnOnce($($item),*) -> Fut + Send + 'static,
            Fut: Future<Output = V> + $($send)+ + 'static,
        {
            Box::pin(async move {
            let _context = &context;
            $(
                let $value = match $item::from_context(_context).await {
                    Ok(value) => value,
                    Err(error) => return Health::failed(&Cause::new(error)),
                };
            )*
            settle(_context);
            function($($value),*).await.health()
            })
        }
    )+};
}

checks! {
    check0 [Verdict] [Send];
    check1 [Verdict] [Send] A [FromContext] a;
    check2 [Verdict] [Send] A [FromContext] a, B [FromContext] b;
    check3 [Verdict] [Send] A [FromContext] a, B [FromContext] b, C [FromContext] c;
    check4 [Verdict] [Send] A [FromContext] a, B [FromContext] b, C [FromContext] c, D [FromContext] d;
    check5 [Verdict] [Send] A [FromContext] a, B [FromContext] b, C [FromContext] c, D [FromContext] d, E [FromContext] e;
    check6 [Verdict] [Send] A [FromContext] a, B [FromContext] b, C [FromContext] c, D [FromContext] d, E [FromContext] e, G [FromContext] g;
}

/// One check of a list.
#[derive(Clone, Copy)]
pub struct CheckEntry {
    pub(crate) meta: CheckMeta,
    pub(crate) declare: fn(&mut Requirements),
    pub(crate) run: fn(Context) -> BoxFuture<'static, Health>,
}

/// The checks that [`health_checks!`](crate::health_checks!) lists.
#[must_use = "a list does nothing before `App::health_checks` takes it"]
pub struct Checks(pub(crate) Vec<CheckEntry>);

impl Checks {
    /// A list of entries; [`health_checks!`](crate::health_checks!) calls this.
    #[doc(hidden)]
    pub fn new(entries: &[CheckEntry]) -> Self {
        Self(entries.to_vec())
    }
}

/// Fails the compilation when two checks of one list have one name, and names where they are.
///
/// # Panics
/// At compile time only.
#[doc(hidden)]
#[allow(clippy::indexing_slicing, clippy::panic)] // const evaluation has no other way; indices are bounded by `len`
pub const fn assert_unique_checks(list: &[CheckEntry]) {
    let mut i = 0;
    while i < list.len() {
        let mut j = i + 1;
        while j < list.len() {
            if equal(list[i].meta.name, list[j].meta.name) {
                let mut text = ConstText::new();
                text.push("two health checks are named `");
                text.push(list[i].meta.name);
                text.push("`, at ");
                place(&mut text, &list[i].meta);
                text.push(" and ");
                place(&mut text, &list[j].meta);
                text.push("; give one of them another `name`, or take one out of this list");
                panic!("{}", text.as_str());
            }
            j += 1;
        }
        i += 1;
    }
}

const fn place(text: &mut ConstText, meta: &CheckMeta) {
    text.push(meta.file);
    text.push(":");
    text.push_number(meta.line);
}

/// Lists health checks for [`App::health_checks`](crate::App::health_checks). Two of one name are a compile error.
#[macro_export]
macro_rules! health_checks {
    ($($check:path),* $(,)?) => {{
        const LISTED: &[$crate::__private::CheckEntry] = &[$(<$check as $crate::__private::Check>::LISTED),*];
        const _: () = $crate::__private::assert_unique_checks(LISTED);
        $crate::__private::Checks::new(LISTED)
    }};
}

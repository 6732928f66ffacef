use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use super::{Managed, Overrides, Rehearsal, ResourceSpec, User};
use crate::clock::Clock;
use crate::config::{Invalid, Section};

/// The resources that something takes indirectly, so that lift opens them.
///
/// An extractor of one's own that takes a connection says so:
///
/// ```
/// # use lift::prelude::*;
/// # #[derive(Resource)]
/// # #[resource(initialize = open)]
/// # struct Sessions;
/// # async fn open(_: &lift::config::NoSettings, _: &lift::Init) -> Result<Sessions, lift::BoxError> { Ok(Sessions) }
/// struct CurrentUser {
///     name: String,
/// }
///
/// impl lift::Uses for CurrentUser {
///     type Resources = (Pooled<Sessions>,);
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which resources it uses",
    note = "add `impl lift::Uses for {Self} {{ type Resources = (Pooled<…>,); }}`"
)]
pub trait Uses {
    /// `Pooled<R>`, `Pool<R>`, `Shared<T>`, or a tuple of them.
    type Resources: ResourceSet;
}

/// A set of resource arguments: `Pooled<R>`, `Pool<R>`, `Shared<T>`, tuples, `Option` and `Result` of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of resources",
    label = "expected `Pooled<R>`, `Pool<R>`, `Shared<T>` or a tuple of them"
)]
pub trait ResourceSet {
    /// Notes what is used.
    fn declare(requirements: &mut Requirements);
}

/// What the functions of an app take, noted once at start.
pub struct Requirements {
    needs: Vec<Need>,
    /// Extractors that do not say what they use, each with the handler that takes it.
    rehearsals: Vec<(Function, Rehearsal)>,
    user: Function,
    /// How many calls of the user run at the same time in one invocation.
    concurrency: usize,
    whole_batch: bool,
    /// Whether what follows is taken by an extractor, before the body.
    early: bool,
    window: bool,
}

/// A handler, check or start function, and where it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) user: User,
    /// None of a start function.
    pub(crate) place: Option<(&'static str, u32)>,
    /// The parameters of a handler's path.
    pub(crate) params: &'static [&'static str],
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.user.name())?;
        self.place.map_or(Ok(()), |(file, line)| write!(f, " ({file}:{line})"))
    }
}

/// How something is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One exclusive connection.
    Connection,
    /// The pool itself.
    Pool,
    /// A clone of one shared client or value.
    Shared,
}

/// The outcome of opening a resource from its settings: its lifecycle, and the value that functions take.
pub(crate) struct Opened {
    pub(crate) managed: Arc<dyn Managed>,
    pub(crate) value: Arc<dyn Any + Send + Sync>,
}

/// What opening needs.
pub(crate) struct Opening<'a> {
    pub(crate) overrides: &'a Overrides,
    pub(crate) clock: &'a Clock,
    pub(crate) taken: Taken,
}

/// How many connections of one pool the functions of the app take.
pub(crate) struct Taken {
    /// The most that one function takes in one call.
    pub(crate) per_call: usize,
    /// The most that a handler takes in one invocation, where it takes several records at the same time.
    pub(crate) per_invocation: usize,
    /// The function that takes the most in one call, and where it is written.
    pub(crate) most: String,
}

pub(crate) type Open = fn(&Opening<'_>, ResourceSpec, Section<'_>) -> Result<Opened, Invalid>;

/// One thing that one function takes.
pub(crate) struct Need {
    /// The type of the value to be found in the context.
    pub(crate) value: TypeId,
    pub(crate) type_name: &'static str,
    pub(crate) kind: Kind,
    /// How lift opens it; a `Shared<T>` that is no resource must be provided.
    pub(crate) open: Option<(fn() -> ResourceSpec, Open)>,
    pub(crate) user: Function,
    pub(crate) concurrency: usize,
    /// Taken by an extractor, before the body.
    pub(crate) early: bool,
    /// How the pool lends it together with others, for the pool itself to know.
    pub(crate) lender: Option<Lender>,
}

/// Makes what a pool lends by.
pub(crate) type Lender = fn() -> Box<dyn Any>;

impl Need {
    /// How many connections of the same pool the same function takes in one call.
    fn in_one_call(&self, same: &[&Self]) -> usize {
        same.iter().filter(|other| other.user == self.user && other.kind == Kind::Connection).count()
    }
}

impl Taken {
    /// What these functions take of one pool.
    pub(crate) fn of(same: &[&Need]) -> Self {
        let most = same.iter().max_by_key(|need| need.in_one_call(same));
        let per_call = most.map_or(1, |need| need.in_one_call(same)).max(1);
        let together = same.iter().map(|need| need.in_one_call(same) * need.concurrency).max();
        let most = most.map(|need| need.user.to_string()).unwrap_or_default();
        Self { per_call, per_invocation: together.unwrap_or(1).max(per_call), most }
    }
}

impl Requirements {
    /// What is taken by nobody yet.
    pub(crate) fn new() -> Self {
        Self {
            needs: Vec::new(),
            rehearsals: Vec::new(),
            user: Function { user: User::NOBODY, place: None, params: &[] },
            concurrency: 1,
            whole_batch: false,
            early: false,
            window: false,
        }
    }

    /// What follows is taken by this check or start function.
    pub(crate) fn user(&mut self, user: User, place: Option<(&'static str, u32)>) {
        self.handler(Function { user, place, params: &[] }, 1);
    }

    /// What this declares is taken by an extractor, before the body.
    pub(crate) fn early(&mut self, declare: fn(&mut Self)) {
        let before = std::mem::replace(&mut self.early, true);
        declare(self);
        self.early = before;
    }

    /// What follows is taken by this handler, so many of whose calls run at the same time in one invocation.
    pub(crate) fn handler(&mut self, user: Function, concurrency: usize) {
        (self.user, self.concurrency, self.whole_batch) = (user, concurrency, false);
        self.window = false;
    }

    /// It takes all records of an event together, so one call is all there is.
    pub(crate) fn whole_batch(&mut self) {
        self.whole_batch = true;
        self.concurrency = 1;
    }

    /// Whether the last handler takes all records of an event together.
    pub(crate) fn takes_whole_batch(&self) -> bool {
        self.whole_batch
    }

    /// It keeps the state of a window.
    pub(crate) fn window(&mut self) {
        self.window = true;
    }

    /// Whether the last handler keeps the state of a window.
    pub(crate) fn takes_window(&self) -> bool {
        self.window
    }

    pub(crate) fn need(
        &mut self,
        value: TypeId,
        type_name: &'static str,
        kind: Kind,
        open: Option<(fn() -> ResourceSpec, Open)>,
    ) {
        let Self { user, concurrency, early, .. } = *self;
        self.needs.push(Need { value, type_name, kind, open, user, concurrency, early, lender: None });
    }

    /// A connection of its own.
    pub(crate) fn need_connection(
        &mut self,
        value: TypeId,
        type_name: &'static str,
        open: (fn() -> ResourceSpec, Open),
        lender: Lender,
    ) {
        self.need(value, type_name, Kind::Connection, Some(open));
        if let Some(need) = self.needs.last_mut() {
            need.lender = Some(lender);
        }
    }

    /// The last handler takes an extractor that does not say what it uses.
    pub(crate) fn rehearse(&mut self, rehearsal: Rehearsal) {
        self.rehearsals.push((self.user, rehearsal));
    }

    pub(crate) fn rehearsals(&self) -> &[(Function, Rehearsal)] {
        &self.rehearsals
    }

    pub(crate) fn needs(&self) -> &[Need] {
        &self.needs
    }
}

//! The connections of one call, granted together.
//!
//! Taken one after the other, calls could each hold one and wait for the next, and none would ever go on. So a call that
//! takes several waits while it holds none: it takes what is at hand, and if something is missing it gives the rest back,
//! waits for that, and looks at the others again. What is waited for in one pool is granted at once. Where connections are
//! never at hand at the same time, a call would do so for ever; after as many rounds as it has pools it takes them one pool
//! after the other, in the one order that all calls of an app keep to.
//!
//! An extractor takes its connections before the body, and the arguments theirs after it, so there are two groups. Pools that
//! extractors take from come first in the order; whatever a call takes from a pool up to the last one of its extractors belongs
//! to the first group.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::argument::undeclared;
use super::{Pool, PoolError, Pooled};
use crate::resource::{Context, Keep, Kind, Need, Requirements, Resource, User};

/// A connection that was granted and not taken yet.
struct Untouched<R: Resource>(Option<Pooled<R>>);

impl<R: Resource> Drop for Untouched<R> {
    fn drop(&mut self) {
        if let Some(pooled) = self.0.take() {
            pooled.give_back();
        }
    }
}

/// [`Untouched`] connections of one pool.
type Granted = Vec<Box<dyn Any + Send>>;

/// How a pool lends several.
#[derive(Clone, Copy)]
pub(super) struct Lender {
    /// As many as are asked for, when they are at hand.
    at_hand: fn(&Context, usize) -> Option<Granted>,
    /// As many as are asked for, when they are there. So much of the time for it is over.
    wait: for<'a> fn(&'a Context, usize, Duration) -> BoxFuture<'a, Result<Granted, PoolError>>,
}

impl Lender {
    pub(super) fn of<R: Resource>() -> Self {
        Self {
            at_hand: |context, count| {
                let pool = Pool::<R>::of(context)?;
                (0..count).map(|_| pool.try_get().map(untouched)).collect()
            },
            wait: |context, count, over| {
                Box::pin(async move {
                    let pool =
                        Pool::<R>::of(context).ok_or_else(|| undeclared::<Pooled<R>, Pool<R>>(context))?;
                    Ok(pool.get_rest(count, over).await?.into_iter().map(untouched).collect())
                })
            },
        }
    }
}

fn untouched<R: Resource>(pooled: Pooled<R>) -> Box<dyn Any + Send> {
    Box::new(Untouched(Some(pooled)))
}

/// What a function takes of one pool.
#[derive(Clone, Copy)]
struct Share {
    pool: TypeId,
    count: usize,
    lender: Lender,
}

/// What a function takes, in the order of the app.
struct Plan {
    shares: Vec<Share>,
    /// Where the second group begins.
    second: usize,
}

/// For each function that takes more than one connection, what its calls keep.
pub(crate) fn together(requirements: &Requirements) -> Vec<(User, Keep)> {
    let connections: Vec<&Need> =
        requirements.needs().iter().filter(|need| need.kind == Kind::Connection).collect();
    let mut order: Vec<TypeId> = Vec::new();
    for early in [true, false] {
        for need in connections.iter().filter(|need| need.early == early) {
            if !order.contains(&need.value) {
                order.push(need.value);
            }
        }
    }
    let mut functions: HashMap<User, Vec<&Need>> = HashMap::new();
    for need in connections {
        functions.entry(need.user.user).or_default().push(need);
    }
    let several = functions.into_iter().filter(|(_, needs)| needs.len() > 1);
    let keep = |(user, needs): (User, Vec<&Need>)| {
        let plan = Arc::new(Plan::of(&needs, &order));
        let keep: Keep = Box::new(move || Box::new(Together::new(plan.clone())));
        (user, keep)
    };
    several.map(keep).collect()
}

impl Plan {
    fn of(needs: &[&Need], order: &[TypeId]) -> Self {
        let (mut shares, mut second) = (Vec::new(), 0);
        for pool in order {
            let mine = || needs.iter().filter(|need| need.value == *pool);
            let lender = mine().find_map(|need| need.lender?().downcast::<Lender>().ok());
            let Some(lender) = lender else { continue };
            shares.push(Share { pool: *pool, count: mine().count(), lender: *lender });
            if mine().any(|need| need.early) {
                second = shares.len();
            }
        }
        Self { shares, second }
    }

    /// The group that a share belongs to.
    fn group(&self, share: usize) -> Range<usize> {
        if share < self.second { 0..self.second } else { self.second..self.shares.len() }
    }
}

/// What has become of a share.
enum State {
    /// So many are still to be granted.
    Pending(usize),
    Granted(Granted),
    /// Nobody has been told yet; so many were to be granted.
    Failed(PoolError, usize),
}

/// What one call has been granted.
pub(crate) struct Together {
    plan: Arc<Plan>,
    states: Mutex<Vec<State>>,
}

impl Together {
    fn new(plan: Arc<Plan>) -> Self {
        let states = plan.shares.iter().map(|share| State::Pending(share.count)).collect();
        Self { plan, states: Mutex::new(states) }
    }

    /// A connection that the call takes, granted with the others; `None` when it has had all that it says it takes.
    pub(super) async fn take<R: Resource>(&self, context: &Context) -> Option<Result<Pooled<R>, PoolError>> {
        let index = self.plan.shares.iter().position(|share| share.pool == TypeId::of::<Pool<R>>())?;
        let mut states = self.states.lock().await;
        // Again after another pool has failed, which is then no longer waited for.
        while matches!(states.get(index)?, State::Pending(1..)) {
            self.grant(context, &mut states, self.plan.group(index)).await;
        }
        let state = states.get_mut(index)?;
        match std::mem::replace(state, State::Pending(0)) {
            State::Granted(mut granted) => {
                let one = granted.pop();
                *state = State::Granted(granted);
                Some(Ok(one?.downcast::<Untouched<R>>().ok()?.0.take()?))
            }
            State::Failed(error, count) => {
                *state = State::Pending(count.saturating_sub(1));
                Some(Err(error))
            }
            State::Pending(_) => None,
        }
    }

    /// Gives back what the call has been granted and did not take.
    pub(crate) fn settle(&self) {
        if let Ok(mut states) = self.states.try_lock() {
            states.iter_mut().for_each(|state| *state = State::Pending(0));
        }
    }

    /// Grants what is pending of a group; or the one that failed has failed, and the others are pending still.
    async fn grant(&self, context: &Context, states: &mut [State], group: Range<usize>) {
        let mut wanted: Vec<Wanted> = group
            .filter_map(|index| match states.get(index)? {
                State::Pending(count @ 1..) => {
                    let Share { lender, .. } = *self.plan.shares.get(index)?;
                    Some(Wanted { index, lender, count: *count, waited: Duration::ZERO })
                }
                _ => None,
            })
            .collect();
        let mut missing = None;
        for _ in 0..=wanted.len() {
            match at_hand(context, &mut wanted, missing).await {
                Ok(Ok(all)) => {
                    for (index, granted) in all {
                        put(states, index, State::Granted(granted));
                    }
                    return;
                }
                Ok(Err(index)) => missing = Some(index),
                Err(failed) => return failed.put(states),
            }
        }
        for mut wanted in wanted {
            match wanted.wait(context).await {
                Ok(granted) => put(states, wanted.index, State::Granted(granted)),
                Err(failed) => return failed.put(states),
            }
        }
    }
}

fn put(states: &mut [State], index: usize, state: State) {
    if let Some(place) = states.get_mut(index) {
        *place = state;
    }
}

/// What is wanted of a share.
struct Wanted {
    index: usize,
    lender: Lender,
    count: usize,
    /// How long it has been waited for, however often: all of it counts against the pool's `wait`.
    waited: Duration,
}

/// A share that cannot be had.
struct Failed {
    index: usize,
    error: PoolError,
    count: usize,
}

impl Failed {
    fn put(self, states: &mut [State]) {
        put(states, self.index, State::Failed(self.error, self.count));
    }
}

impl Wanted {
    async fn wait(&mut self, context: &Context) -> Result<Granted, Failed> {
        let Self { index, lender, count, waited } = *self;
        let begin = Instant::now();
        let granted = (lender.wait)(context, count, waited).await;
        self.waited += begin.elapsed();
        granted.map_err(|error| Failed { index, error, count })
    }
}

/// Waits for what was missing, and takes the others as far as they are at hand: all, or the index of one that is not.
async fn at_hand(
    context: &Context,
    wanted: &mut [Wanted],
    missing: Option<usize>,
) -> Result<Result<Vec<(usize, Granted)>, usize>, Failed> {
    let mut all = Vec::with_capacity(wanted.len());
    for wanted in wanted.iter_mut().filter(|wanted| Some(wanted.index) == missing) {
        all.push((wanted.index, wanted.wait(context).await?));
    }
    for Wanted { index, lender, count, .. } in wanted.iter().filter(|wanted| Some(wanted.index) != missing) {
        match (lender.at_hand)(context, *count) {
            Some(granted) => all.push((*index, granted)),
            None => return Ok(Err(*index)),
        }
    }
    Ok(Ok(all))
}

/// A connection of each pool, as a call takes them whose first argument is the first.
#[cfg(lift_loom)]
pub async fn both<A: Resource, B: Resource>(
    first: &Pool<A>,
    second: &Pool<B>,
) -> Result<(Pooled<A>, Pooled<B>), PoolError> {
    use super::FromContext;
    use crate::clock::Deadline;
    use crate::resource::{ResourceSet, Resources};

    let user = User::NOBODY;
    let mut requirements = Requirements::new();
    // In the order of the app, whatever that of the arguments.
    requirements.user(User::APP, None);
    if TypeId::of::<A>() < TypeId::of::<B>() {
        <(Pooled<A>, Pooled<B>)>::declare(&mut requirements);
    } else {
        <(Pooled<B>, Pooled<A>)>::declare(&mut requirements);
    }
    requirements.user(user, None);
    <(Pooled<A>, Pooled<B>)>::declare(&mut requirements);
    let mut resources = Resources::default();
    resources.provide(TypeId::of::<Pool<A>>(), Arc::new(first.clone()));
    resources.provide(TypeId::of::<Pool<B>>(), Arc::new(second.clone()));
    for (user, keep) in together(&requirements) {
        resources.keep(user, keep);
    }
    let context = Context::new(Arc::new(resources), user, Deadline::NONE);
    Ok((Pooled::from_context(&context).await?, Pooled::from_context(&context).await?))
}

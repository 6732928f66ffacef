//! Connections that wait for callers, or callers that wait for connections, first come, first served.
//!
//! A connection that comes back is granted to the caller at the front of the line, who then takes it; nobody who comes
//! later can pass by. A caller that needs several gets them all at once: until as many are there, they lie here for it, and it
//! holds none. One watch for each queue, instead of a timer for each caller, wakes those whose time is over: a
//! caller that is served costs two short locks and nothing else.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use tokio::runtime::{Handle, Id};
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

use super::line::Line;
use super::sync::{AtomicU64, Mutex, MutexGuard, Ordering};

pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    /// How often callers have been told to look up.
    told: AtomicU64,
    /// For the watch: somebody's time is over sooner than it thinks.
    sooner: Arc<Notify>,
}

struct State<T> {
    ready: Vec<Box<T>>,
    /// How many of these belong to callers that were called out of the line and have not taken theirs yet.
    granted: usize,
    /// While anybody is in line, what is ready and not granted is less than the first one needs.
    line: Line<Caller>,
    /// How many tickets have been drawn.
    tickets: u64,
    watch: Option<Watch>,
    closed: bool,
}

/// A caller in line.
struct Caller {
    waker: Waker,
    /// Until when it waits; `None` when nobody needs to tell it.
    deadline: Option<Instant>,
    /// How many it gets, all at once.
    need: usize,
}

/// The task that wakes callers whose time is over.
#[derive(Clone, Copy)]
struct Watch {
    runtime: Id,
    /// When it will look next.
    next: Instant,
}

/// What happened to a caller.
pub(super) enum Event<T> {
    Served(Box<T>),
    /// Somebody said that there is news.
    Told,
    TimedOut,
    Closed,
}

impl<T> State<T> {
    /// How many nobody has been granted.
    fn spare(&self) -> usize {
        self.ready.len().saturating_sub(self.granted)
    }

    /// Grants the first one in line what it needs, if that is ready; whom to wake.
    fn grant(&mut self) -> Option<Waker> {
        let spare = self.spare();
        // Nobody's place is looked at without need: another thread may have it in its cache.
        if spare == 0 || self.line.first()?.need > spare {
            return None;
        }
        let caller = self.line.call_first()?;
        self.granted += caller.need;
        Some(caller.waker)
    }

    /// As [`grant`](Self::grant), for everybody that it can be done for.
    fn grant_all(&mut self) -> Vec<Waker> {
        std::iter::from_fn(|| self.grant()).collect()
    }

    /// Takes one that nobody waits for.
    fn take(&mut self) -> Option<Box<T>> {
        if self.spare() > 0 && self.line.is_empty() { self.ready.pop() } else { None }
    }

    fn wakers(&self) -> Vec<Waker> {
        self.line.iter().map(|caller| caller.waker.clone()).collect()
    }
}

impl<T> Queue<T> {
    pub(super) fn new(capacity: usize) -> Arc<Self> {
        let state = State {
            ready: Vec::with_capacity(capacity),
            granted: 0,
            line: Line::new(),
            tickets: 0,
            watch: None,
            closed: false,
        };
        Arc::new(Self { state: Mutex::new(state), told: AtomicU64::new(0), sooner: Arc::default() })
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a value to whoever has waited longest, or keeps it. A closed queue gives it back.
    pub(super) fn add(&self, value: Box<T>) -> Result<(), Box<T>> {
        let waker = {
            let mut state = self.state();
            if state.closed {
                return Err(value);
            }
            state.ready.push(value);
            state.grant()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// Takes a value that nobody waits for, the one that was added last.
    pub(super) fn try_take(&self) -> Option<Box<T>> {
        self.state().take()
    }

    /// How many values are here, those included that callers were granted and have not taken yet.
    pub(super) fn ready(&self) -> usize {
        self.state().ready.len()
    }

    /// Everybody in line looks up.
    pub(super) fn tell(&self) {
        self.told.fetch_add(1, Ordering::AcqRel);
        let wakers = self.state().wakers();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Sends everybody away and gives out what is left.
    pub(super) fn close(&self) -> Vec<Box<T>> {
        let (left, line) = {
            let mut state = self.state();
            state.closed = true;
            state.granted = 0;
            (std::mem::take(&mut state.ready), std::mem::replace(&mut state.line, Line::new()))
        };
        line.into_iter().for_each(|caller| caller.waker.wake());
        left
    }
}

impl<T: Send + 'static> Queue<T> {
    /// A caller that needs so many at once and waits until `deadline`; it is served them one by one. It is in line from the
    /// first time it waits for its [`next`](Turn::next) event until it is served or dropped.
    pub(super) fn line_up(self: &Arc<Self>, need: usize, deadline: Instant) -> Turn<'_, T> {
        let told = self.told.load(Ordering::Acquire);
        let (lined_up, waited) = (false, false);
        Turn { queue: self, deadline, told, ticket: None, need, owed: 0, lined_up, waited, timer: None }
    }

    /// Wakes whoever has waited for long enough; when to look again, unless nobody waits.
    fn look(&self, runtime: Id) -> Option<Instant> {
        let now = Instant::now();
        let mut late = Vec::new();
        let next = {
            let mut state = self.state();
            let mut next: Option<Instant> = None;
            for caller in state.line.iter_mut() {
                match caller.deadline {
                    Some(deadline) if deadline <= now => {
                        caller.deadline = None;
                        late.push(caller.waker.clone());
                    }
                    Some(deadline) => next = Some(next.map_or(deadline, |next| next.min(deadline))),
                    None => {}
                }
            }
            state.watch = next.map(|next| Watch { runtime, next });
            next
        };
        late.into_iter().for_each(Waker::wake);
        next
    }
}

/// One caller's place in the line, given up when it is dropped.
pub(super) struct Turn<'a, T: Send + 'static> {
    queue: &'a Arc<Queue<T>>,
    deadline: Instant,
    /// What it was told so far.
    told: u64,
    /// Its place in the order, drawn when it first has to wait and kept for as long as it comes back.
    ticket: Option<u64>,
    /// How many it asks for while it is in line, or will ask for.
    need: usize,
    /// How many it has been granted and not taken, as far as it knows.
    owed: usize,
    /// Whether it is in line, or has been called and does not know yet.
    lined_up: bool,
    /// Whether it has ever had to wait.
    waited: bool,
    /// Its own, where the queue's watch belongs to another runtime.
    timer: Option<Pin<Box<Sleep>>>,
}

/// Who sees to it that a caller does not wait for too long.
enum Watched {
    /// The watch, which looks soon enough.
    Well,
    /// The watch, which must look sooner.
    Later,
    /// Nobody yet.
    Not,
    /// The caller itself.
    Alone,
}

impl<T: Send + 'static> Turn<'_, T> {
    /// What happens next. A caller that could not use what it was served comes back to where it was in the line.
    pub(super) async fn next(&mut self) -> Event<T> {
        poll_fn(|context| self.poll(context)).await
    }

    /// Whether it has ever had to wait.
    pub(super) fn has_waited(&self) -> bool {
        self.waited
    }

    /// How many it has not been served yet.
    pub(super) fn outstanding(&self) -> usize {
        self.need + self.owed
    }

    /// What it was served last is of no use, so it needs one more. It takes its place in line before it waits for the next
    /// event: what is there for it now, nobody else gets.
    pub(super) fn keep_place(&mut self) {
        let mut state = self.queue.state();
        if state.closed {
            return;
        }
        self.look_up(&mut state);
        self.need += 1;
        let need = self.need;
        let ticket = self.draw(&mut state);
        match state.line.get_mut(ticket) {
            Some(caller) => caller.need = need,
            None => {
                state.line.enter(ticket, Caller { waker: Waker::noop().clone(), deadline: None, need });
                self.lined_up = true;
            }
        }
        let wakers = state.grant_all();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn draw(&mut self, state: &mut State<T>) -> u64 {
        *self.ticket.get_or_insert_with(|| {
            state.tickets += 1;
            state.tickets
        })
    }

    /// Learns whether it has been called: it has lined up and is in line no more.
    fn look_up(&mut self, state: &mut State<T>) {
        if self.lined_up && self.ticket.is_some_and(|ticket| state.line.get_mut(ticket).is_none()) {
            self.lined_up = false;
            self.owed += std::mem::take(&mut self.need);
        }
    }

    /// Takes one of what it has been granted.
    fn collect(&mut self, state: &mut State<T>) -> Option<Box<T>> {
        self.owed = self.owed.checked_sub(1)?;
        state.granted = state.granted.saturating_sub(1);
        state.ready.pop()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Event<T>> {
        // Made ready before the queue is locked, by those who will most likely wait.
        let (waker, runtime) = match self.lined_up {
            false => (Some(context.waker().clone()), Handle::try_current().ok()),
            true => (None, None),
        };
        let mut state = self.queue.state();
        if state.closed {
            (self.lined_up, self.owed) = (false, 0);
            return Poll::Ready(Event::Closed);
        }
        let again = self.lined_up;
        self.look_up(&mut state);
        if !self.lined_up && self.owed == 0 {
            self.need = self.need.max(1);
            if state.line.is_empty() && state.spare() >= self.need {
                state.granted += self.need;
                self.owed = std::mem::take(&mut self.need);
            }
        }
        if let Some(value) = self.collect(&mut state) {
            return Poll::Ready(Event::Served(value));
        }
        let told = self.queue.told.load(Ordering::Acquire);
        if std::mem::replace(&mut self.told, told) != told {
            return Poll::Ready(Event::Told);
        }
        if again && Instant::now() >= self.deadline {
            return Poll::Ready(Event::TimedOut);
        }
        let Some(runtime) = runtime.or_else(|| Handle::try_current().ok()) else {
            return Poll::Ready(Event::TimedOut);
        };
        let watched = match &mut state.watch {
            Some(watch) if watch.runtime != runtime.id() => Watched::Alone,
            Some(watch) if watch.next <= self.deadline => Watched::Well,
            watch => {
                let before = watch.replace(Watch { runtime: runtime.id(), next: self.deadline });
                if before.is_some() { Watched::Later } else { Watched::Not }
            }
        };
        let until = if matches!(watched, Watched::Alone) { None } else { Some(self.deadline) };
        let (mut old, mut called) = (None, Vec::new());
        self.waited = true;
        let ticket = self.draw(&mut state);
        if !self.lined_up {
            let waker = waker.unwrap_or_else(|| context.waker().clone());
            state.line.enter(ticket, Caller { waker, deadline: until, need: self.need });
            self.lined_up = true;
            // Whoever comes back may come before somebody who needs more.
            called = state.grant_all();
        } else if let Some(caller) = state.line.get_mut(ticket) {
            caller.deadline = until;
            if !caller.waker.will_wake(context.waker()) {
                // What dropping it runs must not find the queue locked.
                old = Some(std::mem::replace(&mut caller.waker, context.waker().clone()));
            }
        }
        drop(state);
        drop(old);
        called.into_iter().for_each(Waker::wake);
        match watched {
            Watched::Well => {}
            Watched::Later => self.queue.sooner.notify_one(),
            Watched::Not => {
                let watching = Watching { queue: Arc::downgrade(self.queue), runtime: runtime.id() };
                runtime.spawn(watch(watching, self.queue.sooner.clone()));
            }
            Watched::Alone => {
                let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(self.deadline)));
                if timer.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Event::TimedOut);
                }
            }
        }
        Poll::Pending
    }
}

impl<T: Send + 'static> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        if !self.lined_up && self.owed == 0 {
            return;
        }
        let (gone, wakers) = {
            let mut state = self.queue.state();
            if state.closed {
                return;
            }
            self.look_up(&mut state);
            let gone = self.ticket.filter(|_| self.lined_up).and_then(|ticket| state.line.leave(ticket));
            // What it was granted and will not take, and what lay there for it, the next in line get.
            state.granted = state.granted.saturating_sub(self.owed);
            (gone, state.grant_all())
        };
        drop(gone);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// What the watch's task holds. When its runtime ends before the callers, those elsewhere set up another watch.
struct Watching<T> {
    queue: Weak<Queue<T>>,
    runtime: Id,
}

impl<T> Drop for Watching<T> {
    fn drop(&mut self) {
        let Some(queue) = self.queue.upgrade() else { return };
        let wakers = {
            let mut state = queue.state();
            if state.watch.is_none_or(|watch| watch.runtime != self.runtime) {
                return;
            }
            state.watch = None;
            state.wakers()
        };
        wakers.into_iter().for_each(Waker::wake);
    }
}

async fn watch<T: Send + 'static>(mut watching: Watching<T>, sooner: Arc<Notify>) {
    while let Some(next) = watching.queue.upgrade().and_then(|queue| queue.look(watching.runtime)) {
        tokio::select! {
            () = sleep_until(next) => {}
            () = sooner.notified() => {}
        }
    }
    // Another watch may have begun already, which is none of this one's business.
    watching.queue = Weak::new();
}

#[cfg(test)]
mod tests;

//! Connections that wait for callers, or callers that wait for connections, first come, first served.
//!
//! A connection that comes back is granted to the caller at the front of the line, who then takes it; nobody who comes
//! later can pass by. One watch for each queue, instead of a timer for each caller, wakes those whose time is over: a
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
    /// While anybody is in line, everything that is ready is granted.
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
    /// Grants one that is ready to the front of the line; whom to wake.
    fn grant(&mut self) -> Option<Waker> {
        let caller = self.line.call_first()?;
        self.granted += 1;
        Some(caller.waker)
    }

    /// Takes one that nobody has been granted.
    fn spare(&mut self) -> Option<Box<T>> {
        if self.ready.len() > self.granted { self.ready.pop() } else { None }
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
        self.state().spare()
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
    /// A caller that waits until `deadline`. It is in line from the first time it waits for its [`next`](Turn::next)
    /// event until it is served or dropped.
    pub(super) fn line_up(self: &Arc<Self>, deadline: Instant) -> Turn<'_, T> {
        let told = self.told.load(Ordering::Acquire);
        Turn { queue: self, deadline, told, ticket: None, lined_up: false, waited: false, timer: None }
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
    /// Whether it is in line, or has been called and not taken what it was granted.
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

    /// Takes its place in line before it waits for the next event: what is there for it now, nobody else gets.
    pub(super) fn keep_place(&mut self) {
        let mut state = self.queue.state();
        if state.closed || self.lined_up {
            return;
        }
        self.lined_up = true;
        let ticket = self.draw(&mut state);
        if state.ready.len() > state.granted {
            state.granted += 1;
        } else {
            state.line.enter(ticket, Caller { waker: Waker::noop().clone(), deadline: None });
        }
    }

    fn draw(&mut self, state: &mut State<T>) -> u64 {
        *self.ticket.get_or_insert_with(|| {
            state.tickets += 1;
            state.tickets
        })
    }

    /// Whether it has been granted something: it has lined up and is in line no more.
    fn is_called(&self, state: &mut State<T>) -> bool {
        self.ticket.is_some_and(|ticket| state.line.get_mut(ticket).is_none())
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Event<T>> {
        // Made ready before the queue is locked, by those who will most likely wait.
        let (waker, runtime) = match self.lined_up {
            false => (Some(context.waker().clone()), Handle::try_current().ok()),
            true => (None, None),
        };
        let mut state = self.queue.state();
        if state.closed {
            self.lined_up = false;
            return Poll::Ready(Event::Closed);
        }
        let again = self.lined_up;
        if !again {
            if let Some(value) = state.spare() {
                return Poll::Ready(Event::Served(value));
            }
        } else if self.is_called(&mut state) {
            self.lined_up = false;
            state.granted = state.granted.saturating_sub(1);
            if let Some(value) = state.ready.pop() {
                return Poll::Ready(Event::Served(value));
            }
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
        let mut old = None;
        self.waited = true;
        let ticket = self.draw(&mut state);
        if !self.lined_up {
            let waker = waker.unwrap_or_else(|| context.waker().clone());
            state.line.enter(ticket, Caller { waker, deadline: until });
            self.lined_up = true;
        } else if let Some(caller) = state.line.get_mut(ticket) {
            caller.deadline = until;
            if !caller.waker.will_wake(context.waker()) {
                // What dropping it runs must not find the queue locked.
                old = Some(std::mem::replace(&mut caller.waker, context.waker().clone()));
            }
        }
        drop(state);
        drop(old);
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
        let Some(ticket) = self.ticket.filter(|_| self.lined_up) else { return };
        let (gone, waker) = {
            let mut state = self.queue.state();
            if state.closed {
                return;
            }
            match state.line.leave(ticket) {
                // It has been called and will not take what it was granted: the next in line gets it.
                None => {
                    state.granted = state.granted.saturating_sub(1);
                    (None, state.grant())
                }
                gone => (gone, None),
            }
        };
        drop(gone);
        if let Some(waker) = waker {
            waker.wake();
        }
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

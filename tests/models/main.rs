//! The pool's own accounting under every interleaving that loom can find.
//!
//! The two modules are compiled from the library's own source, with loom's primitives in place of the real ones.
#![allow(clippy::unwrap_used)] // tests fail loudly
#![allow(dead_code)] // not all of the modules is used here

#[path = "../../lift/src/pool/parking.rs"]
mod parking;
#[path = "../../lift/src/pool/places.rs"]
mod places;

/// loom's version of `lift/src/pool/sync.rs`.
mod sync {
    use loom::sync::Mutex;
    pub(super) use loom::sync::atomic::{AtomicUsize, Ordering};

    pub(super) struct Slot<T>(Mutex<Option<Box<T>>>);

    impl<T> Slot<T> {
        pub(super) fn empty() -> Self {
            Self(Mutex::new(None))
        }

        pub(super) fn put(&self, value: Box<T>) -> Option<Box<T>> {
            self.0.lock().unwrap().replace(value)
        }

        pub(super) fn take(&self) -> Option<Box<T>> {
            self.0.lock().unwrap().take()
        }

        pub(super) fn is_full(&self) -> bool {
            self.0.lock().unwrap().is_some()
        }
    }
}

use loom::sync::{Arc, Mutex};
use loom::thread;
use parking::Parking;
use places::Places;

/// A pool reduced to what the handshake is about.
struct Model {
    parking: Parking<u32>,
    #[allow(clippy::vec_box)] // parked values are boxed
    queue: Mutex<Vec<Box<u32>>>,
}

impl Model {
    fn new() -> Arc<Self> {
        Arc::new(Self { parking: Parking::new(), queue: Mutex::new(Vec::new()) })
    }

    fn unpark(&self) {
        while let Some(value) = self.parking.take_any(0) {
            self.queue.lock().unwrap().push(value);
        }
    }

    /// As the pool offers a connection that comes back.
    fn offer(&self, value: u32) {
        let value = Box::new(value);
        let left = if self.parking.waiting() > 0 { Some(value) } else { self.parking.park(0, value) };
        if let Some(value) = left {
            self.queue.lock().unwrap().push(value);
        }
        if self.parking.waiting() > 0 {
            self.unpark();
        }
    }
}

fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

#[test]
fn nothing_stays_parked_while_a_caller_waits() {
    explore(|| {
        let model = Model::new();
        let returning = model.clone();
        let returner = thread::spawn(move || returning.offer(1));
        // The caller waits in the queue from here on, until the end.
        let waiting = model.parking.wait();
        model.unpark();
        returner.join().unwrap();
        assert_eq!(model.queue.lock().unwrap().len(), 1, "the caller would sleep beside a parked connection");
        drop(waiting);
    });
}

#[test]
fn two_that_return_and_one_that_takes_lose_nothing() {
    explore(|| {
        let model = Model::new();
        let (first, second) = (model.clone(), model.clone());
        let first = thread::spawn(move || first.offer(1));
        let second = thread::spawn(move || second.offer(2));
        let taken = model.parking.take(0);
        first.join().unwrap();
        second.join().unwrap();
        model.unpark();
        let mut all: Vec<u32> = model.queue.lock().unwrap().iter().map(|value| **value).collect();
        all.extend(taken.map(|value| *value));
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
    });
}

#[test]
fn there_are_never_more_than_there_are_places() {
    explore(|| {
        let places = Arc::new(Places::new(1));
        let taken = Arc::new(Mutex::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (places, taken) = (places.clone(), taken.clone());
                thread::spawn(move || {
                    if places.take() {
                        let now = {
                            let mut taken = taken.lock().unwrap();
                            *taken += 1;
                            *taken
                        };
                        assert_eq!(now, 1);
                        *taken.lock().unwrap() -= 1;
                        places.give_back();
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(places.take() && !places.take());
    });
}

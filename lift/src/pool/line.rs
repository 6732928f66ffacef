//! A line of callers in the order of their tickets. Entering at its end and leaving it, from wherever, cost O(1), and what
//! has left takes no room.

/// No slot.
const NONE: usize = usize::MAX;

pub(super) struct Line<E> {
    slots: Vec<Slot<E>>,
    /// Slots without an entry.
    free: Vec<usize>,
    first: usize,
    last: usize,
}

struct Slot<E> {
    ticket: u64,
    before: usize,
    after: usize,
    in_line: bool,
    /// `None` for a free slot. An entry may outlive its place in the line.
    entry: Option<E>,
}

impl<E> Line<E> {
    pub(super) fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), first: NONE, last: NONE }
    }

    /// Puts an entry into the line behind all whose tickets are not greater, and returns its key.
    pub(super) fn enter(&mut self, ticket: u64, entry: E) -> usize {
        // A new ticket is the greatest; an old one belongs near the front.
        let after = match self.slots.get(self.last) {
            Some(last) if last.ticket > ticket => {
                let mut key = self.first;
                while let Some(slot) = self.slots.get(key)
                    && slot.ticket <= ticket
                {
                    key = slot.after;
                }
                key
            }
            _ => NONE,
        };
        let before = self.slots.get(after).map_or(self.last, |slot| slot.before);
        let slot = Slot { ticket, before, after, in_line: true, entry: Some(entry) };
        let key = match self.free.pop() {
            Some(key) => {
                if let Some(free) = self.slots.get_mut(key) {
                    *free = slot;
                }
                key
            }
            None => {
                self.slots.push(slot);
                self.slots.len() - 1
            }
        };
        self.link(before, key, after);
        key
    }

    fn link(&mut self, before: usize, key: usize, after: usize) {
        match self.slots.get_mut(before) {
            Some(slot) => slot.after = key,
            None => self.first = key,
        }
        match self.slots.get_mut(after) {
            Some(slot) => slot.before = key,
            None => self.last = key,
        }
    }

    fn unlink(&mut self, key: usize) {
        let Some(slot) = self.slots.get_mut(key).filter(|slot| slot.in_line) else { return };
        slot.in_line = false;
        let (before, after) = (slot.before, slot.after);
        match self.slots.get_mut(before) {
            Some(slot) => slot.after = after,
            None => self.first = after,
        }
        match self.slots.get_mut(after) {
            Some(slot) => slot.before = before,
            None => self.last = before,
        }
    }

    /// Takes the first one out of the line; its entry stays until it is [removed](Self::remove).
    pub(super) fn call_first(&mut self) -> Option<&mut E> {
        let key = self.first;
        self.unlink(key);
        self.get_mut(key)
    }

    pub(super) fn get_mut(&mut self, key: usize) -> Option<&mut E> {
        self.slots.get_mut(key)?.entry.as_mut()
    }

    /// Takes an entry away, wherever it is.
    pub(super) fn remove(&mut self, key: usize) -> Option<E> {
        self.unlink(key);
        let entry = self.slots.get_mut(key)?.entry.take()?;
        self.free.push(key);
        if self.free.len() == self.slots.len() {
            // Nobody is left; a crowd's room need not be kept for the next one.
            self.slots.clear();
            self.free.clear();
            self.slots.shrink_to(64);
            self.free.shrink_to(64);
        }
        Some(entry)
    }

    /// The entries in line, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &E> {
        let mut key = self.first;
        std::iter::from_fn(move || {
            let slot = self.slots.get(key)?;
            key = slot.after;
            slot.entry.as_ref()
        })
    }

    /// The entries in line, in no order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut E> {
        self.slots.iter_mut().filter(|slot| slot.in_line).filter_map(|slot| slot.entry.as_mut())
    }

    /// Everything there is, in line or not; the keys mean nothing any more.
    pub(super) fn take_all(&mut self) -> Vec<E> {
        let slots = std::mem::replace(self, Self::new()).slots;
        slots.into_iter().filter_map(|slot| slot.entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with a sorted list, step by step.
    #[test]
    fn it_is_a_list_sorted_by_tickets() {
        for seed in 0..200 {
            let mut rng = fastrand::Rng::with_seed(seed);
            let mut line = Line::new();
            let (mut model, mut called, mut tickets) = (Vec::<(u64, usize)>::new(), Vec::new(), 0);
            for _ in 0..200 {
                match rng.u8(0..10) {
                    0..4 => {
                        tickets += 1;
                        let key = line.enter(tickets, tickets);
                        model.push((tickets, key));
                    }
                    4..6 => {
                        let (first, ticket) = (!model.is_empty(), line.call_first().copied());
                        assert_eq!(ticket, model.first().map(|(ticket, _)| *ticket));
                        if first {
                            called.push(model.remove(0));
                        }
                    }
                    6 if !called.is_empty() => {
                        // It has got nothing that it can use, and comes back to where it was.
                        let (ticket, key) = called.swap_remove(rng.usize(..called.len()));
                        assert_eq!(line.remove(key), Some(ticket));
                        let place = model.partition_point(|(other, _)| *other <= ticket);
                        model.insert(place, (ticket, line.enter(ticket, ticket)));
                    }
                    7 if !called.is_empty() => {
                        let (ticket, key) = called.swap_remove(rng.usize(..called.len()));
                        assert_eq!(line.remove(key), Some(ticket));
                    }
                    _ if !model.is_empty() => {
                        let (ticket, key) = model.remove(rng.usize(..model.len()));
                        assert_eq!(line.remove(key), Some(ticket));
                    }
                    _ => {}
                }
                assert!(line.iter().eq(model.iter().map(|(ticket, _)| ticket)), "seed {seed}");
                let mut unordered: Vec<_> = line.iter_mut().map(|entry| *entry).collect();
                unordered.sort_unstable();
                assert!(unordered.iter().eq(model.iter().map(|(ticket, _)| ticket)), "seed {seed}");
                let used = line.slots.len() - line.free.len();
                assert_eq!(used, model.len() + called.len(), "seed {seed}");
            }
            let all = line.take_all();
            assert_eq!(all.len(), model.len() + called.len());
            assert_eq!((line.iter().count(), line.call_first()), (0, None));
        }
    }

    #[test]
    fn a_crowd_that_has_left_takes_no_room() {
        let mut line = Line::new();
        for ticket in 0..100_000 {
            let key = line.enter(ticket, ticket);
            line.remove(key);
        }
        assert!(line.slots.capacity() <= 64, "{}", line.slots.capacity());
        let keys: Vec<_> = (0..100_000).map(|ticket| line.enter(ticket, ticket)).collect();
        for key in keys {
            line.remove(key);
        }
        assert!(line.slots.capacity() <= 64, "{}", line.slots.capacity());
    }
}

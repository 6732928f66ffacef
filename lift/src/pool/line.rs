//! A line of callers in the order of their tickets. Entering at its end and leaving it, from wherever, cost O(1) over
//! time, and what has left takes no room for long.

use std::collections::VecDeque;

pub(super) struct Line<E> {
    /// By ticket, each greater than the one before. Those at both ends are occupied.
    places: VecDeque<Place<E>>,
    /// How many places are empty.
    gone: usize,
}

struct Place<E> {
    ticket: u64,
    /// `None` of somebody who has left.
    entry: Option<E>,
}

/// How many places there is always room for; a crowd's room is not kept for the next one.
const ROOM_KEPT: usize = 64;

impl<E> Line<E> {
    pub(super) const fn new() -> Self {
        Self { places: VecDeque::new(), gone: 0 }
    }

    /// Puts an entry where its ticket belongs, which nobody else in line has.
    pub(super) fn enter(&mut self, ticket: u64, entry: E) {
        let index = self.search(ticket).unwrap_or_else(|index| index);
        self.places.insert(index, Place { ticket, entry: Some(entry) });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub(super) fn first(&self) -> Option<&E> {
        self.places.front()?.entry.as_ref()
    }

    /// Takes the first one out of the line.
    pub(super) fn call_first(&mut self) -> Option<E> {
        let entry = self.places.pop_front()?.entry;
        self.tidy();
        entry
    }

    pub(super) fn get_mut(&mut self, ticket: u64) -> Option<&mut E> {
        let index = self.search(ticket).ok()?;
        self.places.get_mut(index)?.entry.as_mut()
    }

    /// Takes an entry out of the line, wherever it is.
    pub(super) fn leave(&mut self, ticket: u64) -> Option<E> {
        let index = self.search(ticket).ok()?;
        let entry = self.places.get_mut(index)?.entry.take()?;
        self.gone += 1;
        self.tidy();
        Some(entry)
    }

    /// Where the place of a ticket is, or would be.
    fn search(&self, ticket: u64) -> Result<usize, usize> {
        let (Some(first), Some(last)) = (self.places.front(), self.places.back()) else { return Err(0) };
        if ticket > last.ticket {
            return Err(self.places.len());
        }
        // Exact as long as nobody has come back and no empty place was taken away.
        let guess = usize::try_from(ticket.saturating_sub(first.ticket)).unwrap_or(usize::MAX);
        if self.places.get(guess).is_some_and(|place| place.ticket == ticket) {
            return Ok(guess);
        }
        self.places.binary_search_by_key(&ticket, |place| place.ticket)
    }

    /// Takes away empty places at both ends, and all when they are the most.
    fn tidy(&mut self) {
        self.give_back_room();
        // Nobody's place is looked at without need: another thread may have it in its cache.
        if self.gone == 0 {
            return;
        }
        while self.places.front().is_some_and(|place| place.entry.is_none()) {
            self.places.pop_front();
            self.gone -= 1;
            self.give_back_room();
        }
        while self.places.back().is_some_and(|place| place.entry.is_none()) {
            self.places.pop_back();
            self.gone -= 1;
            self.give_back_room();
        }
        if self.gone * 2 > self.places.len() {
            self.places.retain(|place| place.entry.is_some());
            self.gone = 0;
            self.places.shrink_to(ROOM_KEPT);
        }
    }

    /// After each place that is taken away: the line becomes shorter one by one.
    fn give_back_room(&mut self) {
        if self.places.len() == self.places.capacity() / 4 {
            self.places.shrink_to(ROOM_KEPT);
        }
    }

    /// The entries in line, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &E> {
        self.places.iter().filter_map(|place| place.entry.as_ref())
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = E> {
        self.places.into_iter().filter_map(|place| place.entry)
    }

    /// The entries in line, in order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut E> {
        self.places.iter_mut().filter_map(|place| place.entry.as_mut())
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
            let (mut model, mut called, mut tickets) = (Vec::<u64>::new(), Vec::new(), 0);
            for _ in 0..200 {
                match rng.u8(0..10) {
                    0..4 => {
                        tickets += 1;
                        line.enter(tickets, tickets);
                        model.push(tickets);
                    }
                    4..6 => {
                        let first = (!model.is_empty()).then(|| model.remove(0));
                        assert_eq!(line.call_first(), first, "seed {seed}");
                        called.extend(first);
                    }
                    6 if !called.is_empty() => {
                        // It has got nothing that it can use, and comes back to where it was.
                        let ticket = called.swap_remove(rng.usize(..called.len()));
                        line.enter(ticket, ticket);
                        model.insert(model.partition_point(|other| *other < ticket), ticket);
                    }
                    7 if !called.is_empty() => {
                        let ticket = called[rng.usize(..called.len())];
                        assert!(line.get_mut(ticket).is_none(), "seed {seed}");
                        assert_eq!(line.leave(ticket), None, "seed {seed}");
                    }
                    _ if !model.is_empty() => {
                        let mut ticket = model.remove(rng.usize(..model.len()));
                        assert_eq!(line.get_mut(ticket), Some(&mut ticket), "seed {seed}");
                        assert_eq!(line.leave(ticket), Some(ticket), "seed {seed}");
                        assert_eq!(line.leave(ticket), None, "seed {seed}");
                    }
                    _ => {}
                }
                assert!(line.iter().eq(&model), "seed {seed}");
                assert_eq!((line.first(), line.is_empty()), (model.first(), model.is_empty()), "seed {seed}");
                assert!(line.iter_mut().map(|entry| *entry).eq(model.iter().copied()), "seed {seed}");
                let (places, empty) =
                    (line.places.len(), line.places.iter().filter(|p| p.entry.is_none()).count());
                assert_eq!((line.gone, places - empty), (empty, model.len()), "seed {seed}");
                assert!(places <= 2 * model.len(), "seed {seed}: {places} places for {}", model.len());
            }
        }
    }

    #[test]
    fn empty_places_stay_until_they_are_the_most() {
        let mut line = Line::new();
        (0..6).for_each(|ticket| line.enter(ticket, ()));
        for (ticket, places) in [(2, 6), (3, 6), (1, 6), (4, 2)] {
            line.leave(ticket);
            assert_eq!(line.places.len(), places, "after {ticket}");
        }
    }

    #[test]
    fn a_crowd_that_has_left_takes_no_room() {
        let mut line = Line::new();
        for ticket in 0..100_000 {
            line.enter(ticket, ());
            line.leave(ticket);
        }
        assert!(line.places.capacity() <= ROOM_KEPT, "{}", line.places.capacity());
        // Called, or going away from the front, the back or the middle; whether or not somebody stays.
        const CROWD: u64 = 30_000;
        for stay in [0, 9, 500] {
            for how in 0..4 {
                (0..CROWD + stay).for_each(|ticket| line.enter(ticket, ()));
                for step in 0..CROWD {
                    let left = match how {
                        0 => line.call_first(),
                        1 => line.leave(step),
                        2 => line.leave(CROWD + stay - 1 - step),
                        // Every other one first.
                        _ if step < CROWD / 2 => line.leave(2 * step),
                        _ => line.leave(2 * (step - CROWD / 2) + 1),
                    };
                    assert!(left.is_some(), "{how}: {step}");
                }
                let (left, room) = (line.iter().count(), line.places.capacity());
                assert_eq!(left, usize::try_from(stay).unwrap(), "{how}");
                assert!(room <= ROOM_KEPT.max(4 * left), "{how}: room for {room}, and {left} stay");
                while line.call_first().is_some() {}
            }
        }
    }

    #[test]
    fn room_that_is_used_is_kept() {
        let mut line = Line::new();
        (0..1_000).for_each(|ticket| line.enter(ticket, ()));
        let room = line.places.capacity();
        for ticket in 1_000..10_000 {
            line.call_first();
            assert_eq!(line.places.capacity(), room);
            line.enter(ticket, ());
        }
    }
}

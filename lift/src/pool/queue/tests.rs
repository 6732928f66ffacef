use std::time::Duration;

use futures_util::future::poll_immediate;
use tokio::runtime::Builder;

use super::*;

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(100)
}

async fn served(turn: &mut Turn<'_, u32>) -> Option<u32> {
    match poll_immediate(turn.next()).await {
        Some(Event::Served(value)) => Some(*value),
        _ => None,
    }
}

#[tokio::test]
async fn first_come_first_served_whoever_goes_away() {
    let queue = Queue::new(4);
    let mut turns: Vec<_> = (0..5).map(|_| queue.line_up(1, soon())).collect();
    for turn in &mut turns {
        assert_eq!(served(turn).await, None);
    }
    drop(turns.remove(1));
    queue.add(Box::new(7)).unwrap();
    assert_eq!(
        (served(&mut queue.line_up(1, soon())).await, queue.try_take()),
        (None, None),
        "granted is granted"
    );
    // The first one goes away with what it was granted, which falls to the next one.
    drop(turns.remove(0));
    assert_eq!(served(&mut turns[1]).await, None);
    assert_eq!(served(&mut turns[0]).await, Some(7));
    queue.add(Box::new(8)).unwrap();
    drop(turns);
    assert_eq!(
        (queue.ready(), queue.try_take().as_deref()),
        (1, Some(&8)),
        "what nobody takes is there for all"
    );
}

#[tokio::test(start_paused = true)]
async fn each_caller_waits_until_its_own_deadline() {
    let queue = Queue::<u32>::new(1);
    let wait = |millis| {
        let (queue, begin) = (queue.clone(), Instant::now());
        tokio::spawn(async move {
            let event = queue.line_up(1, begin + Duration::from_millis(millis)).next().await;
            (matches!(event, Event::TimedOut), begin.elapsed().as_millis())
        })
    };
    let callers = [wait(300), wait(100), wait(200), wait(0)];
    let mut ends = Vec::new();
    for caller in callers {
        let (timed_out, after) = caller.await.unwrap();
        assert!(timed_out);
        ends.push(after / 10);
    }
    assert_eq!(ends, [30, 10, 20, 0]);
    assert_eq!(queue.state().line.iter().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_comes_later_and_waits_for_less_is_told_in_time() {
    let queue = Queue::<u32>::new(1);
    let begin = Instant::now();
    let mut long = queue.line_up(1, begin + Duration::from_millis(300));
    assert!(poll_immediate(long.next()).await.is_none());
    // The watch sleeps by now.
    tokio::time::sleep(Duration::from_millis(50)).await;
    for end in [200, 250] {
        let mut short = queue.line_up(1, begin + Duration::from_millis(end));
        assert!(matches!(short.next().await, Event::TimedOut));
        assert_eq!(begin.elapsed().as_millis() / 10, u128::from(end / 10));
    }
    assert!(matches!(long.next().await, Event::TimedOut));
    assert_eq!(begin.elapsed().as_millis() / 10, 30);
}

#[tokio::test(start_paused = true)]
async fn the_end_wakes_whoever_sleeps_in_line() {
    let queue = Queue::<u32>::new(1);
    let begin = Instant::now();
    let waiting = (0..3).map(|_| {
        let queue = queue.clone();
        tokio::spawn(async move { queue.line_up(1, begin + Duration::from_secs(9)).next().await })
    });
    let waiting: Vec<_> = waiting.collect();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(queue.close().is_empty());
    for waiting in waiting {
        assert!(matches!(waiting.await, Ok(Event::Closed)));
    }
    assert_eq!(begin.elapsed().as_millis(), 1);
}

#[tokio::test]
async fn whoever_could_not_use_what_it_was_served_is_the_next_all_the_same() {
    let queue = Queue::new(1);
    let (mut first, mut second) = (queue.line_up(1, soon()), queue.line_up(1, soon()));
    for turn in [&mut first, &mut second] {
        assert_eq!(served(turn).await, None);
    }
    queue.add(Box::new(1)).unwrap();
    assert_eq!(served(&mut first).await, Some(1));
    assert_eq!(served(&mut first).await, None, "it was of no use; once more");
    queue.add(Box::new(2)).unwrap();
    assert_eq!((served(&mut second).await, served(&mut first).await), (None, Some(2)));
    queue.add(Box::new(3)).unwrap();
    assert_eq!(served(&mut second).await, Some(3));
}

#[tokio::test]
async fn a_place_is_kept_before_anything_is_waited_for() {
    let queue = Queue::new(2);
    // They were served something elsewhere.
    let mut turns: Vec<_> = (0..4).map(|_| queue.line_up(0, soon())).collect();
    // What is there belongs to whoever keeps its place.
    queue.add(Box::new(1)).unwrap();
    turns[0].keep_place();
    assert_eq!((queue.try_take(), served(&mut turns[1]).await), (None, None));
    assert_eq!((served(&mut turns[0]).await, turns[0].has_waited()), (Some(1), false));
    // Behind who came before, and not with what that one was granted.
    queue.add(Box::new(2)).unwrap();
    turns[2].keep_place();
    assert_eq!((served(&mut turns[2]).await, served(&mut turns[1]).await), (None, Some(2)));
    // Before who comes later, also when it has not waited yet.
    turns[0].keep_place();
    assert_eq!(served(&mut turns[3]).await, None);
    queue.add(Box::new(3)).unwrap();
    assert_eq!((served(&mut turns[2]).await, served(&mut turns[0]).await), (None, Some(3)));
    queue.add(Box::new(4)).unwrap();
    assert_eq!((served(&mut turns[3]).await, served(&mut turns[2]).await), (None, Some(4)));
    drop(turns);
    // Given up, it leaves what was there.
    queue.add(Box::new(5)).unwrap();
    let mut turn = queue.line_up(0, soon());
    turn.keep_place();
    drop(turn);
    assert_eq!((queue.ready(), queue.try_take().as_deref()), (1, Some(&5)));
    queue.close();
    let mut late = queue.line_up(1, soon());
    late.keep_place();
    assert!(matches!(late.next().await, Event::Closed));
}

#[tokio::test]
async fn who_needs_several_gets_them_at_once_in_its_turn() {
    let queue = Queue::new(4);
    let (mut two, mut one) = (queue.line_up(2, soon()), queue.line_up(1, soon()));
    queue.add(Box::new(1)).unwrap();
    assert_eq!(served(&mut two).await, None);
    // What lies there for the first one is nobody else's, and not its own yet either.
    assert_eq!((served(&mut one).await, queue.try_take(), queue.ready()), (None, None, 1));
    queue.add(Box::new(2)).unwrap();
    queue.add(Box::new(3)).unwrap();
    assert_eq!((served(&mut one).await, served(&mut two).await), (Some(3), Some(2)));
    assert_eq!((two.outstanding(), served(&mut two).await), (1, Some(1)));
    assert_eq!(two.outstanding(), 0);

    // With what is there already, if nobody waits.
    queue.add(Box::new(4)).unwrap();
    queue.add(Box::new(5)).unwrap();
    let mut two = queue.line_up(2, soon());
    assert_eq!((served(&mut two).await, queue.try_take()), (Some(5), None));
    // It goes away with half of it.
    drop(two);
    assert_eq!(queue.try_take().as_deref(), Some(&4));
}

#[tokio::test]
async fn what_lay_there_for_who_goes_away_is_for_those_who_come_next() {
    let queue = Queue::new(4);
    let mut three = queue.line_up(3, soon());
    assert_eq!(served(&mut three).await, None);
    let mut others = [queue.line_up(1, soon()), queue.line_up(1, soon()), queue.line_up(1, soon())];
    for other in &mut others {
        assert_eq!(served(other).await, None);
    }
    queue.add(Box::new(1)).unwrap();
    queue.add(Box::new(2)).unwrap();
    assert_eq!(served(&mut others[0]).await, None);
    drop(three);
    let [one, two, three] = &mut others;
    assert_eq!((served(one).await, served(two).await, served(three).await), (Some(2), Some(1), None));
}

#[tokio::test]
async fn who_comes_back_needs_as_many_as_were_of_no_use() {
    let queue = Queue::new(4);
    let mut two = queue.line_up(2, soon());
    assert_eq!(served(&mut two).await, None);
    let mut other = queue.line_up(1, soon());
    assert_eq!(served(&mut other).await, None);
    queue.add(Box::new(1)).unwrap();
    queue.add(Box::new(2)).unwrap();
    assert_eq!(served(&mut two).await, Some(2));
    two.keep_place();
    queue.add(Box::new(3)).unwrap();
    assert_eq!((served(&mut two).await, two.outstanding()), (Some(3), 1));
    two.keep_place();
    two.keep_place();
    assert_eq!((served(&mut two).await, two.outstanding(), served(&mut two).await), (Some(1), 2, None));
    queue.add(Box::new(4)).unwrap();
    assert_eq!((served(&mut two).await, served(&mut other).await), (None, None));
    queue.add(Box::new(5)).unwrap();
    assert_eq!((served(&mut two).await, served(&mut two).await, two.outstanding()), (Some(5), Some(4), 0));
    queue.add(Box::new(6)).unwrap();
    assert_eq!(served(&mut other).await, Some(6));
}

/// Against a list of who waits for how many, step by step.
#[tokio::test]
async fn whatever_callers_need_they_are_served_in_order_and_nothing_is_lost() {
    for seed in 0..300 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let queue = Queue::new(8);
        let far = Instant::now() + Duration::from_secs(3600);
        // Those who wait, in order, with what they need; and those who have been called and are owed some.
        let (mut line, mut called) =
            (Vec::<(Turn<'_, u32>, usize)>::new(), Vec::<(Turn<'_, u32>, usize)>::new());
        let mut ready = 0;
        for value in 0..120 {
            match rng.u8(0..10) {
                0..3 => {
                    let need = rng.usize(1..4);
                    let mut turn = queue.line_up(need, far);
                    let at_once =
                        line.is_empty() && ready >= need + called.iter().map(|(_, owed)| owed).sum::<usize>();
                    assert_eq!(served(&mut turn).await.is_some(), at_once, "seed {seed}");
                    if at_once {
                        ready -= 1;
                        called.push((turn, need - 1));
                    } else {
                        line.push((turn, need));
                    }
                }
                3..7 => {
                    ready += 1;
                    queue.add(Box::new(value)).unwrap();
                }
                7 if !line.is_empty() => drop(line.remove(rng.usize(..line.len()))),
                8 if !called.is_empty() => drop(called.swap_remove(rng.usize(..called.len()))),
                _ => {
                    for (turn, owed) in &mut called {
                        if *owed > 0 && rng.bool() {
                            assert!(served(turn).await.is_some(), "seed {seed}");
                            (*owed, ready) = (*owed - 1, ready - 1);
                        }
                    }
                }
            }
            // Whoever is first and has enough is called, and so on.
            let mut owed: usize = called.iter().map(|(_, owed)| owed).sum();
            while line.first().is_some_and(|(_, need)| ready >= owed + need) {
                let (turn, need) = line.remove(0);
                owed += need;
                called.push((turn, need));
            }
            for (turn, need) in &mut line {
                assert_eq!((turn.outstanding(), served(turn).await), (*need, None), "seed {seed}");
            }
            assert_eq!(queue.ready(), ready, "seed {seed}");
            let spare = queue.try_take();
            assert_eq!(spare.is_some(), line.is_empty() && ready > owed, "seed {seed}");
            if let Some(spare) = spare {
                queue.add(spare).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn what_was_granted_to_whoever_left_is_closed_with_the_queue() {
    let queue = Queue::new(1);
    let mut turn = queue.line_up(1, soon());
    assert_eq!(served(&mut turn).await, None);
    queue.add(Box::new(1)).unwrap();
    assert_eq!(queue.ready(), 1);
    assert_eq!(queue.close().len(), 1);
    assert_eq!(queue.ready(), 0);
    drop(turn);
    assert_eq!(queue.ready(), 0);
}

#[tokio::test]
async fn news_and_the_end_reach_everybody() {
    let queue = Queue::<u32>::new(1);
    let (mut one, mut two) = (queue.line_up(1, soon()), queue.line_up(1, soon()));
    assert!(poll_immediate(one.next()).await.is_none());
    queue.tell();
    assert!(matches!(one.next().await, Event::Told) && matches!(two.next().await, Event::Told));
    assert!(poll_immediate(two.next()).await.is_none());
    assert!(queue.close().is_empty() && queue.add(Box::new(1)).is_err());
    assert!(matches!(one.next().await, Event::Closed) && matches!(two.next().await, Event::Closed));
}

#[test]
fn a_runtime_that_stands_still_or_ends_takes_no_deadline_along() {
    let queue = Queue::<u32>::new(1);
    let [still, moving] = [(); 2].map(|()| Builder::new_current_thread().enable_time().build().unwrap());
    let late = still.block_on(async {
        let mut turn = queue.line_up(1, soon());
        assert!(poll_immediate(turn.next()).await.is_none());
        turn
    });
    let timed_out = |turn: &mut Turn<'_, u32>| matches!(moving.block_on(turn.next()), Event::TimedOut);
    assert!(timed_out(&mut queue.line_up(1, soon())), "beside another runtime's watch");
    drop(still);
    assert!(queue.state().watch.is_none());
    assert!(timed_out(&mut queue.line_up(1, soon())), "with its own watch");
    drop(late);
}

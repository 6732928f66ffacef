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
    let mut turns: Vec<_> = (0..5).map(|_| queue.line_up(soon())).collect();
    for turn in &mut turns {
        assert_eq!(served(turn).await, None);
    }
    drop(turns.remove(1));
    queue.add(Box::new(7)).unwrap();
    assert_eq!(
        (served(&mut queue.line_up(soon())).await, queue.try_take()),
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
            let event = queue.line_up(begin + Duration::from_millis(millis)).next().await;
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
    let mut long = queue.line_up(begin + Duration::from_millis(300));
    assert!(poll_immediate(long.next()).await.is_none());
    // The watch sleeps by now.
    tokio::time::sleep(Duration::from_millis(50)).await;
    for end in [200, 250] {
        let mut short = queue.line_up(begin + Duration::from_millis(end));
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
        tokio::spawn(async move { queue.line_up(begin + Duration::from_secs(9)).next().await })
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
    let (mut first, mut second) = (queue.line_up(soon()), queue.line_up(soon()));
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
    let mut turns: Vec<_> = (0..4).map(|_| queue.line_up(soon())).collect();
    // What is there belongs to whoever keeps its place.
    queue.add(Box::new(1)).unwrap();
    turns[0].keep_place();
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
    let mut turn = queue.line_up(soon());
    turn.keep_place();
    drop(turn);
    assert_eq!((queue.ready(), queue.try_take().as_deref()), (1, Some(&5)));
    queue.close();
    let mut late = queue.line_up(soon());
    late.keep_place();
    assert!(matches!(late.next().await, Event::Closed));
}

#[tokio::test]
async fn what_was_granted_to_whoever_left_is_closed_with_the_queue() {
    let queue = Queue::new(1);
    let mut turn = queue.line_up(soon());
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
    let (mut one, mut two) = (queue.line_up(soon()), queue.line_up(soon()));
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
        let mut turn = queue.line_up(soon());
        assert!(poll_immediate(turn.next()).await.is_none());
        turn
    });
    let timed_out = |turn: &mut Turn<'_, u32>| matches!(moving.block_on(turn.next()), Event::TimedOut);
    assert!(timed_out(&mut queue.line_up(soon())), "beside another runtime's watch");
    drop(still);
    assert!(queue.state().watch.is_none());
    assert!(timed_out(&mut queue.line_up(soon())), "with its own watch");
    drop(late);
}

//! Queues as sources of events: messages that fail once, always, by a panic or because they cannot be read, and a process
//! that is killed on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use serde_json::json;
use tests::deadline::look_until;
use tests::event_source::{Batch, EventSource, Running};
use tests::journal::Journal;
use tests::process::Program;
use tests::runtime_api::{Answer, Record, RuntimeApi};
use tests::servers::Moto;
use tests::sqs::{Counts, Entry, Queue};

use crate::support::{folder, lambda};

const SEED: u64 = 7;

/// How often a message is received before it goes to the dead-letter queue. Above one failure, two kills and a success.
const MAX_RECEIVE_COUNT: u32 = 5;

/// How many messages wait in the queue at most: what moto does for one message grows with those that are there.
const WAITING: usize = 10;

/// How long the whole way of all messages may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Good,
    /// It fails once.
    Once,
    /// It does not end once, until its process is killed.
    Hold,
    Always,
    Panic,
    Undecodable,
}

impl Fate {
    fn is_hopeless(self) -> bool {
        matches!(self, Self::Always | Self::Panic | Self::Undecodable)
    }

    fn body(self, number: usize) -> String {
        let fate = match self {
            Self::Good => "good",
            Self::Once => "once",
            Self::Hold => "hold",
            Self::Always => "always",
            Self::Panic => "panic",
            Self::Undecodable => return format!("{{\"number\": {number}, \"fate\": "),
        };
        json!({"number": number, "fate": fate}).to_string()
    }
}

/// The number in a body, also in one that cannot be decoded.
fn number(body: &str) -> usize {
    let digits: String =
        body.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number in the body")
}

/// The fates of so many messages: a tenth fails once and a hundredth is hopeless in each of the ways; those in `held` hold.
fn fates(messages: usize, held: &[Vec<usize>], seed: u64) -> Vec<Fate> {
    let mut fates = vec![Fate::Good; messages];
    let hundredth = messages / 100;
    fates[..10 * hundredth].fill(Fate::Once);
    for (place, fate) in [Fate::Always, Fate::Panic, Fate::Undecodable].into_iter().enumerate() {
        fates[(10 + place) * hundredth..][..hundredth].fill(fate);
    }
    let mut random = seed;
    for last in (1..messages).rev() {
        // The constants of Knuth's MMIX.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        fates.swap(last, (random >> 33) as usize % (last + 1));
    }
    // Its own fate goes to a good one, so that the numbers stay right.
    for &number in held.iter().flatten() {
        let good = (number..messages).find(|&number| fates[number] == Fate::Good);
        fates.swap(number, good.expect("a good message behind each that holds"));
        fates[number] = Fate::Hold;
    }
    fates
}

/// What happened to the messages of one queue.
struct Run {
    queue: &'static str,
    fates: Vec<Fate>,
    /// What the function wrote down, in words.
    journal: Vec<Vec<String>>,
    batches: Vec<Batch>,
    /// How often a message was in flight when the process was killed.
    killed: BTreeMap<usize, usize>,
    /// The numbers in the dead-letter queue.
    dead: BTreeSet<usize>,
}

/// The way of many messages through a queue, until it is empty.
struct Course {
    queue: &'static str,
    messages: usize,
    /// The messages that hold, for each time that the process is killed: as soon as all of them do.
    held: Vec<Vec<usize>>,
    /// How many message groups there are, in a FIFO queue.
    groups: Option<usize>,
    partial: bool,
}

impl Course {
    fn run(&self) -> Run {
        let moto = Moto::start();
        let (queue, dead) = self.queues(&moto);
        let dir = folder();
        let journal = Journal::of(dir.path());
        let worker = || {
            Program::new(env!("CARGO_BIN_EXE_worker"))
                .dir(dir.path())
                .env("WORKER_JOURNAL", journal.path())
                .env("LIFT_TRIGGER_JOBS", "jobs")
                .env("LIFT_TRIGGER_WHOLE", "whole")
                .env("LIFT_TRIGGER_ORDERED", "ordered.fifo")
        };
        let lambda = lambda().timeout(PATIENCE).concurrency(4).memory(2048).seed(SEED).start();
        let fates = fates(self.messages, &self.held, lambda.seed());
        println!("{} messages to `{}`, seed {}", self.messages, queue.name(), lambda.seed());
        let mut source = EventSource::of(&queue).uneven();
        if self.partial {
            source = source.report_batch_item_failures();
        }
        let (function, batches) = source.run(&lambda, |running| {
            thread::scope(|scope| {
                scope.spawn(|| self.send(&fates, &queue, running));
                let mut function = lambda.spawn(worker());
                for held in &self.held {
                    let lines: Vec<_> = held.iter().map(|number| format!("hold {number}")).collect();
                    let all_hold = || {
                        let journal = journal.lines();
                        lines.iter().all(|line| journal.contains(line)).then_some(())
                    };
                    assert!(look_until(PATIENCE, all_hold).is_some(), "not all of {lines:?} came");
                    function.kill();
                    function = lambda.spawn(worker());
                }
                function
            })
        });
        let run = Run {
            queue: self.queue,
            journal: journal
                .lines()
                .iter()
                .map(|line| line.split(' ').map(str::to_owned).collect())
                .collect(),
            killed: killed(&lambda, &batches),
            dead: drained(&dead),
            fates,
            batches,
        };
        assert_eq!(lambda.count(|record| *record == Record::Killed), self.held.len());
        drop(function);
        lambda.finish();
        run
    }

    fn queues(&self, moto: &Moto) -> (Queue, Queue) {
        let fifo: &[_] = if self.groups.is_some() { &[("FifoQueue", "true")] } else { &[] };
        let dead = if fifo.is_empty() { "dead" } else { "dead.fifo" };
        let dead = moto.queue(dead, fifo);
        let redrive = dead.redrive(MAX_RECEIVE_COUNT);
        let own = [("VisibilityTimeout", "600"), ("RedrivePolicy", redrive.as_str())];
        (moto.queue(self.queue, &[fifo, &own].concat()), dead)
    }

    /// Sends all, and waits until the queue is empty.
    fn send(&self, fates: &[Fate], queue: &Queue, running: &Running) {
        let messages = fates.iter().enumerate().map(|(number, fate)| {
            let message = Entry::new(fate.body(number));
            match self.groups {
                Some(groups) => message.group(group(number, groups).to_string()),
                None => message,
            }
        });
        let messages: Vec<_> = messages.collect();
        for (number, batch) in messages.chunks(10).enumerate() {
            let room = look_until(PATIENCE, || (number * 10 < running.received() + WAITING).then_some(()));
            assert!(room.is_some(), "only {} messages were received", running.received());
            queue.send(batch.iter().cloned());
        }
        let ended = look_until(PATIENCE, || (queue.counts() == Counts::default()).then_some(()));
        assert!(ended.is_some(), "left in the queue: {:?}", queue.counts());
    }
}

fn group(number: usize, groups: usize) -> usize {
    number % groups
}

fn killed(lambda: &RuntimeApi, batches: &[Batch]) -> BTreeMap<usize, usize> {
    let history = lambda.history();
    let delivered: BTreeSet<_> = history
        .iter()
        .filter_map(|record| match record {
            Record::Delivered { request_id } => Some(request_id),
            _ => None,
        })
        .collect();
    let mut killed = BTreeMap::new();
    for batch in batches.iter().filter(|batch| batch.answer == Answer::Crashed) {
        if delivered.contains(&batch.request_id) {
            for message in &batch.messages {
                *killed.entry(number(&message.body)).or_default() += 1;
            }
        }
    }
    killed
}

fn drained(queue: &Queue) -> BTreeSet<usize> {
    let mut numbers = BTreeSet::new();
    loop {
        let messages = queue.receive(10);
        if messages.is_empty() {
            assert_eq!(queue.counts(), Counts::default());
            return numbers;
        }
        for message in &messages {
            assert!(numbers.insert(number(&message.body)), "`{}` is there twice", message.body);
        }
        queue.delete(&messages);
    }
}

impl Run {
    /// How often the function wrote this word for each number.
    fn counts(&self, word: &str) -> Vec<usize> {
        let mut counts = vec![0; self.fates.len()];
        for line in self.journal.iter().filter(|line| line[0] == word) {
            counts[line[1].parse::<usize>().expect("a number")] += 1;
        }
        counts
    }

    fn hopeless(&self) -> BTreeSet<usize> {
        (0..self.fates.len()).filter(|&number| self.fates[number].is_hopeless()).collect()
    }

    /// The batches that the function has answered.
    fn answered(&self) -> impl Iterator<Item = &Batch> {
        self.batches.iter().filter(|batch| batch.answer != Answer::Crashed)
    }

    /// What holds for every queue: nothing is lost, the hopeless are dead and never done, and the function is told how often
    /// a message was received.
    fn check(&self) {
        let (done, failed) = (self.counts("done"), self.counts("fail"));
        for (number, fate) in self.fates.iter().enumerate() {
            let (done, failed, dead) = (done[number], failed[number], self.dead.contains(&number));
            let what = format!("{number} ({fate:?}): done {done} times, failed {failed}, dead {dead}");
            assert!(done > 0 || dead, "lost: {what}");
            assert!(!fate.is_hopeless() || (dead && done == 0), "{what}");
            assert!(dead || failed == usize::from(*fate == Fate::Once), "{what}");
        }
        let mut received = BTreeMap::<_, u32>::new();
        for line in self.journal.iter().filter(|line| line[0] == "begin") {
            let count = line[3].parse().expect("a count");
            assert!(count <= MAX_RECEIVE_COUNT, "{line:?}");
            let before = received.insert(&line[1], count);
            assert_eq!(line[2], self.queue, "{line:?}");
            assert!(before.is_none_or(|before| before < count), "{line:?} after {before:?}");
        }
        assert!(!self.killed.is_empty(), "nothing was in flight at a kill");
        println!(
            "{} invocations, {} messages in flight at kills, {} dead, done {} times",
            self.batches.len(),
            self.killed.len(),
            self.dead.len(),
            done.iter().sum::<usize>(),
        );
    }

    /// Every message that was not in flight at a kill is done once.
    fn check_exactly_once(&self) {
        for (number, done) in self.counts("done").into_iter().enumerate() {
            let most = 1 + self.killed.get(&number).copied().unwrap_or_default();
            assert!(done <= most, "{number} was done {done} times");
        }
    }
}

#[test]
fn a_thousand_messages_are_done_exactly_once_or_dead_except_those_in_flight_at_a_kill() {
    let run = Course {
        queue: "jobs",
        messages: 1000,
        held: vec![vec![333, 350], vec![666, 683]],
        groups: None,
        partial: true,
    }
    .run();
    run.check();
    run.check_exactly_once();
    assert_eq!(run.dead, run.hopeless());
    let mut attempts = vec![0; run.fates.len()];
    for batch in &run.batches {
        batch.messages.iter().for_each(|message| attempts[number(&message.body)] += 1);
    }
    assert!(run.hopeless().iter().all(|&number| attempts[number] == MAX_RECEIVE_COUNT), "{attempts:?}");
    for batch in run.answered() {
        assert!(matches!(batch.answer, Answer::Response(_)), "{batch:?}");
        for message in batch.messages.iter().filter(|message| batch.returned.contains(&message.id)) {
            let fate = run.fates[number(&message.body)];
            assert!(fate.is_hopeless() || fate == Fate::Once, "{fate:?} came back: {batch:?}");
        }
    }
}

#[test]
fn without_partial_a_batch_comes_back_as_a_whole_and_nothing_is_lost() {
    let run =
        Course { queue: "whole", messages: 200, held: vec![vec![100, 117]], groups: None, partial: false }
            .run();
    run.check();
    let done = run.counts("done");
    let mut again = 0;
    for (number, fate) in run.fates.iter().enumerate().filter(|(_, fate)| !fate.is_hopeless()) {
        assert!(done[number] > 0, "{number} ({fate:?}) was never done");
        again += done[number] - 1;
    }
    assert!(again > 0, "no batch came back as a whole");
    for batch in run.answered() {
        let fates: Vec<_> = batch.messages.iter().map(|message| run.fates[number(&message.body)]).collect();
        let is_whole = batch.returned.is_empty() || batch.returned.len() == batch.messages.len();
        let is_done = matches!(batch.answer, Answer::Response(_));
        assert!(is_whole && is_done == batch.returned.is_empty(), "{batch:?}");
        assert!(!is_done || !fates.iter().any(|fate| fate.is_hopeless()), "{fates:?} were done");
    }
}

#[test]
fn a_fifo_queue_keeps_the_order_of_each_group_through_failures_and_a_kill() {
    const GROUPS: usize = 24;
    let run = Course {
        queue: "ordered.fifo",
        messages: 300,
        held: vec![vec![150]],
        groups: Some(GROUPS),
        partial: true,
    }
    .run();
    run.check();
    run.check_exactly_once();
    assert!(run.dead.is_superset(&run.hopeless()), "{:?}", run.dead);
    for number in run.dead.difference(&run.hopeless()) {
        let fate = run.fates[*number];
        assert!(was_always_behind(&run, *number, GROUPS), "{number} ({fate:?}) is dead");
    }
    check_sent_in_order(&run, GROUPS);
    check_begun_in_order(&run, GROUPS);
}

/// Whether a message came back every time because one before it in its group did: such a receive counts on SQS, too.
fn was_always_behind(run: &Run, number: usize, groups: usize) -> bool {
    let mut receives = 0;
    for batch in &run.batches {
        let numbers = returned(batch);
        if numbers.contains(&number) {
            receives += 1;
            let first = numbers.iter().find(|&&other| group(other, groups) == group(number, groups));
            let own = run.fates[number] == Fate::Once && first == Some(&number);
            if !(batch.answer == Answer::Crashed || first.is_some_and(|&first| first < number) || own) {
                return false;
            }
        }
    }
    receives == MAX_RECEIVE_COUNT
}

fn returned(batch: &Batch) -> Vec<usize> {
    let messages = batch.messages.iter().filter(|message| batch.returned.contains(&message.id));
    messages.map(|message| number(&message.body)).collect()
}

/// The queue's and the source's side: a message is sent to the function only when all before it in its group are done or
/// dead, or with them.
fn check_sent_in_order(run: &Run, groups: usize) {
    let mut open: BTreeSet<usize> = (0..run.fates.len()).collect();
    let mut receives = vec![0; run.fates.len()];
    for batch in &run.batches {
        let numbers: Vec<_> = batch.messages.iter().map(|message| number(&message.body)).collect();
        for (place, number) in numbers.iter().enumerate() {
            receives[*number] += 1;
            let before = open
                .iter()
                .filter(|&other| other < number && group(*other, groups) == group(*number, groups));
            for other in before {
                let is_dead = receives[*other] == MAX_RECEIVE_COUNT && !numbers.contains(other);
                assert!(
                    numbers[..place].contains(other) || is_dead,
                    "{number} came before {other}: {batch:?}"
                );
            }
        }
        let returned = returned(batch);
        open.retain(|number| !numbers.contains(number) || returned.contains(number));
    }
}

/// The function's side: a message is begun only when all before it in its group are done, or dead and never begun again.
fn check_begun_in_order(run: &Run, groups: usize) {
    let lines: Vec<(&str, usize)> =
        run.journal.iter().map(|line| (line[0].as_str(), line[1].parse().expect("a number"))).collect();
    let mut last_begin = BTreeMap::new();
    for (place, (word, number)) in lines.iter().enumerate() {
        if *word == "begin" {
            last_begin.insert(*number, place);
        }
    }
    let (mut begun, mut done) = (BTreeSet::new(), BTreeSet::new());
    for (place, &(word, number)) in lines.iter().enumerate() {
        match word {
            "done" => drop(done.insert(number)),
            "begin" if begun.insert(number) => {
                for other in (0..number).filter(|&other| group(other, groups) == group(number, groups)) {
                    let comes_again = last_begin.get(&other).is_some_and(|&last| last > place);
                    let is_dead = run.dead.contains(&other) && !comes_again;
                    assert!(done.contains(&other) || is_dead, "{number} was begun before {other} was done");
                }
            }
            _ => {}
        }
    }
}

//! A service that works off three queues, each in its own way; what becomes of a message is told by its body.
//!
//! Its one resource writes into a journal, a line an event: `begin 17 jobs 1` with the queue and how often the message was
//! received, then `done 17`, `fail 17`, which only `once` writes, or `hold 17`.

use std::future::pending;
use std::io;
use std::time::Duration;

use lift::event::SqsMessage;
use lift::prelude::*;
use lift::resource::Init;
use serde::Deserialize;
use tests::journal::Journal;

#[derive(Clone, Resource)]
#[resource(name = "worker", initialize = Self::open, config = Journal, error = io::Error)]
struct Log(Journal);

impl Log {
    async fn open(journal: &Journal, _: &Init) -> io::Result<Self> {
        Ok(Self(journal.clone()))
    }

    /// Notes it unless it was noted before, also by another process.
    fn is_first(&self, line: &str) -> io::Result<bool> {
        let first = !self.0.lines().iter().any(|noted| noted == line);
        if first {
            self.0.note(line)?;
        }
        Ok(first)
    }
}

#[derive(Deserialize)]
struct Job {
    number: u32,
    fate: Fate,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Fate {
    Good,
    /// Fails once.
    Once,
    /// Does not end, once.
    Hold,
    /// Fails always.
    Always,
    Panic,
}

#[derive(Debug, thiserror::Error, LiftError)]
enum JobError {
    #[error("job {0} failed")]
    #[lift(status = 503, code = "JOB_FAILED", retry)]
    Failed(u32),
    #[error("the journal cannot be written")]
    #[lift(internal)]
    Journal(#[from] io::Error),
}

/// Each message for itself, several at a time.
#[lift::handler(sqs = "jobs", concurrency = 4, partial)]
async fn jobs(message: SqsMessage, log: Shared<Log>, job: Json<Job>) -> Result<(), JobError> {
    work(&message, &job, &log).await
}

/// All messages of a batch or none.
#[lift::handler(sqs = "whole", concurrency = 4)]
async fn whole(message: SqsMessage, log: Shared<Log>, job: Json<Job>) -> Result<(), JobError> {
    work(&message, &job, &log).await
}

/// The messages of a group in their order, several groups at a time.
#[lift::handler(sqs = "ordered", concurrency = 4, partial)]
async fn ordered(message: SqsMessage, log: Shared<Log>, job: Json<Job>) -> Result<(), JobError> {
    work(&message, &job, &log).await
}

async fn work(message: &SqsMessage, job: &Job, log: &Log) -> Result<(), JobError> {
    let number = job.number;
    log.0.note(&format!("begin {number} {} {}", message.queue(), message.receive_count()))?;
    match job.fate {
        Fate::Once if log.is_first(&format!("fail {number}"))? => return Err(JobError::Failed(number)),
        Fate::Hold if log.is_first(&format!("hold {number}"))? => pending().await,
        Fate::Always => return Err(JobError::Failed(number)),
        Fate::Panic => panic!("job {number}"),
        Fate::Good | Fate::Once | Fate::Hold => {}
    }
    // So that others begin meanwhile.
    tokio::time::sleep(Duration::from_millis(1)).await;
    log.0.note(&format!("done {number}"))?;
    Ok(())
}

#[lift::main]
async fn main() -> lift::Result<()> {
    App::new("worker").handlers(lift::handlers![jobs, whole, ordered]).run().await
}

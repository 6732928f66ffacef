//! What lift reads off a PostgreSQL connection, over real traffic cut at every place.
//!
//! It is lift's own source, compiled here once more: the connection around it shows what it knows only to a pool.

#[path = "../../../lift/src/backend/postgres/eviction.rs"]
mod eviction;
#[allow(dead_code, clippy::module_inception)]
#[path = "../../../lift/src/backend/postgres/tap.rs"]
mod tap;

use std::collections::VecDeque;
use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::future::{join3, poll_immediate};
use futures_util::{SinkExt, StreamExt};
use lift::postgres::tokio_postgres::{self, Client, NoTls, config::SslMode};
use tap::{Session, Tap};
use tests::servers::Postgres;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::io::{InspectReader, InspectWriter};

use crate::support::until;

/// What passed, in order, and what was known in between.
#[derive(Clone, Debug)]
enum Step {
    Sent(Vec<u8>),
    Received(Vec<u8>),
    Known { after: &'static str, clean: bool, failed: bool },
}

type Steps = Arc<Mutex<Vec<Step>>>;

/// One session with a server, of every kind of exchange.
async fn traffic(postgres: &Postgres) -> Vec<Step> {
    let steps = Steps::default();
    let session = Arc::<Session>::default();
    let stream = TcpStream::connect(postgres.address()).await.unwrap();
    let note = |step: fn(Vec<u8>) -> Step| {
        let steps = steps.clone();
        move |bytes: &[u8]| steps.lock().unwrap().push(step(bytes.to_vec()))
    };
    let noting = InspectWriter::new(InspectReader::new(stream, note(Step::Received)), note(Step::Sent));
    let mut settings: tokio_postgres::Config = postgres.url().parse().unwrap();
    settings.ssl_mode(SslMode::Disable);
    let (client, connection) = settings.connect_raw(Tap::new(noting, session.clone()), NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    let known = |after, clean, failed| {
        steps.lock().unwrap().push(Step::Known { after, clean, failed });
        assert_eq!((session.is_clean(), session.has_failed()), (clean, failed), "{after}");
    };
    known("the start", true, false);

    client.batch_execute("/* x */ BEGIN").await.unwrap();
    known("a BEGIN behind a comment", false, false);
    client.batch_execute("DO $$ BEGIN RAISE NOTICE 'still open'; END $$").await.unwrap();
    known("a block within a transaction", false, false);
    client.batch_execute("COMMIT; CREATE TABLE t (a text)").await.unwrap();
    known("a COMMIT in company", true, false);
    client.batch_execute("-- x\nSTART TRANSACTION; SELECT 1 / 0").await.unwrap_err();
    until("the end of a failed batch", || !session.is_busy()).await;
    known("a failed batch in a transaction", false, true);
    client.batch_execute("ROLLBACK AND CHAIN").await.unwrap();
    known("a transaction behind another", false, false);
    client.batch_execute("END").await.unwrap();

    let long = "é".repeat(3_000);
    let statement = client.prepare("INSERT INTO t VALUES ($1)").await.unwrap();
    let (one, two, three) = join3(
        client.execute(&statement, &[&long]),
        client.query("SELECT generate_series(1, 3)", &[]),
        client.execute("SELECT 1 / 0", &[]),
    )
    .await;
    assert!(one.is_ok() && two.is_ok() && three.is_err());
    until("the end of a pipeline", || !session.is_busy()).await;
    known("a pipeline", true, false);
    drop(statement);
    client.simple_query("LISTEN news; NOTIFY news, 'some'").await.unwrap();
    known("the end of a statement, and news", true, false);
    // What nobody awaits.
    assert!(poll_immediate(client.query("SELECT pg_sleep(0)", &[])).await.is_none());
    client.batch_execute("").await.unwrap();
    known("a call that was given up", true, false);

    let mut rows = pin!(client.copy_in::<_, Bytes>("COPY t FROM STDIN").await.unwrap());
    known("the beginning of a COPY", false, false);
    rows.send(Bytes::from_static(b"one\ntwo\n")).await.unwrap();
    rows.flush().await.unwrap();
    assert_eq!(rows.finish().await.unwrap(), 2);
    known("a COPY", true, false);
    {
        let mut rows = pin!(client.copy_in::<_, Bytes>("COPY t FROM STDIN").await.unwrap());
        rows.send(Bytes::from_static(b"too\tmany\n")).await.unwrap();
        rows.finish().await.unwrap_err();
    }
    until("the end of a refused COPY", || !session.is_busy()).await;
    known("a refused COPY", true, false);
    drop(client.copy_in::<_, Bytes>("COPY t FROM STDIN").await.unwrap());
    until("the end of a COPY that was given up", || !session.is_busy()).await;
    known("a COPY that was given up", true, false);
    let out: Vec<_> = client.copy_out("COPY t TO STDOUT").await.unwrap().collect().await;
    assert_eq!(out.len(), 3);
    known("a COPY out", true, false);

    end(&client).await;
    until("the end of a fatal error", || driver.is_finished()).await;
    known("a fatal error", false, false);
    steps.lock().unwrap().clone()
}

async fn end(client: &Client) {
    client.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())").await.unwrap_err();
}

/// A stream that gives and takes what it is told to, a piece at a time.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    gives: VecDeque<u8>,
    piece: usize,
}

impl Told {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap()
    }
}

impl AsyncRead for Told {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut script = self.script();
        let piece = script.piece.min(script.gives.len()).min(buffer.remaining());
        let piece: Vec<u8> = script.gives.drain(..piece).collect();
        buffer.put_slice(&piece);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Told {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(self.script().piece.min(bytes.len())))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Plays it again, in pieces whose sizes `piece` says, and compares what is known.
async fn replay(steps: &[Step], how: &str, mut piece: impl FnMut() -> usize) {
    let session = Arc::<Session>::default();
    let told = Told::default();
    let mut tap = Tap::new(told.clone(), session.clone());
    for step in steps {
        match step {
            Step::Sent(bytes) => {
                let mut rest = &bytes[..];
                while !rest.is_empty() {
                    told.script().piece = piece().max(1);
                    let written = tap.write(rest).await.unwrap();
                    rest = &rest[written..];
                }
            }
            Step::Received(bytes) => {
                told.script().gives.extend(bytes);
                let mut received = Vec::new();
                while received.len() < bytes.len() {
                    told.script().piece = piece().max(1);
                    tap.read_buf(&mut received).await.unwrap();
                }
                assert!(received == *bytes, "{how}: something was changed");
            }
            Step::Known { after, clean, failed } => {
                assert_eq!(
                    (session.is_clean(), session.has_failed()),
                    (*clean, *failed),
                    "{how}: after {after}"
                );
            }
        }
    }
}

#[tokio::test]
async fn wherever_real_traffic_is_cut_the_same_is_known_of_the_session() {
    let postgres = Postgres::start();
    let steps = traffic(&postgres).await;
    let bytes = |step: &Step| match step {
        Step::Sent(bytes) | Step::Received(bytes) => bytes.len(),
        Step::Known { .. } => 0,
    };
    let total: usize = steps.iter().map(bytes).sum();
    for size in (1..=40).chain([100, usize::MAX]) {
        replay(&steps, &format!("in pieces of {size}"), || size).await;
    }
    // One cut at each byte.
    for cut in 1..total.min(20_000) {
        let mut at = 0;
        let mut one = steps.clone();
        for index in 0..one.len() {
            let length = bytes(&one[index]);
            if (at + 1..at + length).contains(&cut) {
                let second = match &mut one[index] {
                    Step::Sent(bytes) => Step::Sent(bytes.split_off(cut - at)),
                    Step::Received(bytes) => Step::Received(bytes.split_off(cut - at)),
                    Step::Known { .. } => unreachable!("it has no bytes"),
                };
                one.insert(index + 1, second);
                break;
            }
            at += length;
        }
        replay(&one, &format!("cut at {cut}"), || usize::MAX).await;
    }
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    for round in 0..300 {
        replay(&steps, &format!("at random, {round}"), || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random % 64).unwrap()
        })
        .await;
    }
}

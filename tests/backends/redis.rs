use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lift::config::{Invalid, Section, Settings};
use lift::prelude::*;
use lift::redis::{
    AsyncCommands, Config, Connection, CredentialProvider, Credentials, Error, FromUrl, RedisError, Script,
    Server, cmd, pipe,
};
use lift::{BoxError, Resource};
use tests::servers::{Certificate, FaultProxy, Redis};
use tokio::time::timeout;

use crate::support::{chain, init, settings, until};

async fn try_open(url: &str, others: &[(&str, &str)]) -> Result<Connection, Error> {
    let config = Config::of("db", &settings(url, others)).unwrap_or_else(|faults| panic!("{faults}"));
    Connection::initialize(&config, &init()).await
}

async fn open(url: &str) -> Connection {
    match try_open(url, &[]).await {
        Ok(connection) => connection,
        Err(error) => panic!("{}", chain(&error)),
    }
}

#[tokio::test]
async fn commands_pipelines_and_scripts_return_what_the_server_says() {
    let server = Redis::start();
    for url in [format!("{}/3", server.url()), format!("{}/3?protocol=resp3", server.url())] {
        let mut redis = open(&url).await;
        let () = redis.set("a", "1").await.unwrap();
        assert_eq!(redis.incr::<_, _, u64>("a", 2).await.unwrap(), 3);
        assert_eq!(redis.command::<String>(cmd("TYPE").arg("a")).await.unwrap(), "string");
        let mut commands = pipe();
        commands.atomic().get("a").del("a").ignore().exists("a");
        assert_eq!(redis.pipeline::<(u64, bool)>(&commands).await.unwrap(), (3, false));
        let sum: u64 =
            Script::new("return ARGV[1] + ARGV[2]").arg(3).arg(4).invoke_async(&mut redis).await.unwrap();
        assert_eq!(sum, 7);
        redis.health_check().await.unwrap();
        assert!(redis.is_valid());

        let () = redis.set("a", "text").await.unwrap();
        let wrong: Error = redis.incr::<_, _, u64>("a", 1).await.unwrap_err().into();
        assert!(!wrong.is_connection() && redis.is_valid(), "{wrong}");
        let wrong: Error = redis.lpush::<_, _, u64>("a", 1).await.unwrap_err().into();
        assert_eq!(wrong.code(), Some("WRONGTYPE"));
        assert!(server.command(&["CLIENT", "LIST"]).contains("name=db "));
        assert!(server.command(&["INFO", "keyspace"]).contains("db3:keys=1"));
        let () = redis.del("a").await.unwrap();
        redis.cleanup().await;
    }
}

#[tokio::test]
async fn a_url_is_enough_to_connect() {
    let server = Redis::start();
    let mut redis = Connection::connect(&server.url()).await.unwrap();
    redis.health_check().await.unwrap();
    let url = format!("redis://:hunter2@{}", tests::ports::free());
    let refused = Connection::connect(&url).await.err().unwrap().to_string();
    assert!(refused.contains("cannot connect to Redis at ") && !refused.contains("hunter2"), "{refused}");
    let wrong = Connection::connect("http://h").await.err().unwrap().to_string();
    assert!(wrong.contains("REDIS_URL: is not a Redis URL"), "{wrong}");
}

#[tokio::test]
async fn calls_back_to_back_make_no_extra_round_trip() {
    let server = Redis::start();
    let proxy = FaultProxy::start(server.address());
    let mut redis = open(&format!("redis://{}", proxy.address())).await;
    // Opening is one.
    assert_eq!(proxy.exchanges(), 1);
    server.forget_calls();
    for _ in 0..10 {
        assert!(redis.is_valid());
        let _: Option<String> = redis.get("a").await.unwrap();
    }
    assert_eq!(proxy.exchanges(), 11);
    let mut calls = server.calls();
    calls.retain(|name, _| !name.starts_with("config") && name != "info");
    assert_eq!(calls.into_iter().collect::<Vec<_>>(), [("get".to_owned(), 10)]);
}

#[tokio::test]
async fn what_is_begun_and_not_finished_makes_it_invalid() {
    let server = Redis::start();
    let short = Duration::from_millis(50);
    let mut redis = open(&server.url()).await;
    assert!(timeout(short, redis.blpop::<_, Option<(String, String)>>("queue", 30.0)).await.is_err());
    assert!(!redis.is_valid());
    let began = Instant::now();
    redis.cleanup().await;
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    until("the end of the client", || server.clients() == 0).await;
    server.command(&["RPUSH", "queue", "a"]);
    assert_eq!(server.command(&["LLEN", "queue"]), "1");

    // A call that runs into its own time-out, and whose answer comes later.
    let mut redis = try_open(&server.url(), &[("DB_RESPONSE_TIMEOUT", "50ms")]).await.unwrap();
    server.pause(Duration::from_millis(200));
    let late: Error = redis.get::<_, Option<String>>("a").await.unwrap_err().into();
    assert!(late.is_timeout() && late.is_connection() && !redis.is_valid(), "{late}");
    redis.cleanup().await;

    let mut redis = open(&server.url()).await;
    for (name, valid) in [("MULTI", false), ("EXEC", true), ("MULTI", false), ("DISCARD", true)] {
        let _: lift::redis::Value = redis.command(&cmd(name)).await.unwrap();
        assert_eq!(redis.is_valid(), valid, "{name}");
    }
    let () = redis.command(cmd("SELECT").arg(1)).await.unwrap();
    assert!(!redis.is_valid());
}

#[tokio::test]
async fn the_end_of_the_stream_is_seen_without_a_call() {
    let mut server = Redis::start();
    let proxy = FaultProxy::start(server.address());
    type Fault = fn(&mut Redis, &FaultProxy);
    let faults: [(&str, Fault); 4] = [
        ("CLIENT KILL", |server, _| assert_eq!(server.kill_clients(), 1)),
        ("FIN", |_, proxy| proxy.cut()),
        ("RST", |_, proxy| proxy.reset()),
        ("kill -9 of the server", |server, _| server.crash()),
    ];
    for (name, fault) in faults {
        let mut redis = open(&format!("redis://{}", proxy.address())).await;
        redis.health_check().await.unwrap();
        assert!(redis.is_valid(), "{name}");
        fault(&mut server, &proxy);
        until(name, || !redis.is_valid()).await;
        let error: Error = redis.get::<_, Option<String>>("a").await.unwrap_err().into();
        assert!(error.is_connection(), "{name}: {error}");
        assert!(redis.health_check().await.is_err(), "{name}");
        redis.cleanup().await;
    }
    server.restart();
    open(&server.url()).await.health_check().await.unwrap();
}

#[tokio::test]
async fn a_silent_server_is_met_by_a_time_out() {
    let server = Redis::start();
    let mut redis = open(&server.url()).await;
    server.freeze();
    assert!(timeout(Duration::from_millis(100), redis.health_check()).await.is_err());
    assert!(!redis.is_valid());
    let began = Instant::now();
    redis.cleanup().await;
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    // Opening has a bound of its own, too.
    let silent = try_open(&server.url(), &[("DB_RESPONSE_TIMEOUT", "100ms")]).await.err().unwrap();
    assert!(silent.is_timeout(), "{}", chain(&silent));
    server.thaw();
    open(&server.url()).await.health_check().await.unwrap();
}

#[tokio::test]
async fn cleanup_ends_the_session_at_the_server() {
    let server = Redis::start();
    let redis = open(&server.url()).await;
    assert_eq!(server.clients(), 1);
    redis.cleanup().await;
    until("the end of the client", || server.clients() == 0).await;
    // Dropped without it, as when a runtime ends.
    drop(open(&server.url()).await);
    until("the end of the client", || server.clients() == 0).await;
}

#[tokio::test]
async fn a_connection_that_cannot_be_opened_says_why_and_no_secret() {
    let server = Redis::start_with(&["--requirepass", "open sesame"]);
    let address = server.address();
    open(&format!("redis://:open%20sesame@{address}")).await.health_check().await.unwrap();
    open(&format!("redis://:open%20sesame@{address}/1?protocol=resp3")).await.health_check().await.unwrap();
    let nobody = tests::ports::free();
    for (url, words) in [
        (
            format!("redis://:hunter2@{address}"),
            "refused the connection: \"WRONGPASS\": invalid username-password pair",
        ),
        (format!("redis://ada:hunter2@{address}"), "refused the connection: \"WRONGPASS\""),
        (format!("redis://{address}"), "refused the connection: \"NOAUTH\": Authentication required."),
        (format!("redis://:open%20sesame@{address}/99"), "DB index is out of range"),
        (format!("redis://:hunter2@{nobody}"), "Connection refused"),
        ("redis://:hunter2@nowhere.invalid".to_owned(), "cannot connect to Redis at nowhere.invalid:6379: "),
    ] {
        let error = try_open(&url, &[]).await.err().unwrap();
        let text = chain(&error);
        assert!(text.contains("Redis at ") && text.contains(words), "{text}");
        assert!(!text.contains("hunter2") && !format!("{error:?}").contains("hunter2"), "{error:?}");
        assert!(error.is_connection(), "{text}");
        assert_eq!(
            error.is_authentication(),
            text.contains("WRONGPASS") || text.contains("NOAUTH"),
            "{text}"
        );
    }

    let full = Redis::start_with(&["--maxclients", "1"]);
    let _held = open(&full.url()).await;
    let error = try_open(&full.url(), &[]).await.err().unwrap();
    assert!(error.is_connection(), "{error:?}");
    assert!(chain(&error).contains("max number of clients reached"), "{}", chain(&error));
}

#[tokio::test]
async fn refusals_of_a_live_server_are_told_apart() {
    let server = Redis::start();
    let mut redis = open(&server.url()).await;
    server.command(&["REPLICAOF", "127.0.0.1", "1"]);
    let error: Error = redis.set::<_, _, ()>("a", 1).await.unwrap_err().into();
    assert!(error.is_read_only() && !error.is_connection(), "{error}");
    server.command(&["REPLICAOF", "NO", "ONE"]);
    let mut redis = open(&server.url()).await;
    server.command(&["CONFIG", "SET", "maxmemory", "1"]);
    let error: Error = redis.set::<_, _, ()>("a", 1).await.unwrap_err().into();
    assert!(error.is_out_of_memory() && redis.is_valid(), "{error}");
}

#[tokio::test]
async fn tls_is_checked_against_the_ca_file() {
    let certificate = Certificate::new();
    let server = Redis::start_with_tls(&certificate);
    let ca = certificate.path().display().to_string();
    let port = server.tls_address().port();
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("rediss://{host}:{port}");
        let mut redis =
            try_open(&url, &[("DB_CA_FILE", &ca)]).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        redis.health_check().await.unwrap();
        let unknown = try_open(&url, &[]).await.err().unwrap();
        assert!(chain(&unknown).contains("UnknownIssuer"), "{}", chain(&unknown));
    }
}

/// Gives a wrong password the second time and fails the third.
struct Tokens(AtomicUsize);

impl Settings for Tokens {
    fn read(_: &mut Section<'_>) -> Result<Self, Invalid> {
        Ok(Self(AtomicUsize::new(0)))
    }
}

impl CredentialProvider for Tokens {
    async fn credentials(&self, _: &Server) -> Result<Credentials, BoxError> {
        match self.0.fetch_add(1, Ordering::SeqCst) + 1 {
            2 => Ok(Credentials::password("expired")),
            3 => Err("the signer is away".into()),
            _ => Ok(Credentials::password("open sesame").user("default")),
        }
    }
}

#[tokio::test]
async fn a_provider_is_asked_for_every_connection() {
    let server = Redis::start_with(&["--requirepass", "open sesame"]);
    let config = Config::<Tokens>::of("db", &settings(&server.url(), &[])).unwrap();
    assert!(Connection::initialize(&config, &init()).await.is_ok_and(|redis| redis.is_valid()));
    let expired = Connection::initialize(&config, &init()).await.err().unwrap();
    assert!(expired.is_authentication(), "{}", chain(&expired));
    let away = Connection::initialize(&config, &init()).await.err().unwrap();
    let text = format!("there are no credentials for Redis at {}: the signer is away", server.address());
    assert_eq!(chain(&away), text);
    assert!(Connection::initialize(&config, &init()).await.is_ok());
}

/// Through the derive and the pool, with a handler.
#[derive(Resource)]
#[resource(name = "cache")]
struct Cache(lift::redis::Connection<FromUrl>);

#[lift::handler(GET, "/visits")]
async fn visits(mut cache: Pooled<Cache>) -> Result<String, RedisFailure> {
    let count: u64 = cache.incr("visits", 1).await?;
    let mut again = pipe();
    again.incr("visits", 1);
    let (count_again,): (u64,) = cache.pipeline(&again).await?;
    Ok(format!("{count} {count_again}"))
}

#[derive(Debug, thiserror::Error, LiftError)]
#[error("the cache refused")]
#[lift(internal)]
struct RedisFailure(#[from] RedisError);

#[tokio::test]
async fn a_handler_uses_it_through_the_pool() {
    let server = Redis::start();
    let app = App::new("shop").handlers(lift::handlers![visits]);
    let service = app.test().var("CACHE_URL", server.url()).start().await.unwrap();
    assert_eq!(service.get("/visits").await.unwrap().text(), "1 2");
    assert_eq!(service.get("/visits").await.unwrap().text(), "3 4");
    service.close().await;
    until("the end of the clients", || server.clients() == 0).await;
}

/// The ways by which a connection can meet an error of the server.
const WAYS: [&str; 8] = [
    "a command",
    "a script",
    "an answer that holds it",
    "a pipeline",
    "a pipeline that ignores it",
    "a pipeline that keeps it",
    "a transaction",
    "a transaction by hand",
];

/// Meets the error that these commands end in; whatever the caller makes of it.
async fn meet(redis: &mut Connection, way: &str, source: &str) {
    let eval = || cmd("EVAL").arg(source).arg(0).to_owned();
    let mut commands = pipe();
    let failed = match way {
        "a command" => redis.command::<()>(&eval()).await.is_err(),
        "a script" => Script::new(source).invoke_async::<_, ()>(redis).await.is_err(),
        "an answer that holds it" => {
            let source = format!("return {{1, {{2, {}}}}}", source.trim_start_matches("return "));
            let mut held = cmd("EVAL");
            let _ = redis.command::<lift::redis::Value>(held.arg(source).arg(0)).await;
            true
        }
        "a pipeline" => {
            redis.pipeline::<()>(commands.cmd("PING").ignore().add_command(eval())).await.is_err()
        }
        "a pipeline that ignores it" => {
            let _ = redis.pipeline::<()>(commands.add_command(eval()).ignore().cmd("PING").ignore()).await;
            true
        }
        "a pipeline that keeps it" => {
            let commands = commands.ignore_errors().add_command(eval()).cmd("PING");
            redis.pipeline::<Vec<Result<lift::redis::Value, RedisError>>>(commands).await.is_ok()
        }
        "a transaction" => redis.pipeline::<()>(commands.atomic().add_command(eval())).await.is_err(),
        "a transaction by hand" => {
            for command in [cmd("MULTI"), eval(), cmd("EXEC")] {
                let _ = redis.command::<lift::redis::Value>(&command).await;
            }
            true
        }
        other => panic!("{other}"),
    };
    assert!(failed, "{way}: {source}");
}

#[tokio::test]
async fn answers_of_a_wrong_or_ending_server_evict_wherever_they_come() {
    let server = Redis::start();
    for url in [server.url(), format!("{}?protocol=resp3", server.url())] {
        let mut kept = open(&url).await;
        for way in WAYS {
            for code in
                ["READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS", "UNBLOCKED", "NOAUTH"]
            {
                let mut redis = open(&url).await;
                meet(&mut redis, way, &format!("return redis.error_reply('-{code} as asked')")).await;
                assert!(!redis.is_valid(), "{code} by {way}, {url}");
                // It may still be used by whoever holds it, and stays what it is.
                redis.health_check().await.unwrap();
                assert!(!redis.is_valid(), "{code} by {way}, {url}");
            }
            for code in
                ["ERR", "WRONGTYPE", "OOM", "MISCONF", "BUSY", "NOSCRIPT", "NOPERM", "TRYAGAIN", "MOVED"]
            {
                meet(&mut kept, way, &format!("return redis.error_reply('-{code} READONLY as asked')")).await;
                assert!(kept.is_valid(), "{code} by {way}, {url}");
            }
        }
    }
}

/// What a server answers that a failover has made a replica of another one, or left alone.
#[tokio::test]
async fn a_server_that_has_become_a_replica_evicts() {
    let (master, server) = (Redis::start(), Redis::start());
    let (host, port) = (master.address().ip().to_string(), master.address().port().to_string());
    let demote = || server.command(&["REPLICAOF", &host, &port]);
    let promote = || server.command(&["REPLICAOF", "NO", "ONE"]);

    demote();
    for way in WAYS {
        let mut redis = open(&server.url()).await;
        meet(&mut redis, way, "return redis.call('SET', 'a', '1')").await;
        assert!(!redis.is_valid(), "{way}");
    }
    promote();

    // In the middle: what was queued is refused, and what waits is sent away.
    let mut redis = open(&server.url()).await;
    for command in [&cmd("MULTI"), cmd("SET").arg("a").arg(1)] {
        let _: lift::redis::Value = redis.command(command).await.unwrap();
    }
    demote();
    let error = redis.command::<lift::redis::Value>(&cmd("EXEC")).await.unwrap_err();
    assert_eq!((error.code(), redis.is_valid()), (Some("EXECABORT"), false), "{error}");
    promote();
    let mut redis = try_open(&server.url(), &[("DB_RESPONSE_TIMEOUT", "20s")]).await.unwrap();
    let waiting = tokio::spawn(async move {
        let answer = redis.blpop::<_, Option<(String, String)>>("queue", 15.0).await;
        (answer.unwrap_err(), redis)
    });
    until("the call that blocks", || server.command(&["INFO", "clients"]).contains("blocked_clients:1"))
        .await;
    demote();
    let (error, redis) = waiting.await.unwrap();
    assert_eq!((error.code(), redis.is_valid()), (Some("UNBLOCKED"), false), "{error}");

    // A replica without its master.
    let mut redis = open(&server.url()).await;
    server.command(&["CONFIG", "SET", "replica-serve-stale-data", "no"]);
    server.command(&["REPLICAOF", "127.0.0.1", "1"]);
    let error: Error = redis.get::<_, Option<String>>("a").await.unwrap_err().into();
    assert!(error.is_busy() && !redis.is_valid(), "{error}");
    promote();

    // A master without its replicas.
    let mut redis = open(&server.url()).await;
    server.command(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    let error: Error = redis.set::<_, _, ()>("a", 1).await.unwrap_err().into();
    assert_eq!((error.code(), redis.is_valid()), (Some("NOREPLICAS"), false), "{error}");
}

/// The sessions that a handler was lent, with what became of its call.
static LENT: std::sync::Mutex<Vec<(u64, bool)>> = std::sync::Mutex::new(Vec::new());

#[derive(Resource)]
#[resource(name = "scores", pool(max_size = 1), health(enabled = false))]
struct Scores(lift::redis::Connection);

#[lift::handler(GET, "/score")]
async fn score(mut scores: Pooled<Scores>) -> Result<(), RedisFailure> {
    let session: u64 = scores.command(cmd("CLIENT").arg("ID")).await?;
    let answer: Result<u64, RedisError> = scores.incr("score", 1).await;
    LENT.lock().unwrap().push((session, answer.is_ok()));
    Ok(answer.map(drop)?)
}

#[tokio::test]
async fn a_session_at_a_replica_is_not_lent_again() {
    let (master, server) = (Redis::start(), Redis::start());
    let app = App::new("game").handlers(lift::handlers![score]);
    let service = app.test().var("SCORES_URL", server.url()).start().await.unwrap();
    let get = async || service.get("/score").await.unwrap().status();
    assert_eq!((get().await, get().await), (200, 200));
    let (host, port) = (master.address().ip().to_string(), master.address().port().to_string());
    server.command(&["REPLICAOF", &host, &port]);
    assert_eq!((get().await, get().await), (500, 500));
    server.command(&["REPLICAOF", "NO", "ONE"]);
    assert_eq!((get().await, get().await), (200, 200));
    service.close().await;
    let lent = LENT.lock().unwrap().clone();
    let [(a, true), (b, true), (c, false), (d, false), (e, true), (f, true)] = lent[..] else {
        panic!("{lent:?}")
    };
    assert!(a == b && b == c && c != d && d != e && e == f, "{lent:?}");
}

/// A call of each command that has to do with sessions; `{other}` is the id of another client.
const SESSIONS: [&str; 64] = [
    "ASKING",
    "AUTH default",
    "CLIENT CACHING YES",
    "CLIENT GETNAME",
    "CLIENT GETREDIR",
    "CLIENT HELP",
    "CLIENT ID",
    "CLIENT INFO",
    "CLIENT KILL ID {other}",
    "CLIENT LIST",
    "CLIENT NO-EVICT ON",
    "client no-evict on",
    "CLIENT NO-TOUCH ON",
    "CLIENT PAUSE 0",
    "CLIENT SETINFO LIB-NAME mine",
    "CLIENT SETNAME mine",
    "CLIENT TRACKING ON",
    "CLIENT TRACKING ON BCAST PREFIX orders: NOLOOP",
    "CLIENT TRACKING ON OPTIN",
    "CLIENT TRACKINGINFO",
    "CLIENT UNBLOCK {other}",
    "CLIENT UNPAUSE",
    "COMMAND",
    "COMMAND COUNT",
    "COMMAND DOCS get",
    "COMMAND GETKEYS GET a",
    "COMMAND GETKEYSANDFLAGS GET a",
    "COMMAND HELP",
    "COMMAND INFO get",
    "COMMAND LIST",
    "DISCARD",
    "ECHO a",
    "EVAL return(redis.call('GET','a')) 0",
    "EXEC",
    "GET a",
    "HELLO",
    "HELLO 2 SETNAME mine",
    "HELLO 3",
    "MULTI",
    "MULTI;DISCARD",
    "MULTI;EXEC",
    "MULTI;SELECT 1;EXEC",
    "PING",
    "PUBLISH channel message",
    "PUBSUB CHANNELS",
    "PUBSUB NUMPAT",
    "PUBSUB NUMSUB a",
    "PUBSUB SHARDCHANNELS",
    "PUBSUB SHARDNUMSUB a",
    "READONLY",
    "READWRITE",
    "SELECT 1",
    "SPUBLISH channel message",
    "UNWATCH",
    "WAIT 0 1",
    "WAITAOF 0 0 1",
    "WATCH a",
    "WATCH a;DISCARD",
    "WATCH a;EXEC",
    "WATCH a;MULTI;EXEC",
    "WATCH a;MULTI;UNWATCH",
    "WATCH a;MULTI;UNWATCH;DISCARD",
    "WATCH a;UNWATCH",
    "WATCH a;UNWATCH;WATCH b",
];

/// Of a session, what the server tells of it and does not change with time or with every command.
fn seen_of(server: &Redis, id: u64) -> String {
    let (known, id) = (["flags", "db", "name", "multi", "user", "redir", "resp", "lib-name"], id.to_string());
    let line = server.command(&["CLIENT", "LIST", "ID", &id]);
    line.split(' ')
        .filter(|field| known.contains(&field.split('=').next().unwrap()))
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::test]
async fn a_session_that_is_not_as_it_was_opened_is_not_lent_again() {
    let server = Redis::start();
    for calls in SESSIONS {
        let mut redis = open(&server.url()).await;
        let mut other = open(&server.url()).await;
        let id: u64 = redis.command(cmd("CLIENT").arg("ID")).await.unwrap();
        let other: u64 = other.command(cmd("CLIENT").arg("ID")).await.unwrap();
        let opened = seen_of(&server, id);
        let mut refused = false;
        for call in calls.split(';') {
            let mut command = lift::redis::Cmd::new();
            for word in call.split(' ') {
                command.arg(word.replace("{other}", &other.to_string()));
            }
            refused = redis.command::<lift::redis::Value>(&command).await.is_err();
        }
        // The server tells of a watched key once it is touched.
        for key in ["a", "b"] {
            server.command(&["INCR", key]);
        }
        let kept = seen_of(&server, id) == opened;
        assert!(kept || !redis.is_valid(), "{calls}: {opened} is {}", seen_of(&server, id));
        // One that was refused may have been refused half way.
        assert!(refused || redis.is_valid() == kept, "{calls}: {opened} costs its connection for nothing");
    }
}

#[tokio::test]
async fn a_key_that_is_watched_for_a_transaction_costs_no_connection() {
    let server = Redis::start();
    for url in [server.url(), format!("{}?protocol=resp3", server.url())] {
        let mut redis = open(&url).await;
        let (mut more, mut wrong) = (pipe(), pipe());
        more.atomic().incr("stock", 1).get("stock");
        wrong.atomic().incr("stock", 1).cmd("NOTHING");
        for round in 0..5 {
            server.command(&["SET", "stock", "6"]);
            for (way, commands) in [("done", &more), ("raced", &more), ("refused", &wrong)] {
                let () = redis.command(cmd("WATCH").arg("stock")).await.unwrap();
                assert!(!redis.is_valid());
                if way == "raced" {
                    server.command(&["SET", "stock", "1"]);
                }
                let done = redis.pipeline::<Option<(u64, u64)>>(commands).await;
                match way {
                    "done" => assert_eq!(done.unwrap(), Some((7, 7))),
                    "raced" => assert_eq!(done.unwrap(), None),
                    _ => assert!(done.is_err(), "{done:?}"),
                }
                assert!(redis.is_valid(), "{way} in round {round}");
                server.command(&["SET", "stock", "2"]);
                // Nobody watches any more.
                let _: (u64, u64) = redis.pipeline(&more).await.unwrap();
            }
        }
    }
}

#[derive(Resource)]
#[resource(name = "views", pool(max_size = 1), health(enabled = false), after_connect = Self::prepare)]
struct Views(lift::redis::Connection);

impl Views {
    async fn prepare(&mut self) -> Result<(), Error> {
        self.command::<()>(cmd("CLIENT").arg("NO-EVICT").arg("ON")).await?;
        Ok(self.command(cmd("SELECT").arg(2)).await?)
    }
}

/// Runs the commands, and says in which session.
#[lift::handler(POST, "/run")]
async fn run(mut views: Pooled<Views>, commands: String) -> Result<String, RedisFailure> {
    for command in commands.lines() {
        let mut words = lift::redis::Cmd::new();
        for word in command.split(' ') {
            words.arg(word);
        }
        let _: lift::redis::Value = views.command(&words).await?;
    }
    Ok(views.command(cmd("CLIENT").arg("ID")).await?)
}

#[tokio::test]
async fn what_a_borrower_changes_is_not_lent_and_what_it_was_opened_with_is() {
    let server = Redis::start();
    let app = App::new("blog").handlers(lift::handlers![run]);
    let service = app.test().var("VIEWS_URL", server.url()).start().await.unwrap();
    let run = async |commands: &str| {
        let answer = service.post("/run").body(commands.to_owned()).await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text());
        answer.text().parse::<u64>().unwrap()
    };
    let opened = async |id: u64| {
        let seen = seen_of(&server, id);
        assert!(seen.contains("flags=e db=2 multi=-1") && seen.contains("name=views"), "{seen}");
    };
    let mut last = run("PING").await;
    opened(last).await;
    assert_eq!(run("WATCH a\nMULTI\nEXEC").await, last);
    for commands in
        ["CLIENT TRACKING ON", "CLIENT NO-EVICT OFF", "CLIENT SETNAME mine", "WATCH a", "SELECT 0"]
    {
        assert_eq!(run(commands).await, last, "{commands}");
        let next = run("PING").await;
        assert_ne!(next, last, "{commands}");
        opened(next).await;
        last = next;
    }
    service.close().await;
}

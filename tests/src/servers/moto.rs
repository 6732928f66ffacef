//! AWS services as moto imitates them, which `tests/run` installs; the tests use its SQS.

use std::net::SocketAddr;
use std::time::Duration;

use tempfile::TempDir;

use crate::binaries::installed;
use crate::deadline::look_until;
use crate::http::Request;
use crate::ports;
use crate::process::{Process, Program};
use crate::sqs::{Endpoint, Queue};

/// A running server without queues. It keeps its data in memory only and takes any credentials.
#[derive(Debug)]
pub struct Moto {
    sqs: Endpoint,
    // Before its folder, so that it ends first.
    _server: Process,
    _dir: TempDir,
}

impl Moto {
    /// Starts one on a free port and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it is not installed or does not start.
    pub fn start() -> Self {
        let program = installed("moto_server");
        for _ in 0..3 {
            let address = ports::free();
            let dir = tempfile::tempdir().expect("a temporary folder");
            let mut server = Program::new(&program)
                .args([
                    "-H".to_owned(),
                    address.ip().to_string(),
                    "-p".to_owned(),
                    address.port().to_string(),
                ])
                .dir(dir.path())
                .start();
            // Somebody else may take the port between our look and its start.
            let answered = look_until(Duration::from_secs(60), || answers(address, &mut server));
            if answered == Some(true) {
                return Self { sqs: Endpoint::new(address), _server: server, _dir: dir };
            }
            eprintln!("moto did not start on {address}:\n{}", server.written());
        }
        panic!("moto did not start; what it wrote is above");
    }

    /// Makes a queue with attributes such as `[("VisibilityTimeout", "60")]`; the name of a FIFO queue ends in `.fifo`.
    ///
    /// # Panics
    ///
    /// When SQS would not make it.
    pub fn queue(&self, name: &str, attributes: &[(&str, &str)]) -> Queue {
        self.sqs.create(name, attributes)
    }
}

fn answers(address: SocketAddr, server: &mut Process) -> Option<bool> {
    match Request::get("/moto-api/data.json").try_send(address) {
        Ok(response) => (response.status == 200).then_some(true),
        Err(_) => (!server.is_running()).then_some(false),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;
    use crate::sqs::{Counts, Entry};

    #[test]
    fn a_queue_gives_messages_out_takes_them_back_and_gives_up_on_them() {
        let moto = Moto::start();
        let dead = moto.queue("jobs-dead", &[]);
        let jobs = moto.queue("jobs", &[("VisibilityTimeout", "60"), ("RedrivePolicy", &dead.redrive(2))]);
        jobs.send((0..12).map(|number| Entry::new(format!("body {number}"))));
        assert_eq!(jobs.counts(), Counts { visible: 12, not_visible: 0 });

        let first = jobs.receive(10);
        assert_eq!(first.len(), 10);
        assert_eq!((first[0].body.as_str(), first[0].receive_count()), ("body 0", 1));
        assert_eq!(jobs.counts(), Counts { visible: 2, not_visible: 10 });
        jobs.delete(&first[1..]);
        jobs.release(&first[..1]);
        let second = jobs.receive(10);
        assert_eq!(second.len(), 3);
        assert_eq!((second[0].body.as_str(), second[0].receive_count()), ("body 0", 2));
        assert_eq!(second[0].id, first[0].id);
        jobs.release(&second[..1]);
        jobs.delete(&second[1..]);
        assert!(jobs.receive(10).is_empty());
        assert_eq!((jobs.counts(), dead.counts().visible), (Counts::default(), 1));
        assert_eq!(dead.receive(1)[0].body, "body 0");
    }

    #[test]
    fn a_fifo_queue_keeps_a_group_back_while_one_of_its_messages_is_out() {
        let moto = Moto::start();
        let ordered = moto.queue("ordered.fifo", &[("FifoQueue", "true")]);
        ordered.send((0..6).map(|number| {
            Entry::new(format!("body {number}")).group(if number % 2 == 0 { "even" } else { "odd" })
        }));
        let bodies = |most| {
            let messages = ordered.receive(most);
            let bodies: Vec<_> = messages.iter().map(|message| message.body.clone()).collect();
            (messages, bodies)
        };
        let (first, shown) = bodies(2);
        assert_eq!(shown, ["body 0", "body 1"]);
        assert_eq!(first[1].group(), Some("odd"));
        assert!(ordered.receive(10).is_empty());
        ordered.release(&first[..1]);
        let (again, shown) = bodies(10);
        assert_eq!(shown, ["body 0", "body 2", "body 4"]);
        ordered.delete(&first[1..]);
        assert_eq!(bodies(10).1, ["body 3", "body 5"]);
        ordered.release(&again);
        assert_eq!(bodies(10).1, ["body 0", "body 2", "body 4"]);
    }

    #[test]
    fn it_ends_with_its_owner() {
        let moto = Moto::start();
        let address = moto.sqs.address();
        drop(moto);
        assert!(TcpStream::connect(address).is_err());
    }
}

//! The end of what runs beside the handlers.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Service;
use super::background::Running;
use crate::clock::Deadline;
use crate::error::{self, boxed};
use crate::layer::fence;
use crate::resource::Context;

impl Service {
    /// Runs what is to run in the background from now on.
    pub(crate) fn run_background(self: &Arc<Self>) {
        let running = Running::begin(&self.backgrounds, &self.resources);
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = running;
    }

    /// Ends what runs in the background, then runs the stop functions, the last one first. Both have half of the time to
    /// `deadline`.
    pub(super) async fn stop(&self, deadline: Option<Instant>) {
        let now = Instant::now();
        let half = deadline.map(|deadline| deadline.saturating_duration_since(now) / 2);
        let running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        let stopping = async {
            running.end().await;
            if self.lifecycle().was_started() {
                self.run_stops(half).await;
            }
        };
        match half {
            None => stopping.await,
            Some(half) => {
                if timeout_at(now + half, stopping).await.is_err() {
                    tracing::error!(after = ?half, "stop functions are cut off; the resources are closed now");
                }
            }
        }
    }

    async fn run_stops(&self, limit: Option<Duration>) {
        let deadline = limit.map_or(Deadline::NONE, Deadline::after);
        for stop in self.stops.iter().rev() {
            let context = Context::new(self.resources.clone(), stop.user, deadline);
            let ran = fence((stop.run)(context)).await;
            if let Err(error) = ran.unwrap_or_else(|panic| Err(boxed(format!("it panicked: {panic}")))) {
                let (function, error) = (stop.user.name(), error::logged(error.as_ref()));
                tracing::error!(function, error, "a stop function failed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::App;
    use crate::app::Starting;
    use crate::config::Sources;
    use crate::error::BoxError;
    use crate::pool::Shared;

    type Notes = Arc<Mutex<Vec<&'static str>>>;

    async fn first(notes: Shared<Notes>) -> Result<(), BoxError> {
        notes.lock().unwrap().push("first");
        Ok(())
    }

    async fn fails(notes: Shared<Notes>) -> Result<(), BoxError> {
        notes.lock().unwrap().push("fails");
        Err("as it was told".into())
    }

    async fn panics(notes: Shared<Notes>) -> Result<(), BoxError> {
        notes.lock().unwrap().push("panics");
        std::panic::resume_unwind(Box::new("as it was told"))
    }

    async fn hangs(notes: Shared<Notes>) -> Result<(), BoxError> {
        notes.lock().unwrap().push("hangs");
        std::future::pending().await
    }

    #[tokio::test(start_paused = true)]
    async fn stop_functions_run_in_reverse_whatever_becomes_of_them() {
        let notes = Notes::default();
        let app = App::new("orders").provide(notes.clone()).on_stop(first).on_stop(fails).on_stop(panics);
        let (service, _) = app.build(&Sources::empty()).unwrap();
        service.start(Starting::FUNCTIONS).await.unwrap();
        service.close(None).await;
        assert_eq!(*notes.lock().unwrap(), ["panics", "fails", "first"]);
    }

    #[tokio::test(start_paused = true)]
    async fn they_have_half_of_the_time_and_nothing_to_do_where_nothing_was_started() {
        for started in [true, false] {
            let notes = Notes::default();
            let app = App::new("orders").provide(notes.clone()).on_stop(first).on_stop(hangs);
            let (service, _) = app.build(&Sources::empty()).unwrap();
            if started {
                service.start(Starting::FUNCTIONS).await.unwrap();
            }
            service.lifecycle().draining();
            let begin = Instant::now();
            service.close(Some(begin + Duration::from_secs(6))).await;
            let expected: (&[&str], u64) = if started { (&["hangs"], 3) } else { (&[], 0) };
            assert_eq!((&**notes.lock().unwrap(), begin.elapsed().as_secs()), expected);
        }
    }
}

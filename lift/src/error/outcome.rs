use axum_core::response::Response;

use super::{Failure, NotCalled, Origin, Retry};

/// What an invocation came to, for a trigger that keeps what is not done: a queue, a stream.
///
/// A record is done only when its status is below 400. Everything that may go better next time, or that nobody
/// has judged, goes back: duplicates, never loss.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The record is done and may be deleted.
    Done,
    /// The record must be delivered again: an internal error, a panic, a deadline, something undecodable, or a
    /// failure whose error does not rule a retry out.
    Retry(Option<Failure>),
    /// The user's error type has decided that delivering it again cannot help: a 4xx without retry advice, but for 408,
    /// 425 and 429, or `retry = "never"`.
    Permanent(Failure),
}

/// Whether the status itself says that the same call may succeed later: 408, 425, 429.
fn may_pass(failure: &Failure) -> bool {
    matches!(failure.status().as_u16(), 408 | 425 | 429)
}

impl Outcome {
    /// The outcome of an invocation from its response, before that is rendered.
    #[must_use]
    pub fn of(response: &Response) -> Self {
        let failure = response.extensions().get::<Failure>();
        match failure {
            None if response.extensions().get::<NotCalled>().is_some() => {
                Self::Retry(Some(Failure::internal(
                    "REJECTED",
                    format!("an argument's rejection answered {}", response.status()),
                )))
            }
            None if response.status().as_u16() < 400 => Self::Done,
            None => Self::Retry(None),
            Some(failure) if failure.origin() == Origin::Decided => match failure.retry_advice() {
                Some(Retry::Never) => Self::Permanent(failure.clone()),
                None if failure.status().is_client_error() && !may_pass(failure) => {
                    Self::Permanent(failure.clone())
                }
                _ => Self::Retry(Some(failure.clone())),
            },
            Some(failure) => Self::Retry(Some(failure.clone())),
        }
    }

    /// Whether the record may be deleted.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }
}

#[cfg(test)]
mod tests {
    use axum_core::response::IntoResponse;
    use http::StatusCode;

    use super::*;

    #[test]
    fn a_record_is_done_only_below_400_and_lost_never() {
        let word = |response: Response| match Outcome::of(&response) {
            Outcome::Done => "done",
            Outcome::Retry(_) => "retry",
            Outcome::Permanent(_) => "permanent",
        };
        let failure = |status| Failure::new(status, "X");
        let (unprocessable, unavailable) =
            (StatusCode::UNPROCESSABLE_ENTITY, StatusCode::SERVICE_UNAVAILABLE);
        for (response, expected) in [
            (StatusCode::NO_CONTENT.into_response(), "done"),
            (StatusCode::FOUND.into_response(), "done"),
            (StatusCode::BAD_REQUEST.into_response(), "retry"),
            (StatusCode::BAD_GATEWAY.into_response(), "retry"),
            (failure(unprocessable).into_response(), "permanent"),
            (failure(unprocessable).retry(Retry::Now).into_response(), "retry"),
            (failure(StatusCode::TOO_MANY_REQUESTS).into_response(), "retry"),
            (failure(unavailable).into_response(), "retry"),
            (failure(unavailable).retry(Retry::Never).into_response(), "permanent"),
            (failure(unprocessable).origin_is(Origin::Rejected).into_response(), "retry"),
            (failure(unprocessable).origin_is(Origin::Status).into_response(), "retry"),
            (failure(unavailable).origin_is(Origin::Panic).into_response(), "retry"),
            (failure(unavailable).origin_is(Origin::Deadline).into_response(), "retry"),
            (Failure::internal("X", "boom").into_response(), "retry"),
            (Failure::internal("X", "boom").retry(Retry::Never).into_response(), "retry"),
        ] {
            assert_eq!(Outcome::of(&response).is_done(), expected == "done");
            assert_eq!(word(response), expected);
        }
    }
}

//! A timer that is set anew with every step of a conversation, and mostly to a later time.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::time::Instant;

use tokio::time::Sleep;

/// To set a timer earlier, or to take it back, costs a system call or two; to let it ring and set it later then does not.
#[derive(Default)]
pub(crate) struct Alarm {
    /// Set to the time that is waited for, or to an earlier one.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Waits until this time; for ever, if there is none.
    pub(crate) async fn until(&mut self, due: Option<Instant>) {
        poll_fn(|cx| match due {
            Some(due) => self.poll(due.into(), cx),
            None => Poll::Pending,
        })
        .await;
    }

    fn poll(&mut self, due: tokio::time::Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if sleep.deadline() > due || sleep.is_elapsed() {
            sleep.as_mut().reset(due);
        }
        while sleep.deadline() < due {
            ready!(sleep.as_mut().poll(cx));
            sleep.as_mut().reset(due);
        }
        sleep.as_mut().poll(cx)
    }
}

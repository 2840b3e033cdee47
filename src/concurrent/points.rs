//! The same with a point before each operation, at which a model of threads may let another one go on. Outside of a model
//! nothing happens there. The operations are the shipped ones, whole: what happens inside of them is for their own tests.

use core::pin::Pin;
use core::sync::atomic::Ordering;
use core::task::{Context, Poll};
use std::cell::RefCell;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync;

/// Here another thread may go on.
fn point() {
    if shuttle::current::try_get_current_task().is_some() && !std::thread::panicking() {
        shuttle::thread::yield_now();
    }
}

macro_rules! atomic {
    ($name:ident, $value:ty) => {
        #[derive(Debug)]
        pub(crate) struct $name(core::sync::atomic::$name);

        impl $name {
            pub(crate) const fn new(value: $value) -> Self {
                Self(core::sync::atomic::$name::new(value))
            }

            pub(crate) fn load(&self, order: Ordering) -> $value {
                point();
                self.0.load(order)
            }

            pub(crate) fn store(&self, value: $value, order: Ordering) {
                point();
                self.0.store(value, order);
            }
        }
    };
}

atomic!(AtomicBool, bool);
atomic!(AtomicU64, u64);

impl AtomicBool {
    pub(crate) fn swap(&self, value: bool, order: Ordering) -> bool {
        point();
        self.0.swap(value, order)
    }
}

impl AtomicU64 {
    pub(crate) fn compare_exchange(
        &self,
        current: u64,
        new: u64,
        success: Ordering,
        failure: Ordering,
    ) -> Result<u64, u64> {
        point();
        self.0.compare_exchange(current, new, success, failure)
    }
}

#[derive(Debug)]
pub(crate) struct OnceLock<T>(std::sync::OnceLock<T>);

impl<T> OnceLock<T> {
    pub(crate) const fn new() -> Self {
        Self(std::sync::OnceLock::new())
    }

    pub(crate) fn get(&self) -> Option<&T> {
        point();
        self.0.get()
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        point();
        self.0.set(value)
    }
}

#[derive(Debug)]
pub(crate) struct Semaphore(Arc<sync::Semaphore>);

/// Goes back when it is dropped.
#[derive(Debug)]
pub(crate) struct OwnedSemaphorePermit(
    #[expect(dead_code, reason = "it is held")] sync::OwnedSemaphorePermit,
);

impl Semaphore {
    pub(crate) const MAX_PERMITS: usize = sync::Semaphore::MAX_PERMITS;

    pub(crate) fn new(permits: usize) -> Self {
        Self(Arc::new(sync::Semaphore::new(permits)))
    }

    pub(crate) fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, sync::TryAcquireError> {
        point();
        Arc::clone(&self.0).try_acquire_owned().map(OwnedSemaphorePermit)
    }

    pub(crate) async fn acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, sync::AcquireError> {
        point();
        Arc::clone(&self.0).acquire_owned().await.map(OwnedSemaphorePermit)
    }

    pub(crate) fn available_permits(&self) -> usize {
        self.0.available_permits()
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        point();
    }
}

pub(crate) mod mpsc {
    use super::{point, sync};

    pub(crate) struct UnboundedSender<T>(sync::mpsc::UnboundedSender<T>);
    pub(crate) struct UnboundedReceiver<T>(sync::mpsc::UnboundedReceiver<T>);

    pub(crate) fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
        let (sender, receiver) = sync::mpsc::unbounded_channel();
        (UnboundedSender(sender), UnboundedReceiver(receiver))
    }

    impl<T> UnboundedSender<T> {
        pub(crate) fn send(&self, message: T) -> Result<(), sync::mpsc::error::SendError<T>> {
            point();
            self.0.send(message)
        }

        pub(crate) fn is_closed(&self) -> bool {
            point();
            self.0.is_closed()
        }
    }

    impl<T> UnboundedReceiver<T> {
        pub(crate) async fn recv(&mut self) -> Option<T> {
            point();
            self.0.recv().await
        }

        pub(crate) fn try_recv(&mut self) -> Result<T, sync::mpsc::error::TryRecvError> {
            point();
            self.0.try_recv()
        }

        pub(crate) fn len(&self) -> usize {
            point();
            self.0.len()
        }

        pub(crate) fn is_closed(&self) -> bool {
            point();
            self.0.is_closed()
        }

        pub(crate) fn close(&mut self) {
            point();
            self.0.close();
        }
    }

    impl<T> Drop for UnboundedSender<T> {
        fn drop(&mut self) {
            point();
        }
    }
}

pub(crate) mod oneshot {
    use super::{Context, Pin, Poll, point, sync};

    #[derive(Debug)]
    pub(crate) struct Sender<T>(sync::oneshot::Sender<T>);
    #[derive(Debug)]
    pub(crate) struct Receiver<T>(sync::oneshot::Receiver<T>);

    pub(crate) fn channel<T>() -> (Sender<T>, Receiver<T>) {
        let (sender, receiver) = sync::oneshot::channel();
        (Sender(sender), Receiver(receiver))
    }

    impl<T> Sender<T> {
        pub(crate) fn send(self, value: T) -> Result<(), T> {
            point();
            self.0.send(value)
        }

        pub(crate) fn is_closed(&self) -> bool {
            point();
            self.0.is_closed()
        }
    }

    impl<T> Receiver<T> {
        pub(crate) fn try_recv(&mut self) -> Result<T, sync::oneshot::error::TryRecvError> {
            point();
            self.0.try_recv()
        }
    }

    impl<T> Future for Receiver<T> {
        type Output = Result<T, sync::oneshot::error::RecvError>;

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
            point();
            Pin::new(&mut self.0).poll(cx)
        }
    }

    impl<T> Drop for Receiver<T> {
        fn drop(&mut self) {
            point();
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum AbortHandle {
    Tokio(tokio::task::AbortHandle),
    Model(shuttle::future::AbortHandle),
}

impl AbortHandle {
    pub(crate) fn abort(&self) {
        match self {
            Self::Tokio(handle) => handle.abort(),
            Self::Model(handle) => handle.abort(),
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        match self {
            Self::Tokio(handle) => handle.is_finished(),
            Self::Model(handle) => handle.is_finished(),
        }
    }
}

thread_local! {
    static SPAWNED: RefCell<Vec<AbortHandle>> = const { RefCell::new(Vec::new()) };
}

/// The tasks that were begun in a model since this was asked for the last time, in order.
pub(crate) fn spawned() -> Vec<AbortHandle> {
    SPAWNED.take()
}

/// In a model its threads are the runtime.
pub(crate) fn spawn_on(runtime: &Handle, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
    if shuttle::current::try_get_current_task().is_none() {
        return AbortHandle::Tokio(runtime.spawn(task).abort_handle());
    }
    let handle = AbortHandle::Model(shuttle::future::spawn(task).abort_handle());
    SPAWNED.with_borrow_mut(|spawned| spawned.push(handle.clone()));
    handle
}

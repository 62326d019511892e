//! Stand-ins for what the driver shares and waits on: before each operation every other task may
//! go on, and time passes only as the model says.
//!
//! What is behind them is real where it never blocks (arc-swap, tokio's watch): their own insides
//! are their own models' matter.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use shuttle::future::JoinHandle;
pub(crate) use shuttle::sync::atomic::AtomicUsize;
use shuttle::sync::atomic::{AtomicBool, Ordering};
pub(crate) use shuttle::sync::{Mutex, MutexGuard};

/// A point at which any other task may go on.
#[derive(Debug, Default)]
struct Step(AtomicBool);

impl Step {
    fn take(&self) {
        self.0.load(Ordering::SeqCst);
    }
}

pub(crate) struct ArcSwap<T> {
    step: Step,
    real: arc_swap::ArcSwap<T>,
}

impl<T> ArcSwap<T> {
    pub(crate) fn from_pointee(value: T) -> Self {
        Self { step: Step::default(), real: arc_swap::ArcSwap::from_pointee(value) }
    }

    pub(crate) fn load(&self) -> arc_swap::Guard<Arc<T>> {
        self.step.take();
        self.real.load()
    }

    pub(crate) fn store(&self, value: Arc<T>) {
        self.step.take();
        self.real.store(value);
    }
}

pub(crate) mod watch {
    use tokio::sync::watch;
    pub(crate) use tokio::sync::watch::error::RecvError;

    use super::Step;

    pub(crate) struct Sender<T> {
        step: Step,
        real: watch::Sender<T>,
    }

    impl<T> Sender<T> {
        pub(crate) fn new(value: T) -> Self {
            Self { step: Step::default(), real: watch::Sender::new(value) }
        }

        pub(crate) fn subscribe(&self) -> Receiver<T> {
            self.step.take();
            Receiver { step: Step::default(), real: self.real.subscribe() }
        }

        pub(crate) fn send_modify(&self, modify: impl FnOnce(&mut T)) {
            self.step.take();
            self.real.send_modify(modify);
        }
    }

    pub(crate) struct Receiver<T> {
        step: Step,
        real: watch::Receiver<T>,
    }

    impl<T> Receiver<T> {
        pub(crate) async fn wait_for(
            &mut self,
            is_it: impl FnMut(&T) -> bool,
        ) -> Result<(), RecvError> {
            self.step.take();
            self.real.wait_for(is_it).await.map(drop)
        }
    }
}

/// What a runtime does with a task that it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runtime {
    Runs,
    /// It is shutting down: the task is dropped where it is spawned.
    Drops,
    /// There is none.
    Missing,
}

thread_local! {
    // A schedule runs on one thread, and each schedule starts with `reset`.
    static RUNTIME: Cell<Runtime> = const { Cell::new(Runtime::Runs) };
    static TASKS: RefCell<Vec<JoinHandle<()>>> = const { RefCell::new(Vec::new()) };
    static NOW: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    static SLEEPERS: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn reset(runtime: Runtime) {
    RUNTIME.set(runtime);
    TASKS.take();
    NOW.set(Duration::ZERO);
    SLEEPERS.take();
}

/// How much time has passed in this schedule.
fn elapsed() -> Duration {
    NOW.get()
}

/// Reads the clock, which never shows the same time twice.
pub(super) fn tick() -> Duration {
    NOW.set(NOW.get() + Duration::from_millis(1));
    NOW.get()
}

pub(super) fn advance(by: Duration) {
    NOW.set(NOW.get() + by);
    SLEEPERS.take().into_iter().for_each(Waker::wake);
}

/// The tasks that the driver has spawned since this was last asked.
pub(super) fn tasks() -> Vec<JoinHandle<()>> {
    TASKS.take()
}

pub(crate) struct Handle(Runtime);

impl Handle {
    pub(crate) fn try_current() -> Result<Self, ()> {
        match RUNTIME.get() {
            Runtime::Missing => Err(()),
            runtime => Ok(Self(runtime)),
        }
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if self.0 == Runtime::Runs {
            let handle = shuttle::future::spawn(caught(task));
            TASKS.with_borrow_mut(|tasks| tasks.push(handle));
        }
    }
}

/// What a fetcher panics with in a rule. Any other panic is a rule that does not hold.
pub(super) struct FetcherPanic;

/// The panic of a fetcher ends its task alone, as with tokio.
async fn caught(task: impl Future<Output = ()>) {
    let mut task = Box::pin(task);
    let run =
        poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(context))) {
            Ok(state) => state,
            Err(panic) if panic.is::<FetcherPanic>() => Poll::Ready(()),
            Err(panic) => resume_unwind(panic),
        });
    run.await;
}

pub(crate) struct Elapsed;

pub(crate) async fn timeout<F: Future>(after: Duration, future: F) -> Result<F::Output, Elapsed> {
    let deadline = elapsed() + after;
    let mut future = pin!(future);
    let run = poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending if elapsed() >= deadline => Poll::Ready(Err(Elapsed)),
        Poll::Pending => {
            SLEEPERS.with_borrow_mut(|sleepers| sleepers.push(context.waker().clone()));
            Poll::Pending
        }
    });
    run.await
}

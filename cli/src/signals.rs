//! What tells the program from outside to end.

/// Waits for Ctrl-C or SIGTERM.
pub(crate) async fn interrupted() {
    tokio::select! {
        () = ctrl_c() => (),
        () = system::terminated() => (),
    }
}

/// Waits for these, or for SIGHUP, which comes when the terminal is closed.
pub(crate) async fn interrupted_or_hung_up() {
    tokio::select! {
        () = interrupted() => (),
        () = system::hung_up() => (),
    }
}

/// Waits for ever where it cannot be waited for.
async fn ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
mod system {
    use tokio::signal::unix::{SignalKind, signal};

    pub(super) async fn terminated() {
        received(SignalKind::terminate()).await;
    }

    pub(super) async fn hung_up() {
        received(SignalKind::hangup()).await;
    }

    async fn received(kind: SignalKind) {
        match signal(kind) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
mod system {
    pub(super) async fn terminated() {
        std::future::pending().await
    }

    pub(super) async fn hung_up() {
        std::future::pending().await
    }
}

//! Waits until the operator, the service manager or the operating system asks the program to stop.

use std::task::Poll;

/// Returns when the program is asked to stop: Ctrl-C, or SIGTERM where there is one; on Windows also Ctrl-Break, the window being closed,
/// the user logging off and the machine shutting down (Windows waits a few seconds for the program after the last three).
///
/// When none of these can be heard it waits for ever: going on is right.
async fn asked() {
    if let Err(error) = heard().await {
        tracing::warn!(%error, "only Ctrl-C can be heard");
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Begins to listen now and returns the wait itself, so that a request that comes while the program still greets is not missed.
pub async fn listening() -> impl Future<Output = ()> {
    let mut asked = Box::pin(asked());
    let already = std::future::poll_fn(|context| Poll::Ready(asked.as_mut().poll(context).is_ready())).await;
    async move {
        if !already {
            asked.await;
        }
    }
}

#[cfg(unix)]
async fn heard() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(windows)]
async fn heard() -> std::io::Result<()> {
    use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};
    let (mut interrupt, mut pause, mut close) = (ctrl_c()?, ctrl_break()?, ctrl_close()?);
    let (mut logoff, mut shutdown) = (ctrl_logoff()?, ctrl_shutdown()?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = pause.recv() => {}
        _ = close.recv() => {}
        _ = logoff.recv() => {}
        _ = shutdown.recv() => {}
    }
    Ok(())
}

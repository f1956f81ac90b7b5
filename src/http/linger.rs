//! A connection that is closed without taking back the last answer.
//!
//! A refusal may go out while its request is still arriving. Were the connection dropped then, the system would answer
//! what comes after with a reset, and a reset discards what the peer has not read yet: the sender of a delivery that is
//! too large would learn that the line broke, not that it was 413. So our half is closed first, and what the peer still
//! sends is read and thrown away until it closes too, for a bounded time.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

const SCRATCH: usize = 4 * 1024;

/// Input and output that are read on after they have been shut down.
#[derive(Debug)]
pub(crate) struct Lingering<T> {
    inner: T,
    silence: Duration,
    patience: Duration,
    /// There from the moment that our half is closed.
    closing: Option<Closing>,
}

#[derive(Debug)]
struct Closing {
    silence: Pin<Box<Sleep>>,
    end: Instant,
}

impl<T> Lingering<T> {
    /// A peer that sends nothing for as long as `silence` has nothing on its way; whatever it sends, it is not listened to
    /// for longer than `patience`.
    pub(crate) fn new(inner: T, silence: Duration, patience: Duration) -> Self {
        Self { inner, silence, patience, closing: None }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Lingering<T> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(context, buffer)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.closing.is_none() {
            ready!(Pin::new(&mut this.inner).poll_shutdown(context))?;
            let now = Instant::now();
            let silence = Box::pin(tokio::time::sleep_until(now + this.silence));
            this.closing = Some(Closing { silence, end: now + this.patience });
        }
        let Some(closing) = &mut this.closing else { return Poll::Ready(Ok(())) };
        let mut scratch = [MaybeUninit::uninit(); SCRATCH];
        while Instant::now() < closing.end {
            let mut thrown_away = ReadBuf::uninit(&mut scratch);
            match Pin::new(&mut this.inner).poll_read(context, &mut thrown_away) {
                Poll::Pending => return closing.silence.as_mut().poll(context).map(Ok),
                Poll::Ready(Ok(())) if !thrown_away.filled().is_empty() => {
                    closing.silence.as_mut().reset((Instant::now() + this.silence).min(closing.end));
                }
                // It has closed its half too, or the line is down.
                Poll::Ready(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const LONG: Duration = Duration::from_hours(1);
    const SHORT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn our_half_is_closed_at_once_and_theirs_read_until_they_close_it() {
        let (ours, mut theirs) = tokio::io::duplex(8);
        let mut ours = Lingering::new(ours, LONG, LONG);
        let peer = async {
            theirs.write_all(&[1; 40]).await.unwrap();
            assert_eq!(theirs.read_to_end(&mut Vec::new()).await.unwrap(), 0);
            theirs.write_all(&[1; 40]).await.unwrap();
            drop(theirs);
        };
        let (shut, ()) = tokio::join!(ours.shutdown(), peer);
        assert!(shut.is_ok());
    }

    #[tokio::test]
    async fn neither_a_silent_peer_nor_one_that_never_ends_is_waited_for_any_longer() {
        let (ours, theirs) = tokio::io::duplex(8);
        let begun = Instant::now();
        Lingering::new(ours, SHORT, LONG).shutdown().await.unwrap();
        assert!(begun.elapsed() >= SHORT);
        drop(theirs);

        let (ours, mut theirs) = tokio::io::duplex(8);
        let begun = Instant::now();
        let mut ours = Lingering::new(ours, LONG, SHORT);
        let ending = async move { ours.shutdown().await };
        let endless = async move { while theirs.write_all(&[1; 8]).await.is_ok() {} };
        let (shut, ()) = tokio::join!(ending, endless);
        assert!(shut.is_ok());
        assert!(begun.elapsed() >= SHORT);
    }
}

//! A file that goes to the client while it is written.

use crate::State;
use actix_web::rt;
use actix_web::web::{self, Bytes};
use futures_util::Stream;
use futures_util::stream::unfold;
use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Pieces of a file that wait for the client.
const WAITING: usize = 4;
/// Bytes of a piece.
const PIECE: usize = 64 * 1024;

type Piece = io::Result<Bytes>;

/// What is written goes to the client piece by piece. Whoever writes waits for them, on a thread that may.
struct Pipe(mpsc::Sender<Piece>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes)));
        sent.map_err(|_gone| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The pieces of a file while it is written. One that cannot be written to its end breaks the answer off, so that nobody takes it for
/// whole.
pub(crate) fn written<E: Display>(
    state: &web::Data<State>,
    write: impl FnOnce(&State, &mut (dyn Write + Send)) -> Result<(), E> + Send + 'static,
) -> impl Stream<Item = Piece> + 'static {
    let (sender, receiver) = mpsc::channel::<Piece>(WAITING);
    let state = Arc::clone(state);
    drop(rt::task::spawn_blocking(move || {
        let mut out = BufWriter::with_capacity(PIECE, Pipe(sender.clone()));
        let outcome = write(&state, &mut out).map_err(|error| error.to_string());
        let outcome = outcome.and_then(|()| out.flush().map_err(|error| error.to_string()));
        if let Err(error) = outcome {
            tracing::warn!(error, "a file could not be written to its end");
            drop(out);
            drop(sender.blocking_send(Err(io::Error::other("broken off"))));
        }
    }));
    unfold(receiver, |mut receiver| async { receiver.recv().await.map(|piece| (piece, receiver)) })
}

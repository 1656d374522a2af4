//! Mail servers that misbehave, on the loopback.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// How a server misbehaves.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    /// Takes the connection and says nothing.
    Hangs,
    /// Greets, and then answers a byte at a time for ever.
    Dribbles,
    /// Talks no SMTP.
    Garbage,
    /// Takes the whole mail and closes without an answer.
    ClosesAfterData,
    /// Lets nobody in.
    Refuses,
}

fn converse(stream: &TcpStream, manner: Manner, taken: &Sender<String>) -> std::io::Result<()> {
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    match manner {
        Manner::Hangs => while lines.next().transpose()?.is_some() {},
        Manner::Dribbles => {
            out.write_all(b"220 x\r\n")?;
            for sign in b"250-x".iter().cycle() {
                out.write_all(&[*sign])?;
                thread::sleep(Duration::from_millis(20));
            }
        }
        Manner::Garbage => out.write_all(b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe\x00\r\n")?,
        Manner::Refuses => out.write_all(b"554 5.3.2 no\r\n521 no mail here\r\n")?,
        Manner::ClosesAfterData => {
            out.write_all(b"220 x\r\n")?;
            let mut mail: Option<String> = None;
            while let Some(line) = lines.next().transpose()? {
                match &mut mail {
                    Some(mail) if line == "." => {
                        drop(taken.send(std::mem::take(mail)));
                        return Ok(());
                    }
                    Some(mail) => {
                        mail.push_str(&line);
                        mail.push_str("\r\n");
                    }
                    None if line.starts_with("DATA") => {
                        mail = Some(String::new());
                        out.write_all(b"354 go on\r\n")?;
                    }
                    None => out.write_all(b"250 x\r\n")?,
                }
            }
        }
    }
    Ok(())
}

/// A server that misbehaves until the test ends: where it listens, and the mail that it took without saying so.
pub(crate) fn misbehaving(manner: Manner) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let (sender, taken) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Who was talked to may have hung up.
            drop(converse(&stream, manner, &sender));
        }
    });
    (url, taken)
}

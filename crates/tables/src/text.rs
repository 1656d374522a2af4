//! CSV: which encoding and separator, then record by record. Bytes that are no text are refused, never replaced.

use crate::{Cell, CellKind, LIMITS, ReadError, Row, refused, unreadable};
use csv::{ReaderBuilder, StringRecord};
use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, UTF_8};
use hege_core::Problem;
use std::borrow::Cow;
use std::cell::Cell as Shared;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

/// How a text file is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    encoding: &'static Encoding,
    separator: u8,
}

/// Finds encoding and separator, and reads the file once to its end.
pub(crate) fn measure(path: &Path, notes: &mut Vec<Problem>) -> Result<(Shape, u64), Problem> {
    let encoding = encoding(path)?;
    if encoding != UTF_8 {
        let zh = format!("文件编码为 {}，已转换", encoding.name());
        notes.push(refused("encoding", zh, format!("the file is {}; it was converted", encoding.name())));
    }
    let separator = separator(path, encoding)?;
    if separator != b',' {
        let name = if separator == b'\t' { ("制表符", "a tab") } else { ("分号", "a semicolon") };
        notes.push(refused("separator", format!("列以{}分隔", name.0), format!("columns are separated by {}", name.1)));
    }
    let shape = Shape { encoding, separator };
    let mut rows = 0;
    let mut count = |row: &Row<'_>| {
        rows += 1;
        if row.cells.len() > LIMITS.columns {
            return Err(too_many_columns(row));
        }
        Ok(())
    };
    match read(path, &shape, &mut count) {
        Ok(()) if rows == 0 => Err(refused("file_empty", "文件为空", "the file is empty")),
        Ok(()) => Ok((shape, rows)),
        Err(ReadError::File(problem) | ReadError::Taker(problem)) => Err(problem),
    }
}

pub(crate) fn too_many_columns(row: &Row<'_>) -> Problem {
    let (number, most) = (row.number, LIMITS.columns);
    refused(
        "too_many_columns",
        format!("第 {number} 行超过 {most} 列"),
        format!("row {number} has more than {most} columns"),
    )
}

/// By its mark; without one UTF-8 when all of it is, else GB 18030 when all of it is that.
fn encoding(path: &Path) -> Result<&'static Encoding, Problem> {
    let mut head = Vec::new();
    let opened = File::open(path).and_then(|file| file.take(3).read_to_end(&mut head));
    opened.map_err(|error| unreadable(&error))?;
    let marked = Encoding::for_bom(&head).map(|(encoding, _)| encoding);
    for candidate in marked.map_or_else(|| vec![UTF_8, GB18030], |marked| vec![marked]) {
        match is_all(path, candidate) {
            Ok(Fits::Yes) => return Ok(candidate),
            Ok(Fits::Nul) => {
                let (zh, en) = ("含有空字节，不是文本文件", "it holds NUL bytes: no text file");
                return Err(refused("nul_byte", zh, en));
            }
            Ok(Fits::No) => {}
            Err(error) => return Err(unreadable(&error)),
        }
    }
    let zh = "编码不能识别：既不是 UTF-8，也不是 GB 18030（GBK）。请另存为“CSV UTF-8”";
    let en = "neither UTF-8 nor GB 18030 (GBK): save it as \"CSV UTF-8\"";
    Err(refused("encoding_unknown", zh, en))
}

enum Fits {
    Yes,
    No,
    Nul,
}

fn is_all(path: &Path, encoding: &'static Encoding) -> io::Result<Fits> {
    let mut decoded = Decoded::new(File::open(path)?, encoding);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match decoded.read(&mut buffer) {
            Ok(0) => return Ok(Fits::Yes),
            Ok(read) if buffer.iter().take(read).any(|byte| *byte == 0) => return Ok(Fits::Nul),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(Fits::No),
            Err(error) => return Err(error),
        }
    }
}

/// The separator of the first line: a comma, or a tab or semicolon where there is no comma.
fn separator(path: &Path, encoding: &'static Encoding) -> Result<u8, Problem> {
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let mut first = Vec::new();
    let mut decoded = Decoded::new(file, encoding).take(64 * 1024);
    decoded.read_to_end(&mut first).map_err(|error| unreadable(&error))?;
    let line = first.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let has = |separator: &u8| line.contains(separator);
    Ok(if has(&b',') { b',' } else { [b'\t', b';'].into_iter().find(has).unwrap_or(b',') })
}

/// A stream of another encoding as UTF-8, its mark left out. Bytes that are no text are an error of kind `InvalidData`.
struct Decoded<R> {
    inner: R,
    decoder: Decoder,
    input: Vec<u8>,
    used: usize,
    output: Vec<u8>,
    given: usize,
    is_last: bool,
    is_done: bool,
}

impl<R: Read> Decoded<R> {
    fn new(inner: R, encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_with_bom_removal();
        let (input, output) = (Vec::new(), Vec::new());
        Self { inner, decoder, input, used: 0, output, given: 0, is_last: false, is_done: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.used == self.input.len() && !self.is_last {
            self.input.resize(32 * 1024, 0);
            let read = self.inner.read(&mut self.input)?;
            self.input.truncate(read);
            self.used = 0;
            self.is_last = read == 0;
        }
        self.output.resize(96 * 1024, 0);
        let input = self.input.get(self.used..).unwrap_or_default();
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(input, &mut self.output, self.is_last);
        self.used += read;
        self.output.truncate(written);
        self.given = 0;
        match result {
            DecoderResult::Malformed(..) => Err(io::Error::new(io::ErrorKind::InvalidData, "no text of this encoding")),
            DecoderResult::InputEmpty => {
                self.is_done = self.is_last;
                Ok(())
            }
            DecoderResult::OutputFull => Ok(()),
        }
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.output.len() {
            if self.is_done {
                return Ok(0);
            }
            self.fill()?;
        }
        let ready = self.output.get(self.given..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(ready) {
            *to = *from;
        }
        self.given += count;
        Ok(count)
    }
}

/// Ends a record that goes on without an end: its last quote is missing, and it would take in all the rest.
struct Bounded<R> {
    inner: R,
    since: Rc<Shared<usize>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since.get() > LIMITS.record {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the record has no end"));
        }
        let read = self.inner.read(buffer)?;
        self.since.set(self.since.get() + read);
        Ok(read)
    }
}

/// Gives each record.
pub(crate) fn read<E>(
    path: &Path,
    shape: &Shape,
    take: &mut impl FnMut(&Row<'_>) -> Result<(), E>,
) -> Result<(), ReadError<E>> {
    let file = File::open(path).map_err(|error| ReadError::File(unreadable(&error)))?;
    let since = Rc::new(Shared::new(0));
    let bounded = Bounded { inner: Decoded::new(file, shape.encoding), since: Rc::clone(&since) };
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(shape.separator)
        .buffer_capacity(16 * 1024)
        .from_reader(bounded);
    let (mut record, mut number) = (StringRecord::new(), 0_u64);
    loop {
        let before = reader.position().line();
        since.set(0);
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) => return Err(ReadError::File(broken(&error, number + 1))),
        }
        // Blank lines are rows of a spreadsheet, and a line end within quotes is none.
        let lines = reader.position().line() - before;
        let inside: usize = record.iter().map(|field| field.bytes().filter(|byte| *byte == b'\n').count()).sum();
        number += 1 + lines.saturating_sub(1 + u64::try_from(inside).unwrap_or(0));
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        let cell = |field| Cell { text: Cow::Borrowed(without_guard(field)), kind: CellKind::Text };
        take(&Row { number, cells: record.iter().map(cell).collect() }).map_err(ReadError::Taker)?;
    }
}

fn broken(error: &csv::Error, row: u64) -> Problem {
    if let csv::ErrorKind::Io(cause) = error.kind() {
        if cause.kind() != io::ErrorKind::FileTooLarge {
            return unreadable(cause);
        }
        let zh = format!("第 {row} 行起一条记录超过 1 MiB：疑为引号未成对");
        let en = format!("from row {row} on a record has more than 1 MiB: a quote may be missing its other half");
        return refused("record_too_long", zh, en);
    }
    refused("file_unreadable", format!("第 {row} 行不能读取"), format!("row {row} cannot be read"))
}

/// The text that a guard was put before: see [`guarded`].
pub(crate) fn without_guard(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| is_risky(rest)).unwrap_or(text)
}

/// A text that no spreadsheet takes for a formula: an apostrophe before what begins with `=`, `+`, `-`, `@`, a tab or a line
/// end, unless it is a plain number. Reading takes it away again.
pub(crate) fn guarded(text: &str) -> Cow<'_, str> {
    if is_risky(text) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

fn is_risky(text: &str) -> bool {
    let text = text.trim_start_matches('\'');
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
        && hege_core::decimal::parse(text).is_err()
}

/// Whether bytes are text of GB 18030 and not of UTF-8: a hint for whoever reads a file as UTF-8.
#[must_use]
pub fn looks_like_gb18030(bytes: &[u8]) -> bool {
    let mut decoder = GB18030.new_decoder_without_bom_handling();
    let mut out = vec![0; bytes.len().saturating_mul(4).max(16)];
    let (result, ..) = decoder.decode_to_utf8_without_replacement(bytes, &mut out, true);
    str::from_utf8(bytes).is_err() && matches!(result, DecoderResult::InputEmpty)
}

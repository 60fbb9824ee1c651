//! Where replies are printed.

use std::io::{self, BufWriter, Stdout, Write};

/// Bytes that are buffered for standard output, so that a million replies need few system calls.
const BUFFER_BYTES: usize = 64 * 1024;

/// Where replies are printed.
#[derive(Debug)]
pub enum Output {
    Stdout(BufWriter<Stdout>),
    Memory(Vec<u8>),
}

impl Output {
    pub fn stdout() -> Self {
        Self::Stdout(BufWriter::with_capacity(BUFFER_BYTES, io::stdout()))
    }

    pub fn memory() -> Self {
        Self::Memory(Vec::new())
    }

    /// Takes what was written into memory.
    pub fn take_written(&mut self) -> String {
        match self {
            Self::Stdout(_) => String::new(),
            Self::Memory(written) => String::from_utf8_lossy(&std::mem::take(written)).into_owned(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::Memory(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::Memory(out) => out.flush(),
        }
    }
}

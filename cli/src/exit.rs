//! How the program ends: a code that scripts can use, and a text that says what to do.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// The codes, as the help of the program and of every command says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    Ok = 0,
    Refused = 1,
    Usage = 2,
    Undecided = 3,
    /// Whoever reads our output has gone: as a shell says of a program that SIGPIPE ended.
    Unread = 141,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Refused => 1,
            Self::Usage => 2,
            Self::Undecided => 3,
            Self::Unread => 141,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What every command ends with.
pub(crate) type Run = Result<Exit, Failure>;

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) remedy: Option<String>,
}

impl Failure {
    /// A setting, an argument or a file that has to be changed first.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, message: message.to_string(), remedy: None }
    }

    /// Somebody said no.
    pub(crate) fn refused(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Refused, ..Self::usage(message) }
    }

    /// Somebody could not be asked.
    pub(crate) fn undecided(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Undecided, ..Self::usage(message) }
    }

    /// Says that it happened after something was done.
    pub(crate) fn too_late(self) -> Self {
        Self { exit: Exit::Undecided, ..self }
    }

    /// Adds what to do, unless that is said already.
    pub(crate) fn or_remedy(self, remedy: impl fmt::Display) -> Self {
        if self.remedy.is_some() { self } else { self.remedy(remedy) }
    }

    /// Adds what to do.
    pub(crate) fn remedy(mut self, remedy: impl fmt::Display) -> Self {
        self.remedy = Some(remedy.to_string());
        self
    }
}

/// What was to be said could not be. Where its reader has gone, nobody is left to be told.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let failure = Self::usage(format_args!("cannot write the output: {error}"));
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self { exit: Exit::Unread, ..failure },
            _ => failure,
        }
    }
}

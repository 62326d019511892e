//! Files: read within a bound, and written for their owner alone.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::output;

/// Reads a file, or standard input for `-`, of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let result = if path == Path::new("-") {
        read_bounded(io::stdin().lock(), limit)
    } else {
        File::open(path).and_then(|file| read_bounded(file, limit))
    };
    result.map_err(|error| cannot("read", path, &error))
}

/// Reads a text that nobody else may see: wiped from memory when dropped. Warns where others may
/// read the file.
pub(crate) fn read_private(path: &Path, limit: usize) -> Result<Zeroizing<String>, Failure> {
    let bytes = Zeroizing::new(read(path, limit)?);
    if is_open_to_others(path) {
        let path = path.display();
        output::warning(format_args!("others may read {path}: chmod 600 {path}"));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::usage(format_args!("{} is not a text", path.display())))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn read_bounded(source: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    source.take(most).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(io::Error::other(format!("it has more than {limit} bytes")));
    }
    Ok(bytes)
}

/// A file of its owner's that does not exist yet, or whose place another takes: opened, and its room
/// on the disk taken, before the secret is made, so that a secret which is shown once is not lost for
/// want of a place.
#[derive(Debug)]
pub(crate) struct PrivateFile {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
    /// Whether the temporary file holds what there is no other copy of.
    holds_all: bool,
}

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    Keep,
    Replace,
}

/// How much room is taken in advance: eight secrets need a quarter of it.
const ROOM: [u8; 4096] = [b'\n'; 4096];

impl PrivateFile {
    /// Makes sure that the file can be written. What is there and is no regular file is refused; a
    /// symbolic link stays one, and the file that it points to is replaced.
    pub(crate) fn prepare(path: &Path, existing: Existing) -> Result<Self, Failure> {
        if existing == Existing::Keep && fs::symlink_metadata(path).is_ok() {
            return Err(is_there_already(path));
        }
        let (path, before) = resolved(path)?;
        let temporary = temporary_beside(&path);
        let file = private().open(&temporary).map_err(|error| cannot("write", &path, &error))?;
        let mut prepared = Self { path, temporary, file, holds_all: false };
        let made = before.map_or(Ok(()), |before| prepared.resemble(&before));
        made.and_then(|()| prepared.overwrite(&ROOM))
            .map_err(|error| cannot("write", &prepared.path, &error))?;
        Ok(prepared)
    }

    /// Writes the text, whole or not at all. Where the file cannot take its place, the text stays
    /// beside it, and the failure says where.
    pub(crate) fn write(mut self, text: &str) -> Result<(), Failure> {
        self.fill(text).map_err(|error| self.failure(&error))
    }

    fn fill(&mut self, text: &str) -> io::Result<()> {
        self.overwrite(text.as_bytes())?;
        fs::rename(&self.temporary, &self.path)?;
        self.holds_all = false;
        Ok(())
    }

    /// Puts these bytes in the place of all others, on the disk.
    fn overwrite(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.rewind()?;
        self.file.write_all(bytes)?;
        self.file.set_len(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        self.holds_all = bytes != ROOM;
        self.file.sync_all()
    }

    fn failure(&self, error: &io::Error) -> Failure {
        let failure = cannot("write", &self.path, error);
        if !self.holds_all {
            return failure;
        }
        let kept = self.temporary.display();
        failure.remedy(format_args!("what belongs there is in {kept}: move it to its place"))
    }

    /// Takes the owner and the mode of the file that it replaces.
    fn resemble(&self, before: &fs::Metadata) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::{MetadataExt as _, fchown};
            let own = self.file.metadata()?;
            let other = |before, own| (before != own).then_some(before);
            let (user, group) = (other(before.uid(), own.uid()), other(before.gid(), own.gid()));
            if user.is_some() || group.is_some() {
                fchown(&self.file, user, group)?;
            }
        }
        self.file.set_permissions(before.permissions())
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        if !self.holds_all {
            // After a successful write there is nothing of that name any more.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Where a path leads to in the end, and the regular file that is there, if there is one.
fn resolved(path: &Path) -> Result<(PathBuf, Option<fs::Metadata>), Failure> {
    let is_nothing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    match fs::symlink_metadata(path) {
        Err(error) if is_nothing(&error) => return Ok((path.to_owned(), None)),
        Err(error) => return Err(cannot("write", path, &error)),
        Ok(_) => {}
    }
    let found = fs::canonicalize(path).and_then(|path| Ok((fs::metadata(&path)?, path)));
    let (found, real) = found.map_err(|error| cannot("write", path, &error))?;
    if found.is_file() {
        return Ok((real, Some(found)));
    }
    Err(Failure::usage(format_args!("{} is no regular file", path.display())))
}

fn is_there_already(path: &Path) -> Failure {
    Failure::usage(format_args!("{} is there already", path.display()))
        .remedy("name another file, or remove this one")
}

/// Refuses what is a regular file already.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), Failure> {
    let is_there = fs::metadata(path).is_ok_and(|found| found.is_file());
    if is_there { Err(is_there_already(path)) } else { Ok(()) }
}

/// Writes a text that is no secret, in the place of whatever is there.
pub(crate) fn write_public(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| cannot("write", path, &error))
}

fn temporary_beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}", uuid::Uuid::new_v4().simple()));
    path.with_file_name(name)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let is_open = |meta: fs::Metadata| meta.is_file() && meta.permissions().mode() & 0o077 != 0;
    fs::metadata(path).is_ok_and(is_open)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}

fn cannot(verb: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format_args!("cannot {verb} {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let directory =
            std::env::temp_dir().join(format!("gemini-webhooks-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        directory
    }

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let path = directory("read").join("file");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert!(read(&path, 4).unwrap_err().message.contains("more than 4 bytes"));
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_its_owners_and_replaces_nothing_unasked() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = directory("private");
        let path = directory.join("secret");
        let _ = fs::remove_file(&path);
        drop(PrivateFile::prepare(&path, Existing::Keep).unwrap());
        assert!(!path.exists(), "nothing is left of what was not written");
        PrivateFile::prepare(&path, Existing::Keep).unwrap().write("one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!is_open_to_others(&path));
        assert!(PrivateFile::prepare(&path, Existing::Keep).is_err());
        PrivateFile::prepare(&path, Existing::Replace).unwrap().write("two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "no temporary file is left");
    }
}

//! Files: read within a bound, and written for their owner alone.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
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

/// A file of its owner's that does not exist yet, or whose place somebody else has taken: opened
/// before the secret is made, so that a secret which is shown once is not lost for want of a place.
#[derive(Debug)]
pub(crate) struct PrivateFile {
    path: PathBuf,
    temporary: PathBuf,
    file: Option<File>,
}

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    Keep,
    Replace,
}

impl PrivateFile {
    /// Makes sure that the file can be written.
    pub(crate) fn prepare(path: &Path, existing: Existing) -> Result<Self, Failure> {
        if existing == Existing::Keep && fs::symlink_metadata(path).is_ok() {
            let message = format_args!("{} is there already", path.display()).to_string();
            return Err(Failure::usage(message).remedy("name another file, or remove this one"));
        }
        let temporary = temporary_beside(path);
        let file = private().open(&temporary).map_err(|error| cannot("write", path, &error))?;
        Ok(Self { path: path.to_owned(), temporary, file: Some(file) })
    }

    /// Writes the text, whole or not at all.
    pub(crate) fn write(mut self, text: &str) -> Result<(), Failure> {
        let written = self.file.take().map_or(Ok(()), |mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&self.temporary, &self.path)
        });
        written.map_err(|error| cannot("write", &self.path, &error))
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        // After a successful write there is nothing of that name any more.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Writes a text that is no secret.
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

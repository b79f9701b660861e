//! The file of what was thrown away: nobody else reads it, and none is written over.

use crate::plugin::dead_letters::scan::Found;
use crate::plugin::failure::Failure;
use crate::plugin::view::written;
use crate::process::clock;
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Only its owner may read it, and write: there is personal text in it.
const MODE: u32 = 0o600;

/// Whose word it was, and why.
pub(super) struct Word {
    pub(super) by: String,
    pub(super) because: String,
}

/// An open file.
pub(super) struct Record {
    file: File,
    path: PathBuf,
    word: Word,
    /// Bytes of the letters that are saved.
    saved: u64,
}

/// Whether a file can be made here, said before anything is asked for.
pub(super) fn is_free(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Err(_) => Ok(()),
        Ok(_) => Err(Failure::new(
            format!("{} is there already", path.display()),
            "Name a new file with --save: none is written over.",
        )),
    }
}

impl Record {
    /// Makes the file, and its name lasting.
    pub(super) fn create(path: &Path, word: Word) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(MODE).open(path);
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let lasting = |file: File| {
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
            Ok(file)
        };
        let file = file
            .and_then(lasting)
            .map_err(|why| unwritable(path, &why))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            word,
            saved: 0,
        })
    }

    /// Adds a letter, in the form of `aws sqs receive-message`; it is on the disk afterwards.
    pub(super) fn add(&mut self, found: &Found) -> Result<(), Failure> {
        let mut line = found.whole.to_json();
        line["Discarded"] = json!({
            "at": written(clock::now()),
            "by": self.word.by,
            "because": self.word.because,
            "knownAs": found.death.known_as,
            "reason": found.death.reason,
        });
        let mut text = line.to_string();
        text.push('\n');
        let written = self.file.write_all(text.as_bytes());
        let synced = written.and_then(|()| self.file.sync_all());
        synced.map_err(|why| {
            self.cut();
            unwritable(&self.path, &why)
        })?;
        self.saved += text.len() as u64;
        Ok(())
    }

    /// Leaves out the line that could not be written whole: who reads the file needs all of them.
    fn cut(&mut self) {
        let cut = self.file.set_len(self.saved);
        // The next line would else stand behind a gap.
        let _ = cut.and_then(|()| self.file.seek(SeekFrom::Start(self.saved)));
    }
}

impl Drop for Record {
    /// A file without a letter would be in the way of the next try.
    fn drop(&mut self) {
        if self.saved == 0 {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn unwritable(path: &Path, why: &std::io::Error) -> Failure {
    Failure::new(
        format!("{} cannot be written: {why}", path.display()),
        "Nothing is deleted that is not saved: letters that were, are in the file, each whole. For \
         the others name a file that can be written, with --save.",
    )
}

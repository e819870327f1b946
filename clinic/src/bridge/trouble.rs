//! Says in the words of the people at the machine why the bridge waits for a disk, and that nothing is lost meanwhile.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A folder that is in the way of a request or its result. The bridge tries again by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No space is left.
    #[error(
        "フォルダー {folder} のディスクに空きがありません。不要なファイルを消して空きを作ってください。\
         照会は失われません。空きができしだい、自動で続けます。"
    )]
    Full {
        /// Where.
        folder: PathBuf,
    },
    /// The bridge may not write there, or nobody may.
    #[error(
        "フォルダー {folder} に書き込めません。書き込みの許可（読み取り専用になっていないか、ほかのプログラムが結果を開いたままにしていないか）を確かめてください。\
         照会は失われません。書き込めるようになりしだい、自動で続けます。"
    )]
    NotWritable {
        /// Where.
        folder: PathBuf,
    },
    /// The folder is not there, or its disk does not work.
    #[error(
        "フォルダー {folder} を使えません（{said}）。フォルダーがあるか、ディスクや共有の接続が切れていないかを確かめてください。\
         使えるようになりしだい、自動で続けます。"
    )]
    Away {
        /// Which.
        folder: PathBuf,
        /// What the operating system said.
        said: String,
    },
}

impl Trouble {
    /// What an error in this folder means.
    pub(crate) fn of(folder: &Path, error: &io::Error) -> Self {
        let folder = folder.to_owned();
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { folder },
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Self::NotWritable { folder },
            _ => Self::Away { folder, said: error.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_names_the_folder_and_what_to_do() {
        for (kind, word) in [
            (ErrorKind::StorageFull, "空きを作って"),
            (ErrorKind::ReadOnlyFilesystem, "書き込みの許可"),
            (ErrorKind::PermissionDenied, "書き込みの許可"),
            (ErrorKind::NotFound, "接続"),
        ] {
            let said = Trouble::of(Path::new("C:/OQS/res"), &io::Error::from(kind)).to_string();
            assert!(said.contains("C:/OQS/res") && said.contains(word) && said.contains("自動で続けます"), "{said}");
        }
    }
}

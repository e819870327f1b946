//! The bridge and its folders: requests that wait, shares that cannot be written, disks that are full, and answers that are the insurer's.

use std::time::Duration;

use anyhow::{Context, Result};
use lab::patience::until;

use crate::ward::{FAULT, Fault, Ward, family, nothing, usual};

/// A result comes within this time.
const ANSWERED: Duration = Duration::from_secs(60);

/// A question about one person, as a receipt computer writes it.
fn question(ward: &Ward<'_>, number: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<XmlMsg><MessageHeader><QualificationConfirmationDate>20261120</QualificationConfirmationDate>\
         <MedicalInstitutionCode>{}</MedicalInstitutionCode><ArbitraryFileIdentifier>faults</ArbitraryFileIdentifier></MessageHeader><MessageBody>\
         <QualificationConfirmSearchInfo><InsurerNumber>06990014</InsurerNumber><InsuredCardSymbol>0</InsuredCardSymbol>\
         <InsuredIdentificationNumber>{number}</InsuredIdentificationNumber><Birthdate>19700101</Birthdate>\
         <LimitApplicationCertificateRelatedConsFlg>0</LimitApplicationCertificateRelatedConsFlg></QualificationConfirmSearchInfo></MessageBody></XmlMsg>\n",
        ward.facility
    )
}

/// The receipt computer asks, and the answer comes or does not.
fn asks(ward: &Ward<'_>, number: &str) -> Result<()> {
    let folder = ward.terminal.folder()?.join("oqs");
    let new = folder.join("req/OQSsiquc01req_1.new");
    std::fs::write(&new, question(ward, number))?;
    std::fs::rename(&new, folder.join("req/OQSsiquc01req_1.xml"))?;
    until("an answer of the bridge", ANSWERED, || {
        let files = std::fs::read_dir(folder.join("res"))?.flatten();
        let result = files.map(|file| file.file_name().to_string_lossy().into_owned()).find(|name| name.starts_with("OQSsiquc01res_"));
        Ok(result.map(drop))
    })
}

/// The folders are empty again.
fn emptied(ward: &Ward<'_>) -> Result<()> {
    for part in ["req", "res"] {
        for file in std::fs::read_dir(ward.terminal.folder()?.join("oqs").join(part))?.flatten() {
            std::fs::remove_file(file.path())?;
        }
    }
    Ok(())
}

/// A request that has waited for two hours.
fn waits(ward: &Ward<'_>) -> Result<()> {
    let file = ward.terminal.folder()?.join("oqs/req/OQSsiquc01req_1.xml");
    std::fs::write(&file, question(ward, "12345678"))?;
    ward.terminal.machine().run("touch", &["-d", "2 hours ago", &file.to_string_lossy()])?;
    Ok(())
}

/// Where a folder of the bridge lies.
fn folder(ward: &Ward<'_>, name: &str) -> Result<String> {
    let folder = ward.terminal.folder()?.join("oqs").join(name);
    Ok(folder.to_str().context("a folder that is no text")?.to_owned())
}

pub(crate) const FAULTS: &[Fault] = &[
    Fault {
        name: "the insurer knows nobody by this number",
        cause: "insurer-answer",
        comes: |ward| asks(ward, "99999999"),
        goes: emptied,
        ..FAULT
    },
    Fault {
        name: "the bridge has stopped and requests wait",
        cause: "requests-pile-up",
        comes: |ward| {
            ward.stops_the_bridge()?;
            waits(ward)
        },
        goes: |ward| {
            emptied(ward)?;
            ward.starts_the_bridge()
        },
        ..FAULT
    },
    Fault {
        name: "the folder of results is gone",
        cause: "bridge-folder-missing",
        comes: |ward| {
            ward.stops_the_bridge()?;
            Ok(std::fs::rename(folder(ward, "res")?, folder(ward, "elsewhere")?)?)
        },
        goes: |ward| {
            std::fs::rename(folder(ward, "elsewhere")?, folder(ward, "res")?)?;
            ward.starts_the_bridge()
        },
        ..FAULT
    },
    Fault {
        name: "the folder of results can only be read",
        cause: "share-read-only",
        comes: nothing,
        asked: |ward| {
            let folder = folder(ward, "res")?;
            ward.examined_after(&format!("mount --bind {folder} {folder}; mount -o remount,ro,bind {folder}"))
        },
        ..FAULT
    },
    Fault {
        name: "the disk of the folders is full",
        cause: "disk-full",
        comes: nothing,
        asked: |ward| {
            let (res, req) = (folder(ward, "res")?, folder(ward, "req")?);
            ward.examined_after(&format!(
                "mount -t tmpfs -o size=64k full {res}; dd if=/dev/zero of={res}/full bs=1k 2> /dev/null || :\n\
                 mount -t tmpfs -o size=64k full {req}; dd if=/dev/zero of={req}/full bs=1k 2> /dev/null || :"
            ))
        },
        ..FAULT
    },
    Fault {
        name: "the settings have a typing mistake",
        cause: "configuration-broken",
        comes: |ward| ward.edits("clinic.toml", "[bridge]", "[brigde]"),
        goes: |ward| ward.edits("clinic.toml", "[brigde]", "[bridge]"),
        ..FAULT
    },
    Fault {
        name: "the account's password is an old one",
        cause: "login-refused",
        comes: |ward| {
            ward.keeps("keys/password")?;
            std::fs::write(ward.terminal.folder()?.join("keys/password"), "anoldpassword")?;
            ward.stops_the_bridge()?;
            ward.starts_the_bridge()?;
            asks(ward, "99999999")
        },
        goes: |ward| {
            ward.puts_back("keys/password")?;
            ward.stops_the_bridge()?;
            emptied(ward)?;
            ward.starts_the_bridge()
        },
        ..FAULT
    },
    Fault {
        name: "the file of the account's password is empty",
        cause: "credential-missing",
        comes: |ward| {
            ward.keeps("keys/password")?;
            Ok(std::fs::write(ward.terminal.folder()?.join("keys/password"), "")?)
        },
        goes: |ward| ward.puts_back("keys/password"),
        ..FAULT
    },
];

/// Rows: LK-02, LK-06, LK-07
#[test]
fn is_diagnosed() -> Result<()> {
    family("bridge", &usual(), FAULTS)
}

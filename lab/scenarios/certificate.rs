//! One terminal's certificate from notice to revocation, in a browser: retrieval, the portal, a renewal that is interrupted, and the end.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lab::{Browser, Center, LineRecord, World, patience};
use manuals::{Region, certificate, hosts};
use serde_json::Value;

use crate::steps::{self, button, says};

const PASSWORD: &str = "4071";
const MAIL: &str = "taro@example.jp";
/// From the request on which a certificate is revoked to the first refusal.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Rows: CA-07, CA-09, CA-10, CA-13, CA-14, CA-16, CA-24, RN-07, RN-08, RN-09, RN-10, RN-11, RN-12, RN-13, RN-14, RN-16, AC-05
#[test]
fn story() -> Result<()> {
    lab::story("certificate", |world| {
        let (mut browser, center) = admitted(world)?;
        let words = ["authority", "notice", "--code", steps::facility(Region::East), "--terminal", "受付端末"];
        let notice = center.operate(&words)?;

        // Without a certificate the portal and the renewal refuse, in words.
        browser.open_page(&portal())?;
        ensure!(browser.text()?.contains("利用できません"), "{}", browser.text()?);
        browser.picture("portal-refused")?;

        let first = retrieves(&browser, &notice)?;
        opens_everywhere(world.folder(), &first)?;
        browser.imports(&first, PASSWORD)?;
        sees_itself(&browser, "portal")?;

        let second = renews(&browser)?;
        browser.deletes_certificates()?;
        browser.imports(&second.file, PASSWORD)?;
        sees_itself(&browser, "portal-renewed")?;

        revokes(&browser, &center, &second)
    })
}

fn portal() -> String {
    format!("https://{}{}", hosts::portal().name, hosts::paths().portal)
}

/// A terminal whose line is authenticated, with a person in front of it.
fn admitted(world: &World) -> Result<(Browser, std::rc::Rc<Center>)> {
    let site = steps::site(world, &steps::usual(Region::East), &LineRecord::new("COP12345678"), Region::East)?;
    let browser = site.terminal.browser("certificate", &site.roots)?;
    steps::answers(&browser, button("line-wish"))?;
    says(&browser, "line-success")?;
    Ok((browser, world.center()?))
}

fn id<'a>(notice: &'a Value, name: &str) -> Result<&'a str> {
    notice[name].as_str().with_context(|| format!("a notice without {name}: {notice}"))
}

/// The retrieval screen: slips are named beside their fields, and then the file comes.
fn retrieves(browser: &Browser, notice: &Value) -> Result<std::path::PathBuf> {
    let sheet = certificate::sheet();
    browser.open_page(&certificate::page(sheet.path.download))?;
    let page = browser.text()?;
    for label in &sheet.retrieval.fields {
        ensure!(page.contains(label), "the field {label} is missing:\n{page}");
    }
    browser.picture("retrieval")?;
    let writes = |reference: &str, password: &str, again: &str| -> Result<()> {
        browser.fill("request_id", id(notice, "request_id")?)?;
        browser.fill("reference_id", reference)?;
        browser.fill("password", password)?;
        browser.fill("password_again", again)
    };
    let right = id(notice, "reference_id")?;
    for (reference, password, again, reason) in [
        (right, "４０７１", "４０７１", "全角の数字は使えません"),
        (right, PASSWORD, "4072", "確認用に入力したものと違います"),
        ("XXXXXXXXXX", PASSWORD, PASSWORD, "照会番号"),
    ] {
        writes(reference, password, again)?;
        browser.press(sheet.retrieval.button)?;
        let page = browser.text()?;
        ensure!(page.contains(reason), "the reason \"{reason}\" is not given:\n{page}");
    }
    browser.picture("retrieval-mistake")?;
    writes(right, PASSWORD, PASSWORD)?;
    browser.download(sheet.retrieval.button)
}

fn said(command: &mut Command) -> Result<String> {
    let done = command.output().with_context(|| format!("{command:?}"))?;
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    ensure!(done.status.success(), "{command:?}: {text}");
    Ok(text)
}

/// OpenSSL, NSS and Java open the file with the four digits.
fn opens_everywhere(folder: &Path, file: &Path) -> Result<()> {
    let text = said(Command::new("openssl").args(["pkcs12", "-noenc", "-passin", &format!("pass:{PASSWORD}"), "-in"]).arg(file))?;
    ensure!(text.contains("BEGIN PRIVATE KEY") && text.matches("BEGIN CERTIFICATE").count() == 3, "{text}");
    let store = folder.join("nss");
    std::fs::create_dir_all(&store)?;
    let store = format!("sql:{}", store.display());
    said(Command::new("certutil").args(["-N", "--empty-password", "-d", &store]))?;
    let text = said(Command::new("pk12util").arg("-i").arg(file).args(["-d", &store, "-W", PASSWORD, "-K", ""]))?;
    ensure!(text.contains("SUCCESSFUL"), "{text}");
    let text = said(Command::new("keytool").args(["-list", "-v", "-storetype", "PKCS12", "-storepass", PASSWORD, "-keystore"]).arg(file))?;
    ensure!(text.contains("PrivateKeyEntry"), "{text}");
    Ok(())
}

/// The portal knows whose certificate it is shown.
fn sees_itself(browser: &Browser, name: &str) -> Result<()> {
    browser.open_page(&portal())?;
    let page = browser.text()?;
    ensure!(page.contains(steps::facility(Region::East)) && page.contains("受付端末"), "{page}");
    browser.picture(name)
}

/// What a renewal ended with.
struct Renewed {
    file: std::path::PathBuf,
    request_id: String,
    reference_id: String,
}

/// The line below a label.
fn below(page: &str, label: &str) -> Result<String> {
    let mut lines = page.lines().map(str::trim).skip_while(|line| *line != label);
    Ok(lines.nth(1).with_context(|| format!("nothing stands below {label}:\n{page}"))?.to_owned())
}

/// Applied for, accepted, and then the browser is closed before the key was fetched.
fn renews(browser: &Browser) -> Result<Renewed> {
    let (door, screen) = (certificate::page(certificate::sheet().path.renew), &certificate::sheet().screen.renewal);
    browser.open_page(&door)?;
    browser.picture("renewal")?;
    browser.press(screen.collect)?;
    ensure!(browser.text()?.contains("更新申請が完了していません"), "{}", browser.text()?);
    browser.picture("renewal-nothing")?;
    browser.open_page(&door)?;
    browser.press(screen.apply)?;
    browser.press(screen.submit)?;
    says(browser, "renewal-accepted")?;
    let page = browser.text()?;
    for label in &screen.subject {
        ensure!(page.contains(label), "{label} is missing:\n{page}");
    }
    ensure!(page.contains("発行済み"), "{page}");
    browser.picture("renewal-accepted")?;
    let (request_id, reference_id) = (below(&page, "リクエストID")?, below(&page, "リファレンスID")?);
    // Interrupted: the page is gone. The list knows the renewal.
    browser.open_page(&portal())?;
    browser.open_page(&door)?;
    browser.press(screen.collect)?;
    ensure!(browser.text()?.contains(&request_id), "{}", browser.text()?);
    browser.picture("renewal-list")?;
    browser.press(screen.download_key)?;
    browser.fill("password", "407")?;
    browser.press(screen.submit)?;
    ensure!(browser.text()?.contains("4桁"), "{}", browser.text()?);
    browser.fill("password", PASSWORD)?;
    browser.picture("renewal-key")?;
    browser.press(screen.submit)?;
    browser.picture("renewal-download")?;
    let file = browser.download(screen.download)?;
    Ok(Renewed { file, request_id, reference_id })
}

/// In two steps and a last look; the terminal is refused at once, on the connection that is open, and the mail comes when it is approved.
fn revokes(browser: &Browser, center: &Center, renewed: &Renewed) -> Result<()> {
    let screen = &certificate::sheet().screen.revocation;
    browser.open_page(&certificate::page(certificate::sheet().path.revoke))?;
    browser.picture("revocation")?;
    browser.fill("request_id", &renewed.request_id)?;
    browser.fill("reference_id", &renewed.reference_id)?;
    browser.press(screen.next)?;
    browser.fill("mail", MAIL)?;
    browser.fill("mail_again", "tarou@example.jp")?;
    browser.press(screen.apply)?;
    ensure!(browser.text()?.contains("確認用に入力したものと違います"), "{}", browser.text()?);
    browser.fill("mail", MAIL)?;
    browser.fill("mail_again", MAIL)?;
    browser.press(screen.apply)?;
    ensure!(browser.text()?.contains(screen.confirmation) && browser.text()?.contains(MAIL), "{}", browser.text()?);
    browser.picture("revocation-confirm")?;
    browser.press(screen.apply)?;
    let page = browser.text()?;
    patience::until("the portal to refuse", AT_ONCE, || {
        browser.open_page(&portal())?;
        Ok(browser.text()?.contains("利用できません").then_some(()))
    })?;
    browser.picture("portal-revoked")?;
    ensure!(page.contains("受け付けました"), "{page}");
    let number = below(&page, "受付番号")?;
    center.operate(&["authority", "revocation", "approve", &number])?;
    patience::until("the mail", Duration::from_secs(20), || {
        let files = std::fs::read_dir(center.data().join("mail")).into_iter().flatten().flatten();
        Ok(files.filter_map(|file| std::fs::read_to_string(file.path()).ok()).find(|mail| mail.contains(MAIL)))
    })?;
    Ok(())
}

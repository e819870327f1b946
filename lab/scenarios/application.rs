//! A facility applies for two terminals' certificates in a browser; an operator approves in another, and prints the notices; and looks at the whole.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use lab::{Browser, Center, LineRecord};
use manuals::{Region, certificate, hosts};

use crate::steps::{self, button, says};

/// Rows: CA-02, CA-06, CA-08, CA-11, CA-32
#[test]
fn story() -> Result<()> {
    lab::story("application", |world| {
        let site = steps::site(world, &steps::usual(Region::East), &LineRecord::new("COP12345678"), Region::East)?;
        let browser = site.terminal.browser("application", &site.roots)?;
        steps::answers(&browser, button("line-wish"))?;
        says(&browser, "line-success")?;
        let path = &certificate::sheet().path;
        for (name, path) in [("roots", path.root), ("programs", path.client)] {
            browser.open_page(&certificate::page(path))?;
            browser.picture(name)?;
        }
        let number = applies(&browser)?;
        let center = world.center()?;
        let operator = center.browser("application")?;
        let notice = approves(&operator, &center, &number)?;
        for words in ["電子証明書発行通知書", "受付端末", "Online Billing NW Common Root CA - 01", "EAB Key ID"] {
            let blank = |text: &str| text.split_whitespace().collect::<String>();
            ensure!(blank(&notice).contains(&blank(words)), "the PDF does not say {words}:\n{notice}");
        }
        console(&operator)
    })
}

fn applies(browser: &Browser) -> Result<String> {
    browser.open_page(&certificate::page(certificate::sheet().path.apply))?;
    browser.fill("facility_code", "１３１２３４")?;
    browser.press("入力を確かめる")?;
    ensure!(browser.text()?.contains("10桁"), "{}", browser.text()?);
    browser.picture("mistake")?;
    for (field, text) in [
        ("facility_code", steps::facility(Region::East)),
        ("terminals", "受付端末\n診察室端末"),
        ("contact", "山田 太郎"),
        ("mail", "taro@example.jp"),
        ("mail_again", "taro@example.jp"),
    ] {
        browser.fill(field, text)?;
    }
    browser.press("入力を確かめる")?;
    browser.picture("confirm")?;
    browser.press("この内容で申請する")?;
    browser.picture("sent")?;
    let page = browser.text()?;
    let mut lines = page.lines().map(str::trim).skip_while(|line| *line != "申請番号");
    Ok(lines.nth(1).with_context(|| format!("no number: {page}"))?.to_owned())
}

/// The operators' pages ask for a name and a password, which the center prints at its first start.
fn address(center: &Center, path: &str) -> Result<String> {
    let log = center.process()?.log();
    let line = log.lines().find(|line| line.contains("最初の運用者:")).context("no operator was made")?;
    let mut words = line.split_whitespace().skip_while(|word| !word.ends_with("運用者:")).skip(1);
    let (name, password) = (words.next().context("no name")?, words.nth(1).context("no password")?);
    Ok(format!("https://{name}:{password}@{}{path}", hosts::operator().name))
}

/// Approves, and gives what the first notice's PDF says.
fn approves(operator: &Browser, center: &Center, number: &str) -> Result<String> {
    operator.open_page(&address(center, "/console/certificates/applications")?)?;
    operator.picture("console-applications")?;
    operator.press(number)?;
    operator.picture("console-application")?;
    operator.press("承認する")?;
    ensure!(operator.text()?.matches("電子証明書ダウンロードサイトリファレンスID").count() == 2, "{}", operator.text()?);
    operator.picture("console-notices")?;
    let file = operator.download("PDFで開く")?;
    let done = Command::new("pdftotext").arg("-layout").arg(&file).arg("-").output().context("pdftotext")?;
    ensure!(done.status.success() && done.stderr.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    // The page was closed: what is not fetched yet can be printed again.
    operator.press("電子証明書")?;
    operator.open_page(&address(center, &format!("/console/certificates/applications/{number}"))?)?;
    operator.press("まだ取得されていない通知書を表示する")?;
    ensure!(operator.text()?.contains("診察室端末"), "{}", operator.text()?);
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// The whole at a glance, drawn.
fn console(operator: &Browser) -> Result<()> {
    operator.press("電子証明書")?;
    let page = operator.text()?;
    for words in ["残りの日数", "これからの更新", "承認待ちの発行申請", "しばらく応答のない端末"] {
        ensure!(page.contains(words), "{words} is missing:\n{page}");
    }
    operator.picture("console")
}

//! A person's browser on a terminal: a real Chromium in the terminal's namespace, with a home and a store of roots of its own.

use std::collections::BTreeSet;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use manuals::hosts;
use thirtyfour::error::WebDriverErrorInner;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, ChromiumLikeCapabilities};
use tokio::runtime::{Builder, Runtime};

use crate::namespace::{Namespace, output};
use crate::patience::until;
use crate::program::Program;
use crate::world::Ground;

/// Where the driver listens, on the terminal's own loopback.
const DRIVER: &str = "127.0.0.1:9515";
/// The window, in pixels.
const WINDOW: (u32, u32) = (1280, 960);
/// A page that takes longer than this has failed: the manuals' own deadline is 25 seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where an administrator's policy for the browser lies, below `/etc`.
const POLICY: &str = "chromium/policies/managed";

/// A browser; closed when dropped.
pub struct Browser {
    machine: Rc<Namespace>,
    runtime: Runtime,
    page: Option<WebDriver>,
    driver: Rc<Program>,
    screens: PathBuf,
    story: String,
    home: PathBuf,
}

/// How often a page is read that is just being replaced by the next.
const BETWEEN_PAGES: usize = 500;

/// The longest that a page may take to come: the deadline of line authentication and a little.
const LONGEST_WAIT: Duration = Duration::from_secs(40);
/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(50);

fn is_between_pages(error: &WebDriverError) -> bool {
    matches!(error.as_inner(), WebDriverErrorInner::StaleElementReference(_) | WebDriverErrorInner::NoSuchElement(_))
        || error.to_string().contains("does not belong to the document")
}

impl Browser {
    /// Opens a browser that trusts these roots and no others of ours.
    pub(crate) fn open(ground: &Ground, machine: &Rc<Namespace>, story: &str, roots: &[PathBuf]) -> Result<Self> {
        let home = ground.folder(&format!("home-{}", machine.label()))?;
        trust(&home, roots)?;
        offers_certificates(machine)?;
        let mut command = machine.command("chromedriver");
        command.arg("--port=9515").env("HOME", &home).env("LANG", "ja_JP.UTF-8").env("LANGUAGE", "ja");
        let driver = ground.start(&format!("chromedriver-{}", machine.label()), &home, command)?;
        driver.said("started successfully")?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let screens = screens()?;
        let mut browser =
            Self { machine: machine.clone(), runtime, page: None, driver, screens, story: story.to_owned(), home: home.clone() };
        let page = browser.session();
        browser.page = Some(page.with_context(|| browser.driver.log())?);
        Ok(browser)
    }

    /// Does asynchronous work whose sockets belong to the terminal.
    fn at_the_terminal<T: Send, F: Future<Output = WebDriverResult<T>>>(&self, work: impl FnOnce() -> F + Send) -> Result<T> {
        let runtime = &self.runtime;
        Ok(self.machine.inside(|| runtime.block_on(work()))??)
    }

    fn page(&self) -> Result<WebDriver> {
        self.page.clone().context("the browser is closed")
    }

    /// Types an address.
    ///
    /// # Errors
    /// What the browser says, such as that the page's certificate is not trusted.
    pub fn open_page(&self, url: &str) -> Result<()> {
        let page = self.page()?;
        self.at_the_terminal(async || page.goto(url).await)
    }

    /// Everything that can be read on the page.
    ///
    /// # Errors
    /// What the browser says.
    pub fn text(&self) -> Result<String> {
        let page = self.page()?;
        self.at_the_terminal(async || {
            let read = async || page.find(By::Tag("body")).await?.text().await;
            for _ in 0..BETWEEN_PAGES {
                match read().await {
                    Err(error) if is_between_pages(&error) => {}
                    read => return read,
                }
            }
            read().await
        })
    }

    /// The page's address.
    ///
    /// # Errors
    /// What the browser says.
    pub fn address(&self) -> Result<String> {
        let page = self.page()?;
        self.at_the_terminal(async || Ok(page.current_url().await?.to_string()))
    }

    /// Presses the button, or follows the link, with this text, and waits for the page that comes.
    ///
    /// # Errors
    /// If there is none, or what the browser says.
    pub fn press(&self, text: &str) -> Result<()> {
        let page = self.page()?;
        let path = format!("//*[self::button or self::a][normalize-space()='{text}']");
        let pressed = self.at_the_terminal(async || {
            let before = page.find(By::Tag("html")).await?;
            page.find(By::XPath(&path)).await?.click().await?;
            // Everything that can be pressed leads to another page: the one before goes when that comes.
            for _ in 0..LONGEST_WAIT.as_millis() / LOOK.as_millis() {
                match before.tag_name().await {
                    Ok(_) => tokio::time::sleep(LOOK).await,
                    Err(error) if is_between_pages(&error) => break,
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        });
        pressed.with_context(|| format!("press {text}"))
    }

    /// Writes into the field with this name, or chooses there.
    ///
    /// # Errors
    /// If there is none, or what the browser says.
    pub fn fill(&self, name: &str, text: &str) -> Result<()> {
        let page = self.page()?;
        let path = format!("//*[@name='{name}']");
        self.at_the_terminal(async || {
            let field = page.find(By::XPath(&path)).await?;
            if field.tag_name().await? == "select" {
                return field.find(By::XPath(format!(".//option[normalize-space()='{text}' or @value='{text}']"))).await?.click().await;
            }
            if field.attr("type").await?.as_deref() == Some("radio") {
                return page.find(By::XPath(format!("{path}[@value='{text}']"))).await?.click().await;
            }
            if field.attr("type").await?.as_deref() == Some("date") {
                // What a calendar does; the keys of a date field differ by language.
                let script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change', { bubbles: true }))";
                page.execute(script, vec![field.to_json()?, text.into()]).await?;
                return Ok(());
            }
            field.clear().await?;
            field.send_keys(text).await
        })
        .with_context(|| format!("fill {name}"))
    }

    /// Presses a button that downloads a file, and waits until the file is there and whole.
    ///
    /// # Errors
    /// If no file comes, or what the browser says.
    pub fn download(&self, button: &str) -> Result<PathBuf> {
        let folder = downloads(&self.home);
        let before = files(&folder)?;
        let page = self.page()?;
        let path = format!("//*[self::button or self::a][normalize-space()='{button}']");
        self.at_the_terminal(async || page.find(By::XPath(&path)).await?.click().await).with_context(|| format!("press {button}"))?;
        let came = until("a download", LONGEST_WAIT, || {
            let now = files(&folder)?;
            let unfinished = now.iter().any(|file| file.extension().is_some_and(|ending| ending == "crdownload" || ending == "tmp"));
            Ok(if unfinished { None } else { now.difference(&before).next().cloned() })
        });
        came.with_context(|| self.text().unwrap_or_default())
    }

    /// Puts the certificate and key of a PFX file into the person's store, as the import wizard does; the browser is opened anew afterwards.
    ///
    /// # Errors
    /// What `pk12util` says.
    pub fn imports(&mut self, file: &Path, password: &str) -> Result<()> {
        for store in stores(&self.home) {
            output(Command::new("pk12util").arg("-i").arg(file).args(["-d", &store, "-W", password, "-K", ""]))?;
        }
        self.opens_again()
    }

    /// Deletes every certificate with a key from the person's store (RN-14); the browser is opened anew afterwards.
    ///
    /// # Errors
    /// What `certutil` says.
    pub fn deletes_certificates(&mut self) -> Result<()> {
        for store in stores(&self.home) {
            let listed = output(Command::new("certutil").args(["-L", "-d", &store]))?;
            for line in listed.lines().filter(|line| line.trim_end().ends_with("u,u,u")) {
                let name = line.trim_end().trim_end_matches("u,u,u").trim();
                output(Command::new("certutil").args(["-F", "-d", &store, "-n", name]))?;
            }
        }
        self.opens_again()
    }

    /// A browser reads its stores when it starts.
    fn opens_again(&mut self) -> Result<()> {
        if let Some(page) = self.page.take() {
            self.at_the_terminal(async || page.quit().await)?;
        }
        let page = self.session()?;
        self.page = Some(page);
        Ok(())
    }

    fn session(&self) -> Result<WebDriver> {
        let home = &self.home;
        self.at_the_terminal(async || {
            let driver = WebDriver::builder(format!("http://{DRIVER}"), capabilities(home)?).request_timeout(PATIENCE).await?;
            let (width, height) = WINDOW;
            driver.cdp().emulation().set_device_metrics_override(width, height, 1.0, false).await?;
            Ok(driver)
        })
    }

    /// Presses the browser's back button.
    ///
    /// # Errors
    /// What the browser says.
    pub fn back(&self) -> Result<()> {
        let page = self.page()?;
        self.at_the_terminal(async || page.back().await)
    }

    /// Loads the page again.
    ///
    /// # Errors
    /// What the browser says.
    pub fn reload(&self) -> Result<()> {
        let page = self.page()?;
        self.at_the_terminal(async || page.refresh().await)
    }

    /// Takes two pictures, at 100 % and at 200 %, for people to look at; fails if at 200 % something is cut off sideways.
    ///
    /// # Errors
    /// What the browser says.
    pub fn picture(&self, name: &str) -> Result<()> {
        let page = self.page()?;
        let (width, height) = WINDOW;
        for (percent, zoom) in [(100, 1), (200, 2)] {
            let (page, path) = (page.clone(), self.screens.join(format!("{}-{name}-{percent}.png", self.story)));
            let wide = self.at_the_terminal(async || {
                page.cdp().emulation().set_device_metrics_override(width / zoom, height / zoom, f64::from(zoom), false).await?;
                page.screenshot(&path).await?;
                let wide = page.execute("return document.documentElement.scrollWidth > window.innerWidth", Vec::new()).await?;
                page.cdp().emulation().set_device_metrics_override(width, height, 1.0, false).await?;
                wide.convert::<bool>()
            })?;
            if wide {
                bail!("at {percent} % the page {name} is wider than the window");
            }
        }
        Ok(())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(page) = self.page.take() {
            // The driver ends with the world, and the browser with it, even if it does not answer any more.
            let _closed = self.at_the_terminal(async || page.quit().await);
        }
    }
}

/// No flag here makes a certificate trusted; there is no sandbox because everything here runs as root.
fn capabilities(home: &Path) -> WebDriverResult<ChromeCapabilities> {
    let mut wish = DesiredCapabilities::chrome();
    let profile = format!("--user-data-dir={}", home.join("profile").display());
    let arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--lang=ja",
        "--accept-lang=ja",
        &profile,
    ];
    arguments.into_iter().try_for_each(|argument| wish.add_arg(argument))?;
    let folder = downloads(home).display().to_string();
    let wishes = [("download.default_directory", serde_json::Value::from(folder)), ("download.prompt_for_download", false.into())];
    wish.add_experimental_option("prefs", serde_json::Map::from_iter(wishes.map(|(name, value)| (name.to_owned(), value))))?;
    Ok(wish)
}

/// Where this person's downloads lie.
fn downloads(home: &Path) -> PathBuf {
    home.join("downloads")
}

fn files(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    if !folder.is_dir() {
        return Ok(BTreeSet::new());
    }
    // What begins with a dot is a file that the browser has only begun.
    let whole = |path: &PathBuf| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'));
    Ok(std::fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path())).filter(whole).collect())
}

/// The person's own stores of roots and certificates. Chromium has known two places for them.
fn stores(home: &Path) -> [String; 2] {
    [".pki/nssdb", ".local/share/pki/nssdb"].map(|place| format!("sql:{}", home.join(place).display()))
}

/// Picks the certificate of the manuals' issuer in the picker (CA-24), which nobody can press without a screen: an administrator's policy for
/// the hosts that ask for certificates. It makes nothing trusted.
fn offers_certificates(machine: &Namespace) -> Result<()> {
    let issuer = manuals::certificate::sheet().issuer_on_notice;
    let asking = [hosts::authority(), hosts::portal()];
    let patterns = asking.map(|host| {
        let rule = serde_json::json!({ "pattern": format!("https://{}", host.name), "filter": { "ISSUER": { "CN": issuer } } });
        rule.to_string()
    });
    let file = machine.etc_file(POLICY).join("certificates.json");
    // What stands in for a folder of /etc needs that folder to be there.
    std::fs::create_dir_all(Path::new("/etc/chromium"))?;
    std::fs::create_dir_all(machine.etc_file(POLICY))?;
    Ok(std::fs::write(file, serde_json::json!({ "AutoSelectCertificateForUrls": patterns }).to_string())?)
}

/// Makes the person's own store of roots.
fn trust(home: &Path, roots: &[PathBuf]) -> Result<()> {
    for place in stores(home) {
        let folder = Path::new(place.trim_start_matches("sql:"));
        std::fs::create_dir_all(folder)?;
        let store = place;
        output(Command::new("certutil").args(["-N", "--empty-password", "-d", &store]))?;
        for (number, root) in roots.iter().enumerate() {
            let name = format!("root-{number}");
            output(Command::new("certutil").args(["-A", "-d", &store, "-n", &name, "-t", "C,,", "-i"]).arg(root))?;
        }
    }
    Ok(())
}

/// `lab/screens` of the folder that holds this build.
fn screens() -> Result<PathBuf> {
    let exe = std::env::current_exe()?;
    let target = exe.ancestors().nth(3).context("this binary lies in no target folder")?;
    let screens = target.join("lab/screens");
    std::fs::create_dir_all(&screens)?;
    Ok(screens)
}

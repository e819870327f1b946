//! Disks that are full or may not be written: the clinic is told in words, and every result comes as soon as it can.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use clinic::bridge::{RunningBridge, Trouble};

use crate::site::{NAME, Peer, RESULT, Says, Site, names, question, until};

/// A small disk of its own over a folder of a story; gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where nobody may mount; the full run of all tests insists.
    fn over(folder: &Path) -> Option<Self> {
        let mounted = mount(&["-t", "tmpfs", "-o", "size=32k", "tmpfs"], folder);
        assert!(mounted || std::env::var("ONSHI_TEST_ALL").is_err(), "the stories of small disks need root");
        mounted.then(|| Self(folder.to_owned()))
    }

    fn read_only(&self, closed: bool) {
        assert!(mount(&["-o", if closed { "remount,ro" } else { "remount,rw" }], &self.0));
    }

    /// Takes every byte there is.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("ballast.bin");
        let mut file = std::fs::File::create(&path).unwrap();
        while file.write_all(&[0; 512]).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a bridge that is broken off may still look into it.
        let _unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn mount(words: &[&str], folder: &Path) -> bool {
    Command::new("mount").args(words).arg(folder).output().is_ok_and(|said| said.status.success())
}

async fn trouble(bridge: &RunningBridge) -> Trouble {
    until("the trouble being seen", || bridge.status().trouble.is_some()).await;
    bridge.status().trouble.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_result_folder_is_named_and_the_result_comes_when_it_may() {
    let (site, peer) = (Site::new(), Peer::that([Says::Valid]));
    let Some(disk) = SmallDisk::over(&site.config.res) else { return };
    disk.read_only(true);
    let bridge = site.bridge(&peer);
    site.drop_file(NAME, &question());
    let said = trouble(&bridge).await;
    assert!(matches!(&said, Trouble::NotWritable { folder } if folder.ends_with("res")), "{said}");
    assert!(said.to_string().contains("書き込みの許可"), "{said}");
    assert!(site.results().is_empty());
    disk.read_only(false);
    until("the result", || site.results() == [RESULT]).await;
    until("the trouble being over", || bridge.status().trouble.is_none()).await;
    bridge.stop().await;
    assert_eq!((peer.drop_ids().len(), site.left_in_work().len()), (1, 0));
    wire::xml::read_check_result(&std::fs::read(site.config.res.join(RESULT)).unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_result_disk_is_named_and_never_shows_half_a_result() {
    let (site, peer) = (Site::new(), Peer::that([Says::Valid]));
    let Some(disk) = SmallDisk::over(&site.config.res) else { return };
    let ballast = disk.fill();
    let bridge = site.bridge(&peer);
    site.drop_file(NAME, &question());
    let said = trouble(&bridge).await;
    assert!(matches!(&said, Trouble::Full { folder } if folder.ends_with("res")) && said.to_string().contains("空き"), "{said}");
    assert_eq!(site.results(), ["ballast.bin"]);
    std::fs::remove_file(ballast).unwrap();
    until("the result", || site.results() == [RESULT]).await;
    bridge.stop().await;
    assert_eq!((peer.drop_ids().len(), site.left_in_work().len()), (1, 0));
    wire::xml::read_check_result(&std::fs::read(site.config.res.join(RESULT)).unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_work_disk_is_named_and_questions_and_refusals_wait_for_room() {
    let (site, peer) = (Site::new(), Peer::that([Says::Valid]));
    let Some(disk) = SmallDisk::over(&site.config.work) else { return };
    let ballast = disk.fill();
    let bridge = site.bridge(&peer);
    let broken = b"<XmlMsg></Other></XmlMsg>".repeat(20);
    site.drop_file(NAME, &question());
    site.drop_file("OQSsiquc01req_2.xml", &broken);
    let said = trouble(&bridge).await;
    assert!(matches!(&said, Trouble::Full { folder } if folder.ends_with("work")), "{said}");
    assert!(site.results().is_empty() && peer.drop_ids().is_empty());
    std::fs::remove_file(ballast).unwrap();
    until("the results", || site.results() == ["OQSsiquc01req_2.err", "OQSsiquc01req_2.xml", RESULT]).await;
    bridge.stop().await;
    assert_eq!((peer.drop_ids().len(), site.left_in_work().len(), names(&site.config.req).len()), (1, 0, 0));
    assert_eq!(std::fs::read(site.config.res.join("OQSsiquc01req_2.xml")).unwrap(), broken);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_waits_for_a_full_disk_survives_a_stop() {
    let (site, peer) = (Site::new(), Peer::that([Says::Valid]));
    let Some(disk) = SmallDisk::over(&site.config.res) else { return };
    let ballast = disk.fill();
    let bridge = site.bridge(&peer);
    site.drop_file(NAME, &question());
    trouble(&bridge).await;
    bridge.stop().await;
    assert_eq!(site.left_in_work().len(), 2, "the tray keeps request and result");
    std::fs::remove_file(ballast).unwrap();
    site.bridge(&peer).stop().await;
    assert_eq!((site.results(), peer.drop_ids().len()), (vec![RESULT.to_owned()], 1));
}

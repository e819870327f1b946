//! Facts about servers' certificates: whether their root is trusted here, and if not, which root that is.

use super::{Facts, View, japanese};
use crate::doctor::recording::{Outcome, What};

pub(super) fn look(view: &View<'_>, facts: &mut Facts) {
    let roots = view.recording.machine.roots.as_deref();
    for (what, outcome) in view.outcomes(|what| matches!(what, What::Tls { .. })) {
        let What::Tls { host } = what else { continue };
        if !view.counts(host) {
            continue;
        }
        match outcome {
            Outcome::Chain { issuer, root, root_trusted, not_before, not_after, names_host } => {
                if !names_host {
                    facts.note_with("x.other-name", format!("{host}: 証明書が別の名前のもの（発行者 {issuer}）"), "host", host.clone());
                }
                if !root_trusted {
                    untrusted(
                        host,
                        root,
                        issuer,
                        roots.map(|roots| roots.iter().any(|known| !root.is_empty() && known.name.contains(root.as_str()))),
                        facts,
                    );
                    if roots.is_some_and(|roots| !roots.is_empty() && !roots.iter().any(|known| known.name == *root)) {
                        facts.note_with("x.other-root", format!("{host}: 知らないルート「{root}」"), "root", root.clone());
                    }
                } else {
                    facts.note("x.trusted", format!("{host}: ルート「{root}」は信頼されている"));
                }
                if *not_before > view.now {
                    facts.note("x.not-yet", format!("{host}: 証明書は {} から有効", japanese(*not_before)));
                }
                if *not_after < view.now {
                    facts.note_with("x.server-expired", format!("{host}: 証明書は {} まで", japanese(*not_after)), "host", host.clone());
                }
            }
            Outcome::Untrusted { why, issuer } => {
                untrusted(host, issuer, why, None, facts);
                if !issuer.is_empty() && roots.is_some_and(|roots| !roots.is_empty() && !roots.iter().any(|known| known.name == *issuer)) {
                    facts.note_with("x.other-root", format!("{host}: 知らない発行者「{issuer}」"), "root", issuer.clone());
                }
            }
            _ => {}
        }
    }
    intercepted(facts, view);
    if roots.is_some_and(<[_]>::is_empty) {
        facts.note("x.no-roots", "この端末にはセンターのルート証明書が入っていない");
    }
}

/// A box in the way shows the same strange root for every host; a root that was not installed is missing for its own hosts only, or is one of the
/// network's by name.
fn intercepted(facts: &mut Facts, view: &View<'_>) {
    if !facts.has("x.other-root") {
        return;
    }
    let trusted: Vec<&str> = view.outcomes(|what| matches!(what, What::Tls { .. })).filter_map(trusted_host).collect();
    let sheet = manuals::certificate::sheet();
    let mut strange: Vec<&str> = Vec::new();
    for (what, outcome) in view.outcomes(|what| matches!(what, What::Tls { .. })) {
        let (Outcome::Chain { root, root_trusted: false, .. } | Outcome::Untrusted { issuer: root, .. }) = outcome else { continue };
        let What::Tls { host } = what else { continue };
        if !view.counts(host) {
            continue;
        }
        // Somebody whose other hosts are known has no root of its own for one of them.
        if !trusted.is_empty() && !trusted.iter().any(|other| house(other) == house(host)) {
            return;
        }
        if !strange.contains(&root.as_str()) {
            strange.push(root);
        }
    }
    if let [root] = strange.as_slice()
        && !root.contains(sheet.site_root)
        && !root.contains(sheet.issuer)
    {
        facts.note_with("x.intercepted", format!("知らないルート「{root}」を示すサーバーがある"), "root", *root);
    }
}

fn trusted_host<'a>((what, outcome): (&'a What, &'a Outcome)) -> Option<&'a str> {
    match (what, outcome) {
        (What::Tls { host }, Outcome::Chain { root_trusted: true, .. }) => Some(host),
        _ => None,
    }
}

/// Whose host it is: its name without the first word.
fn house(host: &str) -> &str {
    host.split_once('.').map_or(host, |(_, house)| house)
}

fn untrusted(host: &str, root: &str, issuer: &str, known: Option<bool>, facts: &mut Facts) {
    let evidence = format!("{host}: ルート「{root}」を信頼できない（発行者 {issuer}）");
    facts.note_with("x.untrusted", evidence.clone(), "root", root);
    if known == Some(true) {
        facts.note("x.root-known-but-unfit", evidence);
    }
}

//! What was signed for one line, one moment or one purpose serves no other: replay and forgery admit nobody.

use chassis::on_both;
use jiff::SignedDuration;
use lineauth::claims::{Answer, Ask, Consent, Request, Said};
use lineauth::{Link, Notifier};
use manuals::{Region, hosts};

use crate::town::*;

on_both!(
    /// Rows: LA-09, LA-20
    a_consent_replayed_from_another_prefix_or_a_second_time_admits_nobody,
    async |place| {
        let town = Town::settled(place).await;
        let intent = town.browser(TERMINAL).open().await;
        town.browser(STRANGER).press(&intent, "wish").await.says("line-failed");
        town.browser(WEST_TERMINAL).press(&intent, "wish").await.says("line-back-button");
        assert!(!town.admitted(STRANGER).await && !town.admitted(WEST_TERMINAL).await);
        town.browser(TERMINAL).press(&intent, "wish").await.says("line-success");
        town.registry.dismiss(PREFIX).await.unwrap();
        town.browser(TERMINAL).press(&intent, "wish").await.says("line-back-button");
        assert!(!town.admitted(TERMINAL).await, "a consent is good once");
    }
);

on_both!(a_consent_is_good_once_even_at_two_copies_of_the_portal, async |place| {
    let town = Town::settled(place).await;
    let proof = |nonce: &str| registry::LineProof {
        line_id: LINE.to_owned(),
        region: Region::East,
        prefixes: vec![PREFIX.to_owned()],
        nonce: nonce.to_owned(),
        expires_at: town.clock.now() + SignedDuration::from_mins(10),
    };
    let once = town.registry.admit_line(proof("a"), town.clock.now()).await.unwrap();
    let twice = town.registry.admit_line(proof("a"), town.clock.now()).await.unwrap();
    assert_eq!((once, twice), (registry::Admitted::Yes, registry::Admitted::Used));
    let many: Vec<_> = (0..20).map(|_| town.registry.admit_line(proof("b"), town.clock.now())).collect();
    let mut good = 0;
    for one in futures(many).await {
        good += usize::from(one == registry::Admitted::Yes);
    }
    assert_eq!(good, 1, "of twenty at the same moment one is believed");
});

async fn futures(many: Vec<impl Future<Output = Result<registry::Admitted, registry::Error>> + Send>) -> Vec<registry::Admitted> {
    let mut waiting: Vec<_> = many.into_iter().map(Box::pin).collect();
    let mut out = Vec::new();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(done) => {
                out.push(done.unwrap());
                false
            }
            std::task::Poll::Pending => true,
        });
        if waiting.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    out
}

on_both!(a_request_or_consent_signed_by_anybody_else_is_worth_nothing, async |place| {
    let town = Town::settled(place).await;
    let later = town.clock.now() + SignedDuration::from_mins(5);
    let nonce = "AAAAAAAAAAAAAAAAAAAAAA".to_owned();
    let request = Request { nonce: nonce.clone(), return_to: "https://evil.example/".into(), needs_v6_option: false, expires_at: later };
    let notify = |token: &str| format!("https://{}/notify?request={token}", hosts::line_notifier_east().name);
    let browser = town.browser(TERMINAL);
    for wrong in [key(99).sign(&request), key(seed_of(Region::East)).sign(&request), "x.y".into(), String::new()] {
        let page = browser.ask(&notify(&wrong), None).await;
        page.says("line-back-button");
        assert!(!page.text.contains("evil"), "{}", page.text);
    }
    let consent = Consent { nonce, prefix: PREFIX.into(), expires_at: later };
    let choose = async |token: &str| {
        let form = format!("consent={token}&choice=wish");
        browser.ask(&format!("{}/choice", manuals::lineauth::url()), Some(form)).await
    };
    // Another key; the other region's key; the portal's own key; a request in place of a consent.
    for wrong in [key(99).sign(&consent), key(3).sign(&consent), key(PORTAL_SEED).sign(&consent), key(PORTAL_SEED).sign(&request)] {
        choose(&wrong).await.says("line-back-button");
    }
    assert!(!town.admitted(TERMINAL).await);
});

on_both!(the_notifier_tells_a_line_to_the_portal_only_and_only_after_its_person_was_asked, async |place| {
    let town = Town::settled(place).await;
    let notifier = Notifier::with_keys(Region::East, town.lines.clone(), key(2), known(key(PORTAL_SEED).public()));
    let now = town.clock.now();
    let ask = Ask {
        nonce: "n".into(),
        address: TERMINAL.parse().unwrap(),
        consent: None,
        needs_v6_option: true,
        deadline: now + SignedDuration::from_secs(25),
    };
    let answer = async |ask: &Ask| {
        let said = notifier.identify(&key(PORTAL_SEED).sign(ask), now).await.unwrap();
        key(2).public().read::<Answer>(&said).unwrap().said
    };
    assert!(notifier.identify(&key(99).sign(&ask), now).await.is_err());
    assert_eq!(answer(&ask).await, Said::MayEnter, "without a consent no identity");
    let consent = |nonce: &str, prefix: &str| {
        let expires_at = now + SignedDuration::from_mins(1);
        Some(key(2).sign(&Consent { nonce: nonce.into(), prefix: prefix.into(), expires_at }))
    };
    for wrong in [consent("m", PREFIX), consent("n", "2408:210:cccc:1::/64"), Some("x.y".into())] {
        assert_eq!(answer(&Ask { consent: wrong, ..ask.clone() }).await, Said::NoConsent);
    }
    let good = Ask { consent: consent("n", PREFIX), ..ask.clone() };
    let Said::Identity(identity) = answer(&good).await else { panic!("no identity") };
    assert_eq!((identity.line_id.as_str(), identity.prefix.as_str()), (LINE, PREFIX));
    let old = Ask { deadline: now, ..good.clone() };
    assert!(notifier.identify(&key(PORTAL_SEED).sign(&old), now).await.is_err(), "its deadline is over");
    let endless = Ask { deadline: now + SignedDuration::from_hours(1), ..good };
    assert!(notifier.identify(&key(PORTAL_SEED).sign(&endless), now).await.is_err(), "nobody has that long");
});

on_both!(
    /// Rows: LA-10
    an_identity_that_is_not_the_carriers_is_a_fault_and_admits_nobody,
    async |place| {
        // Somebody sits between portal and notifier, with a key of his own.
        let town = Town::linked(place, |notifier| {
            let lines = notifier.lines();
            Link::Here(Notifier::with_keys(notifier.region(), lines, key(66), known(key(PORTAL_SEED).public())))
        })
        .await;
        let page = town.browser(TERMINAL).open_and_choose("wish").await;
        // His notifier does not know the true one's consent, and what he signs is not believed anyway.
        page.says("line-system-error");
        assert!(!town.admitted(TERMINAL).await);
    }
);

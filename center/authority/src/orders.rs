//! Orders for a certificate: written with a notice or begun by a renewal, proven by two numbers, walked step by step to the certificate.

use std::net::IpAddr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use chassis::random;
use data_encoding::BASE64URL_NOPAD;
use ipnet::IpNet;
use jiff::Timestamp;
use manuals::situation::Situation;
use registry::Refusal;
use secrecy::{ExposeSecret, SecretString};
use wire::number::FacilityCode;
use zeroize::Zeroizing;

use crate::rules::{self, Step};
use crate::states::{Kind, Order, State};
use crate::store::OrderRow;
use crate::{Authority, Error};

/// A certificate notice (電子証明書発行通知書, CA-02): what a facility needs to fetch one terminal's certificate.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The issuing CA's name.
    pub issuer: &'static str,
    /// Whose terminal it is.
    pub facility_code: String,
    /// The terminal's name, as given at application.
    pub terminal_name: String,
    /// Day of issue and seven digits (CA-04).
    pub request_id: String,
    /// Ten letters and digits (CA-05); printed here, kept sealed until it is used.
    pub reference_id: SecretString,
    /// The certificate's last moment.
    pub valid_until: Timestamp,
    /// Until when it may be fetched.
    pub retrieve_until: Timestamp,
    /// For clients of RFC 8555.
    pub binding: Binding,
}

/// What binds an account of RFC 8555 to an order (external account binding).
#[derive(Clone, Debug)]
pub struct Binding {
    /// The key's name: the request id.
    pub key_id: String,
    /// 32 bytes in base64url without padding.
    pub mac_key: SecretString,
}

/// What is known of a binding, to check a MAC with.
pub struct BindingFact {
    /// 32 bytes.
    pub mac_key: Zeroizing<Vec<u8>>,
    /// Whose terminal it is.
    pub facility_code: String,
    /// The terminal's name.
    pub terminal_name: String,
    /// The order.
    pub request_id: String,
    /// Until when a new account may be bound.
    pub usable_until: Timestamp,
}

/// Somebody proved the right to this order.
#[derive(Clone, Debug)]
pub struct Proof {
    order: Order,
}

impl Proof {
    /// The order, as it stood then.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }
}

/// An order that is to be written down, and the two secrets that open it.
pub(crate) struct NewOrder {
    pub(crate) row: OrderRow,
    pub(crate) reference_id: SecretString,
    pub(crate) mac_key: SecretString,
}

impl Authority {
    /// Writes a certificate notice for a terminal of a registered facility.
    ///
    /// # Errors
    /// [`Refusal::Unknown`] if the facility is not registered.
    pub async fn notice(&self, code: &FacilityCode, terminal_name: &str, now: Timestamp) -> Result<Notice, Error> {
        let name = terminal_name.trim();
        if !rules::is_name(name) {
            let problem = format!("端末の名称を {} 文字以内で書いてください。", rules::LONGEST_NAME);
            return Err(registry::Error::from(Refusal::Wrong { field: "terminal_name", problem }).into());
        }
        if self.registry.facility(code).await?.is_none() {
            return Err(registry::Error::from(Refusal::Unknown("この医療機関コード")).into());
        }
        loop {
            let new = self.new_order(Kind::Issue, (code.as_str(), name), None, now)?;
            match self.store.add_order(&new.row, Some(new.row.order.retrieve_until)).await {
                Ok(()) => return Ok(new.into_notice()),
                // Seven digits a day are few for a great wave: another order has them.
                Err(error) if error.is_unique_violation() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(crate) fn new_order(
        &self,
        kind: Kind,
        (facility_code, terminal_name): (&str, &str),
        renews: Option<&str>,
        now: Timestamp,
    ) -> Result<NewOrder, Error> {
        let shape = &manuals::certificate::sheet().notice;
        let day = wire::date::format_date(chassis::clock::japan_date(now));
        let request_id = format!("{day}{}", random::text(shape.request_id_digits_after_date, random::DIGITS)?);
        let reference_id = SecretString::from(random::text(shape.reference_id_characters, random::READABLE)?);
        let mac_key = Zeroizing::new(random::bytes::<32>()?);
        let order = Order {
            kind,
            state: if kind == Kind::Issue { State::Open } else { State::Key },
            facility_code: facility_code.to_owned(),
            terminal_name: terminal_name.to_owned(),
            valid_until: now + rules::days(self.config.certificate_days),
            retrieve_until: now + rules::days(self.config.retrieve_days),
            serial: None,
            renews: renews.map(ToOwned::to_owned),
            noticed_at: now,
            request_id,
        };
        let row = OrderRow {
            reference_hash: reference_hash(&order.request_id, &reference_id),
            reference_sealed: Some(self.sealer.seal(&place("reference", &order.request_id), reference_id.expose_secret().as_bytes())?),
            mac_key: Some(self.sealer.seal(&place("mac", &order.request_id), mac_key.as_slice())?),
            held_key: None,
            held_until: None,
            key_hash: None,
            application: None,
            order,
        };
        Ok(NewOrder { row, reference_id, mac_key: BASE64URL_NOPAD.encode(mac_key.as_slice()).into() })
    }

    /// The notice of an order that still waits, to be printed again; nothing once its secrets are gone.
    pub(crate) fn printed_again(&self, row: &OrderRow) -> Option<Notice> {
        let id = &row.order.request_id;
        let reference = self.reference_of(row)?;
        let mac_key = self.sealer.open(&place("mac", id), row.mac_key.as_deref()?)?;
        let new = NewOrder { row: row.clone(), reference_id: reference, mac_key: BASE64URL_NOPAD.encode(&mac_key).into() };
        (row.order.state == State::Open).then(|| new.into_notice())
    }

    /// The reference id of an order, as long as it is kept.
    pub(crate) fn reference_of(&self, row: &OrderRow) -> Option<SecretString> {
        let bytes = self.sealer.open(&place("reference", &row.order.request_id), row.reference_sealed.as_deref()?)?;
        std::str::from_utf8(&bytes).ok().map(Into::into)
    }

    /// Proves the right to an order by its two numbers. Unknown request ids and wrong reference ids get the same words. A caller that
    /// guesses is made to wait by its own prefix; nobody else is locked out of the order. `from` is the caller's address where it is known.
    ///
    /// # Errors
    /// If the authority could not answer; a refusal is an answer.
    pub async fn prove(
        &self,
        request_id: &str,
        reference_id: &SecretString,
        from: Option<IpAddr>,
        now: Timestamp,
    ) -> Result<Result<Proof, Situation>, Error> {
        let request_id = request_id.trim();
        let prefix = prefix_of(from);
        // What is no request id is looked for nowhere, and kept nowhere.
        let found = match manuals::certificate::is_request_id(request_id) {
            true => self.store.order(request_id).await?,
            false => None,
        };
        let known = found.as_ref().map(|row| row.order.request_id.as_str());
        let guesses = self.store.guesses(&prefix, known.unwrap_or_default()).await?;
        if let Err(situation) = rules::may_try(&guesses, &self.config, now) {
            return Ok(Err(situation));
        }
        let given = reference_hash(request_id, reference_id);
        let wanted = found.as_ref().map_or("", |row| row.reference_hash.as_str());
        match found {
            Some(ref row) if verify_slices_are_equal(given.as_bytes(), wanted.as_bytes()).is_ok() => {
                if guesses.at_this_order.is_some() {
                    self.store.forgive(&prefix, request_id).await?;
                }
                Ok(Ok(Proof { order: row.order.clone() }))
            }
            _ => {
                // Callers without an address have nothing in common that could rest as a whole.
                let places: Vec<&str> = from.map(|_| "").into_iter().chain(known).collect();
                self.store.note_guess(&prefix, &places, now - rules::rest(&self.config), now).await?;
                Ok(Err(Situation::NoticeUnknown))
            }
        }
    }

    /// The key that an account of RFC 8555 is bound with; nothing if there is none of this name.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn binding(&self, key_id: &str) -> Result<Option<BindingFact>, Error> {
        let Some(row) = self.store.order(key_id).await? else { return Ok(None) };
        let mac_key = row.mac_key.as_deref().and_then(|sealed| self.sealer.open(&place("mac", key_id), sealed));
        Ok(mac_key.map(|mac_key| BindingFact {
            mac_key,
            facility_code: row.order.facility_code,
            terminal_name: row.order.terminal_name,
            request_id: row.order.request_id,
            usable_until: row.order.retrieve_until,
        }))
    }

    /// The right to an order of somebody whose account was bound to it: the caller has checked that before.
    ///
    /// # Errors
    /// If the database could not say.
    pub async fn prove_by_binding(&self, key_id: &str) -> Result<Option<Proof>, Error> {
        let row = self.store.order(key_id).await?;
        Ok(row.filter(|row| row.mac_key.is_some()).map(|row| Proof { order: row.order }))
    }

    /// Takes an order one step on its way: 鍵生成中 → 発行要求中 → 発行済み, each in a transaction of its own. The answer is where it stands then.
    ///
    /// # Errors
    /// If the database or a key does not work; [`Refusal::Unknown`] if there is no such order.
    pub async fn advance(&self, request_id: &str, now: Timestamp) -> Result<State, Error> {
        let row = self.order_row(request_id).await?;
        match rules::next(&row.fact(), now) {
            Step::Nothing | Step::Wait(_) => return Ok(row.order.state),
            Step::TakeKey => self.give_key(&row, now).await?,
            Step::Sign => self.sign_over_held_key(&row, now).await?,
            Step::Lapse => self.store.lapse(request_id).await?,
            Step::DestroyKey => self.store.destroy_key(request_id).await?,
        }
        Ok(self.order_row(request_id).await?.order.state)
    }

    /// Walks an order to its end over a key of ours, and returns it as it stands then.
    pub(crate) async fn finish(&self, request_id: &str, now: Timestamp) -> Result<OrderRow, Error> {
        let row = self.order_row(request_id).await?;
        if row.order.state == State::Open {
            self.give_key(&row, now).await?;
        }
        while matches!(self.order_row(request_id).await?.order.state, State::Key | State::Requested) {
            self.advance(request_id, now).await?;
        }
        self.order_row(request_id).await
    }

    pub(crate) async fn order_row(&self, request_id: &str) -> Result<OrderRow, Error> {
        let row = self.store.order(request_id).await?;
        row.ok_or_else(|| registry::Error::from(Refusal::Unknown("このリクエストID")).into())
    }

    /// Takes a key out of the pool for an order, in the transaction that gives it to the order.
    async fn give_key(&self, row: &OrderRow, now: Timestamp) -> Result<(), Error> {
        let id = &row.order.request_id;
        loop {
            let key = self.prepared_key().await?;
            let sealed = self.sealer.seal(&place("held", id), &key.pkcs8)?;
            if self.store.hold_key(id, key.key_id.as_deref(), &sealed, row.order.retrieve_until, now).await? {
                return Ok(());
            }
            // Another was quicker: with the order, which is good, or with the key, which is tried again with the next.
            if !matches!(self.order_row(id).await?.order.state, State::Open | State::Key) {
                return Ok(());
            }
        }
    }

    /// The key that is kept for an order.
    pub(crate) fn held_key(&self, row: &OrderRow) -> Result<Zeroizing<Vec<u8>>, Error> {
        let sealed = row.held_key.as_deref().ok_or(Error::Cipher)?;
        self.sealer.open(&place("held", &row.order.request_id), sealed).ok_or(Error::Cipher)
    }
}

impl NewOrder {
    pub(crate) fn into_notice(self) -> Notice {
        let order = self.row.order;
        Notice {
            issuer: manuals::certificate::sheet().issuer_on_notice,
            facility_code: order.facility_code,
            terminal_name: order.terminal_name,
            reference_id: self.reference_id,
            valid_until: order.valid_until,
            retrieve_until: order.retrieve_until,
            binding: Binding { key_id: order.request_id.clone(), mac_key: self.mac_key },
            request_id: order.request_id,
        }
    }
}

/// What a sealed secret is bound to.
fn place(what: &str, request_id: &str) -> String {
    format!("{what}/{request_id}")
}

/// A caller's own network, as finely as one line may hold it: /56 of IPv6, one address of IPv4.
fn prefix_of(from: Option<IpAddr>) -> String {
    let Some(address) = from.map(|address| address.to_canonical()) else { return "-".to_owned() };
    let length = if address.is_ipv4() { 32 } else { 56 };
    IpNet::new(address, length).map_or_else(|_| address.to_string(), |net| net.trunc().to_string())
}

/// Reference ids are compared as hashes, each with its request id.
fn reference_hash(request_id: &str, reference_id: &SecretString) -> String {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    context.update(request_id.as_bytes());
    context.update(b"/");
    context.update(reference_id.expose_secret().trim().as_bytes());
    data_encoding::HEXLOWER.encode(context.finish().as_ref())
}

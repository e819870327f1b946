//! Reads one zone's records and refuses what could not be answered truly.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::base::iana::{Class, Rtype};
use domain::base::name::FlattenInto;
use domain::base::{Name, Record, Ttl};
use domain::rdata::ZoneRecordData;
use domain::zonefile::inplace::{Entry, Zonefile};

use super::list;

/// A name, compared without regard to letter case.
pub(super) type Owner = Name<Bytes>;
pub(super) type Data = ZoneRecordData<Bytes, Name<Bytes>>;

/// Records in one list.
const MOST_RECORDS: usize = 100_000;
/// No answer may be kept for longer than a week.
const LONGEST_TTL: Ttl = Ttl::CAP;

/// Records of one name and type.
#[derive(Clone, Debug)]
pub(super) struct Set {
    pub(super) owner: Owner,
    pub(super) rtype: Rtype,
    pub(super) ttl: Ttl,
    pub(super) data: Vec<Data>,
}

/// A zone that can be answered.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub(super) apex: Owner,
    pub(super) sets: BTreeMap<Owner, Vec<Set>>,
    pub(super) handed_on: Vec<Owner>,
    /// The SOA record as it stands beside "no such name".
    pub(super) negative: Set,
}

/// Reads a zone of a list.
pub(super) fn read(entry: &list::Zone) -> Result<Zone, String> {
    let said = |problem: String| format!("ゾーン {}: {problem}", entry.name);
    let apex = name(&entry.name).map_err(said)?;
    if entry.regions.is_empty() || entry.services.is_empty() {
        return Err(said("regions と services には一つ以上を書いてください。".to_owned()));
    }
    let mut zone = Records { apex: apex.clone(), sets: BTreeMap::new(), count: 0 };
    let mut file = Zonefile::from(entry.records.as_str());
    file.set_origin(apex.clone());
    file.set_default_class(Class::IN);
    loop {
        match file.next_entry() {
            Ok(None) => break,
            Ok(Some(Entry::Record(record))) => zone.add(record.flatten_into()).map_err(said)?,
            Ok(Some(Entry::Include { .. })) => return Err(said("$INCLUDE は使えません。".to_owned())),
            Err(error) => return Err(said(format!("records を {error}（行:桁 まで読んだところ）"))),
        }
    }
    let handed_on = entry.handed_on.iter().map(|text| name(text)).collect::<Result<Vec<_>, _>>().map_err(said)?;
    if let Some(unknown) = handed_on.iter().find(|owner| !zone.sets.contains_key(*owner)) {
        return Err(said(format!("handed_on の {unknown} にはレコードがありません。")));
    }
    zone.judge().map_err(said)?;
    let negative = zone.negative().ok_or_else(|| said("SOA レコードが一つ必要です。".to_owned()))?;
    Ok(Zone { apex, sets: zone.sets, handed_on, negative })
}

/// A full name, with or without its final dot.
pub(super) fn name(text: &str) -> Result<Owner, String> {
    let name: Owner = text.parse().map_err(|error| format!("「{text}」は名前として読めません（{error}）。"))?;
    if name.is_root() { Err("名前がありません。".to_owned()) } else { Ok(name) }
}

/// A zone under construction.
struct Records {
    apex: Owner,
    sets: BTreeMap<Owner, Vec<Set>>,
    count: usize,
}

impl Records {
    fn add(&mut self, record: Record<Owner, Data>) -> Result<(), String> {
        self.count += 1;
        let (owner, rtype, ttl) = (record.owner().clone(), record.rtype(), record.ttl());
        if self.count > MOST_RECORDS {
            return Err(format!("レコードが多すぎます（{MOST_RECORDS} まで）。"));
        }
        if record.class() != Class::IN {
            return Err(format!("{owner}: クラスは IN だけです。"));
        }
        if !owner.ends_with(&self.apex) {
            return Err(format!("{owner} はこのゾーンの外です。"));
        }
        if refused(rtype) {
            return Err(format!("{owner}: {rtype} レコードには答えられません（署名、DNAME、問い合わせ専用の型は扱いません）。"));
        }
        if ttl > LONGEST_TTL {
            return Err(format!("{owner}: TTL は {} 秒までです。", LONGEST_TTL.as_secs()));
        }
        let sets = self.sets.entry(owner.clone()).or_default();
        let data = record.into_data();
        match sets.iter_mut().find(|set| set.rtype == rtype) {
            // One set has one TTL (RFC 2181 §5.2): the shortest. The same record twice is one record (§5.5).
            Some(set) => {
                set.ttl = set.ttl.min(ttl);
                if !set.data.contains(&data) {
                    set.data.push(data);
                }
            }
            None => sets.push(Set { owner, rtype, ttl, data: vec![data] }),
        }
        Ok(())
    }

    fn judge(&self) -> Result<(), String> {
        let of = |rtype| self.sets.get(&self.apex).into_iter().flatten().find(move |set| set.rtype == rtype);
        if of(Rtype::SOA).is_none_or(|set| set.data.len() != 1) {
            return Err("ゾーンの名前に SOA レコードが一つ必要です。".to_owned());
        }
        if of(Rtype::NS).is_none() {
            return Err("ゾーンの名前に NS レコードが必要です。".to_owned());
        }
        for (owner, sets) in &self.sets {
            let alias = sets.iter().find(|set| set.rtype == Rtype::CNAME);
            if alias.is_some_and(|set| set.data.len() != 1 || sets.len() != 1) {
                return Err(format!("{owner}: CNAME は一つだけで、ほかのレコードと並べられません。"));
            }
            if *owner != self.apex && sets.iter().any(|set| set.rtype == Rtype::SOA) {
                return Err(format!("{owner}: SOA はゾーンの名前だけに置けます。"));
            }
        }
        Ok(())
    }

    fn negative(&self) -> Option<Set> {
        let set = self.sets.get(&self.apex)?.iter().find(|set| set.rtype == Rtype::SOA)?;
        let ZoneRecordData::Soa(soa) = set.data.first()? else { return None };
        Some(Set { ttl: set.ttl.min(soa.minimum()), ..set.clone() })
    }
}

/// Types that this server does not hold: signatures without a signer mislead, and some types exist in questions only.
fn refused(rtype: Rtype) -> bool {
    let signed = [Rtype::RRSIG, Rtype::NSEC, Rtype::NSEC3, Rtype::NSEC3PARAM, Rtype::DNSKEY, Rtype::DS, Rtype::CDS, Rtype::CDNSKEY];
    signed.contains(&rtype) || [Rtype::DNAME, Rtype::OPT].contains(&rtype) || (128..=255).contains(&rtype.to_int()) || rtype.to_int() == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use manuals::Region;

    const HEAD: &str = "$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 604800 60\n@ NS ns1\nns1 AAAA ::1\n";

    fn zone(records: &str) -> list::Zone {
        list::Zone {
            name: "a.test".to_owned(),
            regions: vec![Region::East],
            services: vec![list::Service::Claims],
            handed_on: Vec::new(),
            records: records.to_owned(),
        }
    }

    #[test]
    fn a_zone_that_could_not_be_answered_truly_is_refused_with_the_reason() {
        assert!(read(&zone(HEAD)).is_ok());
        for (records, reason) in [
            ("@ NS ns1\n", "SOA"),
            ("$TTL 300\n@ SOA ns1 hostmaster 1 3600 600 604800 60\n", "NS"),
            (&*format!("{HEAD}www AAAA 1.2.3.4\n"), "expected IPv6 address"),
            (&*format!("{HEAD}www.b.test. AAAA ::2\n"), "外です"),
            (&*format!("{HEAD}www CNAME ns1\nwww AAAA ::2\n"), "CNAME"),
            (&*format!("{HEAD}www CNAME ns1\nwww CNAME ns2\n"), "CNAME"),
            (&*format!("{HEAD}www SOA ns1 hostmaster 1 3600 600 604800 60\n"), "SOA"),
            (&*format!("{HEAD}www 604801 AAAA ::2\n"), "TTL"),
            (&*format!("{HEAD}www DNAME b.test.\n"), "DNAME"),
            (&*format!("{HEAD}www CH TXT a\n"), "records を"),
            (&*format!("{HEAD}$INCLUDE other\n"), "INCLUDE"),
        ] {
            let mistake = read(&zone(records)).unwrap_err();
            assert!(mistake.starts_with("ゾーン a.test: ") && mistake.contains(reason), "{records}: {mistake}");
        }
        assert!(read(&list::Zone { handed_on: vec!["b.a.test".to_owned()], ..zone(HEAD) }).unwrap_err().contains("handed_on"));
        assert!(read(&list::Zone { name: "a..test".to_owned(), ..zone(HEAD) }).is_err());
        assert!(read(&list::Zone { services: Vec::new(), ..zone(HEAD) }).is_err());
    }

    #[test]
    fn the_shortest_time_of_a_set_counts_and_a_record_twice_is_one() {
        let zone = read(&zone(&format!("{HEAD}www 100 AAAA ::2\nWWW 50 AAAA ::3\nwww AAAA ::2\n"))).unwrap();
        let set = &zone.sets[&name("www.a.test").unwrap()][0];
        assert_eq!((set.ttl, set.data.len()), (Ttl::from_secs(50), 2));
        assert_eq!(zone.negative.ttl, Ttl::from_secs(60));
    }
}

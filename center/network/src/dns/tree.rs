//! Finds what a name and type are answered with, as RFC 1034 §4.3.2 says: aliases followed, delegations, wildcards, "no such name".

use std::collections::HashMap;

use bytes::Bytes;
use domain::base::iana::{Rcode, Rtype};
use domain::base::name::ToName;
use domain::base::{Name, RelativeName};
use domain::rdata::ZoneRecordData;

use super::zone::{Data, Owner, Set, Zone};

/// Aliases followed for one question.
const LONGEST_CHAIN: usize = 8;

/// The zones of a view, as one tree of names.
#[derive(Debug, Default)]
pub(super) struct Tree {
    zones: Vec<Zone>,
    nodes: HashMap<Owner, Node>,
}

/// A name that exists, with records or only above some.
#[derive(Debug, Default)]
struct Node {
    sets: Vec<Set>,
    handed_on: bool,
    /// The zone whose first name this is.
    apex_of: Option<usize>,
}

/// Records to be given, under the name by which they were asked for.
pub(super) struct Given<'a> {
    pub(super) owner: Owner,
    pub(super) set: &'a Set,
}

/// What is answered.
pub(super) struct Found<'a> {
    pub(super) rcode: Rcode,
    pub(super) authoritative: bool,
    pub(super) answer: Vec<Given<'a>>,
    pub(super) authority: Vec<&'a Set>,
    pub(super) additional: Vec<&'a Set>,
    /// The zone in which the question's name lies.
    pub(super) zone: Option<&'a Owner>,
}

impl Tree {
    /// Joins zones; each may stand once, and a zone's names lie in no other zone of the view.
    pub(super) fn new(zones: Vec<Zone>) -> Result<Self, String> {
        let mut tree = Self { zones, nodes: HashMap::new() };
        for (place, zone) in tree.zones.iter().enumerate() {
            let node = tree.nodes.entry(zone.apex.clone()).or_default();
            if node.apex_of.replace(place).is_some() {
                return Err(format!("ゾーン {} が二つあります。", zone.apex));
            }
        }
        for place in 0..tree.zones.len() {
            tree.plant(place)?;
        }
        Ok(tree)
    }

    fn plant(&mut self, place: usize) -> Result<(), String> {
        let Some(zone) = self.zones.get(place).cloned() else { return Ok(()) };
        for (owner, sets) in zone.sets {
            if self.zone_of(&owner).is_none_or(|(holder, _)| holder != place) {
                return Err(format!("ゾーン {}: {owner} は別のゾーンの中です。", zone.apex));
            }
            // The names between, which exist although they have no records (RFC 8020).
            for above in owner.iter_suffixes().skip(1).take_while(|above| above != &zone.apex) {
                self.nodes.entry(above.to_bytes()).or_default();
            }
            let node = self.nodes.entry(owner.clone()).or_default();
            node.handed_on = zone.handed_on.contains(&owner);
            node.sets = sets;
        }
        Ok(())
    }

    /// The deepest zone that holds a name, and its first name.
    fn zone_of<N: ToName>(&self, name: &N) -> Option<(usize, &Zone)> {
        let name: Owner = name.to_bytes();
        let place = name.iter_suffixes().find_map(|above| self.nodes.get(above.for_slice())?.apex_of)?;
        Some((place, self.zones.get(place)?))
    }

    /// Every zone.
    pub(super) fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// Names with records of their own that a question may be prepared for, with the types at the end of their aliases.
    pub(super) fn askable(&self) -> impl Iterator<Item = (&Owner, Vec<Rtype>)> {
        self.nodes.iter().filter(|(owner, node)| !node.sets.is_empty() && !owner.first().is_wildcard()).map(|(owner, _)| {
            let mut types = vec![Rtype::ANY];
            let mut at = Some(owner.clone());
            for _ in 0..LONGEST_CHAIN {
                let Some(node) = at.as_ref().and_then(|at| self.nodes.get(at).or_else(|| self.wildcard(at))) else { break };
                types.extend(node.sets.iter().map(|set| set.rtype));
                at = node.alias();
            }
            types.sort_unstable();
            types.dedup();
            (owner, types)
        })
    }

    /// What is answered; `None` when no zone here holds the name.
    pub(super) fn find<'a>(&'a self, name: &Owner, rtype: Rtype) -> Option<Found<'a>> {
        let (_, zone) = self.zone_of(name)?;
        let mut found = Found {
            rcode: Rcode::NOERROR,
            authoritative: !self.nodes.get(name).is_some_and(|node| node.handed_on),
            answer: Vec::new(),
            authority: Vec::new(),
            additional: Vec::new(),
            zone: Some(&zone.apex),
        };
        let mut asked = name.clone();
        for _ in 0..LONGEST_CHAIN {
            match self.step(&asked, rtype, &mut found) {
                Some(target) => asked = target,
                None => break,
            }
        }
        Some(found)
    }

    /// Answers for one name of a chain; the next name when it is an alias.
    fn step<'a>(&'a self, asked: &Owner, rtype: Rtype, found: &mut Found<'a>) -> Option<Owner> {
        let (_, zone) = self.zone_of(asked)?;
        if let Some(cut) = self.cut_above(asked, rtype, zone) {
            found.authoritative &= !found.answer.is_empty();
            found.additional = self.addresses_named_in(cut);
            found.authority.push(cut);
            return None;
        }
        let Some(node) = self.nodes.get(asked).or_else(|| self.wildcard(asked)) else {
            found.rcode = Rcode::NXDOMAIN;
            found.authority.push(&zone.negative);
            return None;
        };
        let set = match rtype {
            // One set is enough for who asks for anything (RFC 8482).
            Rtype::ANY => node.sets.first(),
            _ => node.set(rtype).or_else(|| node.set(Rtype::CNAME)),
        };
        let Some(set) = set else {
            found.authority.push(&zone.negative);
            return None;
        };
        found.answer.push(Given { owner: asked.clone(), set });
        if set.rtype == Rtype::CNAME && rtype != Rtype::CNAME && rtype != Rtype::ANY {
            return node.alias();
        }
        found.additional = self.addresses_named_in(set);
        None
    }

    /// The delegation at or above a name, below its zone's first name.
    fn cut_above(&self, asked: &Owner, rtype: Rtype, zone: &Zone) -> Option<&Set> {
        let inside: Vec<_> = asked.iter_suffixes().take_while(|above| above != &zone.apex).collect();
        // From the top: the highest delegation counts. What the delegation itself is signed with is the parent's to say.
        let mut inside = inside.iter().rev().filter(|above| rtype != Rtype::DS || *above != asked);
        inside.find_map(|above| self.nodes.get(above.for_slice())?.set(Rtype::NS))
    }

    /// The wildcard below the closest name that exists (RFC 4592).
    fn wildcard(&self, asked: &Owner) -> Option<&Node> {
        let closest = asked.iter_suffixes().skip(1).find(|above| self.nodes.contains_key(above.for_slice()))?;
        let star = RelativeName::wildcard_ref().chain(closest).ok()?;
        let star: Name<Bytes> = star.to_bytes();
        self.nodes.get(&star)
    }

    fn addresses_named_in(&self, set: &Set) -> Vec<&Set> {
        let named = set.data.iter().filter_map(|data| match data {
            ZoneRecordData::Ns(data) => Some(data.nsdname()),
            ZoneRecordData::Mx(data) => Some(data.exchange()),
            ZoneRecordData::Srv(data) => Some(data.target()),
            _ => None,
        });
        let nodes = named.filter_map(|name| self.nodes.get(name));
        nodes.flat_map(|node| node.sets.iter().filter(|set| set.rtype == Rtype::AAAA || set.rtype == Rtype::A)).collect()
    }

    /// Aliases that lead back to themselves or too far, and names of the zones that nobody can look up.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        for owner in self.nodes.keys() {
            let mut at = owner.clone();
            let follow = |at: &Owner| self.nodes.get(at).and_then(Node::alias);
            let links = std::iter::from_fn(|| {
                at = follow(&at)?;
                Some(())
            });
            if links.take(LONGEST_CHAIN).count() == LONGEST_CHAIN {
                mistakes.push(format!("{owner}: CNAME が回っているか、長すぎます（{LONGEST_CHAIN} まで）。"));
            }
        }
        mistakes.sort();
        mistakes
    }

    /// Targets inside the zones that have no address: answered truly, but surely not meant.
    pub(super) fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        for node in self.nodes.values() {
            for (set, data) in node.sets.iter().flat_map(|set| set.data.iter().map(move |data| (set, data))) {
                let target = match data {
                    ZoneRecordData::Ns(data) => data.nsdname(),
                    ZoneRecordData::Cname(data) => data.cname(),
                    ZoneRecordData::Mx(data) => data.exchange(),
                    _ => continue,
                };
                let reached = self.find(target, Rtype::AAAA).is_none_or(|found| {
                    found.answer.iter().any(|given| given.set.rtype == Rtype::AAAA)
                        || found.authority.iter().any(|set| set.rtype == Rtype::NS)
                });
                if !reached {
                    doubts.push(format!("{} {}: {target} に AAAA がありません。", set.owner, set.rtype));
                }
            }
        }
        doubts.sort();
        doubts
    }
}

impl Node {
    fn set(&self, rtype: Rtype) -> Option<&Set> {
        self.sets.iter().find(|set| set.rtype == rtype)
    }

    fn alias(&self) -> Option<Owner> {
        match self.set(Rtype::CNAME)?.data.first() {
            Some(Data::Cname(data)) => Some(data.cname().clone()),
            _ => None,
        }
    }
}

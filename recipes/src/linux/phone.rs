//! The phone router (ひかり電話) between line and clinic's router: it holds the line's /56 and delegates a /60 of it.

use std::net::IpAddr;

use super::{Interfaces, Recipe, prefix};

/// The length of the prefix that the line has.
pub const LINE: u8 = 56;
/// The length of the prefix that the router below gets.
pub const DELEGATED: u8 = 60;

/// Its files and programs; its DNS asks the internet's name server for everything, as such routers do (NW-04).
#[must_use]
pub fn recipe(internet: IpAddr) -> Recipe {
    let mut recipe = Recipe::default();
    recipe.file("dhcp6c.conf", prefix::client(&Interfaces::LAB, LINE));
    recipe.start("dhcp6c", prefix::CLIENT);
    recipe.file(
        "dnsmasq.conf",
        format!("interface=lan\nbind-dynamic\nno-resolv\nno-hosts\nuser=root\npid-file=\nlog-facility=-\nserver={internet}\n"),
    );
    recipe.start("dnsmasq", super::dnsmasq::START);
    recipe.file("follow.sh", FOLLOW.to_owned());
    recipe.start("sh", &["follow.sh"]);
    recipe
}

/// Advertises the LAN's /64, delegates the sixteen after the first sixteen, and routes them to the router below.
const FOLLOW: &str = r#"#!/bin/sh
now=
trap '[ -z "$radvd" ] || kill "$radvd" "$kea"; exit' TERM
while :; do
  new=$(ip -6 route show dev lan proto kernel | sed -n 's/^\([23][0-9a-f:]*\)::\/64 .*/\1/p' | head -n 1)
  if [ -n "$new" ] && [ "$new" != "$now" ]; then
    former=$(cat prefix 2> /dev/null)
    [ "$former" != "$new" ] || former=
    now=$new
    echo "$now" > prefix
    part="${now%00}10"
    {
      echo 'interface lan { AdvSendAdvert on; AdvOtherConfigFlag on; MinRtrAdvInterval 3; MaxRtrAdvInterval 10;'
      echo "prefix $now::/64 { };"
      [ -z "$former" ] || echo "prefix $former::/64 { AdvPreferredLifetime 0; AdvValidLifetime 7200; };"
      echo '};'
    } > radvd.conf
    cat > kea.json <<END
{ "Dhcp6": {
  "server-id": { "type": "LL", "persist": false },
  "interfaces-config": { "interfaces": ["lan"], "service-sockets-max-retries": 1000, "service-sockets-retry-wait-time": 100 },
  "lease-database": { "type": "memfile", "persist": false },
  "subnet6": [ { "id": 1, "subnet": "$now::/64", "interface": "lan",
    "pd-pools": [ { "prefix": "$part::", "prefix-len": 60, "delegated-len": 60 } ] } ],
  "loggers": [ { "name": "kea-dhcp6", "severity": "INFO", "output_options": [ { "output": "stdout" } ] } ]
} }
END
    ip -6 route replace "$part::/60" via fe80::2 dev lan
    [ -z "$radvd" ] || kill "$radvd" "$kea"
    radvd --nodaemon --config radvd.conf --pidfile radvd.pid --logmethod stderr &
    radvd=$!
    KEA_LOCKFILE_DIR="$PWD" KEA_PIDFILE_DIR="$PWD" kea-dhcp6 -c kea.json &
    kea=$!
  fi
  sleep 0.5
done
"#;

//! What this process does in an installation of several, and how the others reach it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Secret;
use super::rules::{Wrong, first_broken};

/// What this process does, and how the other nodes reach it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Node {
    /// `all`, or some of the roles, separated by commas.
    pub roles: Roles,
    /// How many partitions of each stream that others own this node follows, so that it takes them over sooner.
    pub standby: u32,
    /// Where commands of other nodes come in; in use where `log.kind` is `kafka`.
    pub address: SocketAddr,
    /// `host:port` under which the other nodes reach that address; without it, the address itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advertised: Option<String>,
    /// What nodes show each other; the same on all of them, at least 32 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
}

/// One thing that a process can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Decides on orders; runs fulfilment.
    Orders,
    /// Decides on stock.
    Inventory,
    /// Decides on the catalogue.
    Products,
    /// Decides on payments and talks to the gateway.
    Payments,
    /// Answers from the read models.
    Queries,
    /// Keeps the read models at the tail of the log.
    Projector,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Orders,
        Self::Inventory,
        Self::Products,
        Self::Payments,
        Self::Queries,
        Self::Projector,
    ];

    /// As it is set.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Inventory => "inventory",
            Self::Products => "products",
            Self::Payments => "payments",
            Self::Queries => "queries",
            Self::Projector => "projector",
        }
    }
}

/// What a process does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// Whether it does this.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }
}

impl Default for Roles {
    fn default() -> Self {
        Self(Role::ALL.into())
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() == Role::ALL.len() {
            return f.write_str("all");
        }
        let names: Vec<&str> = self.0.iter().map(|role| role.name()).collect();
        f.write_str(&names.join(","))
    }
}

impl FromStr for Roles {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" {
            return Ok(Self::default());
        }
        let mut roles = BTreeSet::new();
        for name in text.split(',').map(str::trim) {
            let Some(role) = Role::ALL.into_iter().find(|role| role.name() == name) else {
                let known = Role::ALL.map(Role::name).join(", ");
                return Err(format!("{name:?} is no role; there are: all, {known}"));
            };
            roles.insert(role);
        }
        Ok(Self(roles))
    }
}

impl TryFrom<String> for Roles {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Roles> for String {
    fn from(roles: Roles) -> Self {
        roles.to_string()
    }
}

impl Default for Node {
    fn default() -> Self {
        Self {
            roles: Roles::default(),
            standby: 0,
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7070),
            advertised: None,
            secret: None,
        }
    }
}

impl Node {
    /// What must be, if something will not do in an installation of several nodes.
    pub(super) fn wrong(&self, shared_stores: bool) -> Wrong {
        let secret = self.secret.as_ref().map(|secret| secret.expose().len());
        let reachable = !self.address.ip().is_loopback();
        let rules = [
            ("node.secret", secret.is_some_and(|length| length < 32), "must be at least 32 bytes"),
            (
                "node.secret",
                reachable && secret.is_none(),
                "is needed where node.address can be reached from outside, the same on every node",
            ),
            (
                "node.advertised",
                self.address.ip().is_unspecified() && self.advertised.is_none(),
                "must say host:port where node.address is that of all interfaces",
            ),
            (
                "node.roles",
                !shared_stores && self.roles.has(Role::Queries) != self.roles.has(Role::Projector),
                "queries and projector go together while the read stores are embedded",
            ),
        ];
        first_broken(&rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_survive_their_text() {
        for text in ["all", "orders", "orders,inventory,queries,projector"] {
            assert_eq!(text.parse::<Roles>().unwrap().to_string(), text);
        }
        let said = "orders,cooks".parse::<Roles>().unwrap_err();
        assert!(said.starts_with("\"cooks\" is no role; there are: all, orders"), "{said}");
    }

    #[test]
    fn a_node_that_can_be_reached_from_outside_needs_a_secret_and_a_name() {
        let wrong = |change: fn(&mut Node)| {
            let mut node = Node::default();
            change(&mut node);
            node.wrong(false).map(|(key, _)| key)
        };
        assert_eq!(wrong(|_| {}), None);
        assert_eq!(
            wrong(|node| node.address = "10.0.0.1:7070".parse().unwrap()),
            Some("node.secret")
        );
        let unnamed = wrong(|node| {
            node.address = "0.0.0.0:7070".parse().unwrap();
            node.secret = Some(Secret::new("s".repeat(32)));
        });
        assert_eq!(unnamed, Some("node.advertised"));
        assert_eq!(wrong(|node| node.roles = "queries".parse().unwrap()), Some("node.roles"));
    }
}

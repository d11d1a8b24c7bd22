//! The shipped packages as tests read them, and the main road of each: the stages a case of an
//! ordinary course goes through.

use super::*;

/// Name, source and main road of every package of `desk/templates`.
macro_rules! shipped {
    ($($name:literal: $($stage:literal)*;)*) => {
        [$(Shipped {
            name: $name,
            source: include_str!(concat!("../../../../desk/templates/", $name, ".toml")),
            road: &[$($stage),*],
        }),*]
    };
}

/// A package that comes with casework.
pub(super) struct Shipped {
    pub(super) name: &'static str,
    pub(super) source: &'static str,
    pub(super) road: &'static [&'static str],
}

pub(super) const LIBRARY: [Shipped; 12] = shipped! {
    "child-protection": "registration" "assessment" "case-plan" "service-provision" "closure" "closed";
    "complaint": "intake" "review" "findings" "closed";
    "contract-approval":
        "request" "legal" "financial" "negotiation" "approval" "signature" "in-force" "ended";
    "credit-analysis":
        "registration" "verification" "analysis" "decision" "formalisation" "disbursed";
    "field-inspection":
        "draft" "qualified" "assigned" "accepted" "in-progress" "complete";
    "hiring": "applied" "screening" "interview" "offer" "hired";
    "information-request": "intake" "fulfil" "review" "release";
    "internal-investigation":
        "new" "triage" "investigate" "resolve" "review" "closed";
    "onboarding":
        "pre-admission" "registration" "equipment" "first-day" "training" "probation" "completed";
    "security-incident": "triage" "contain" "eradicate" "recover" "lessons" "closed";
    "service-request": "intake" "review" "process" "decision" "closed";
    "whistleblower": "receive" "assess" "investigate" "address" "conclude";
};

impl Shipped {
    /// The package as it is written.
    pub(super) fn package(&self) -> Package {
        Package::from_toml(self.source).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// The package published.
    pub(super) fn revision(&self) -> Revision {
        self.package()
            .publish()
            .unwrap_or_else(|faults| panic!("{}: {faults:#?}", self.name))
    }
}

/// The revision of the package with this name.
pub(super) fn shipped(name: &str) -> Revision {
    let found = LIBRARY.iter().find(|shipped| shipped.name == name);
    found
        .unwrap_or_else(|| panic!("{name} is not shipped"))
        .revision()
}

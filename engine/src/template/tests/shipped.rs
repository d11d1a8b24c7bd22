//! The shipped packages as tests read them, and the main road of each: the stages a case of an
//! ordinary course goes through.

use super::*;

/// Name, source and main road of every package of `desk/templates`.
macro_rules! shipped {
    ($($name:literal: $($stage:literal)*; $(before $to:literal: $step:expr;)*)*) => {
        [$(Shipped {
            name: $name,
            source: include_str!(concat!("../../../../desk/templates/", $name, ".toml")),
            road: &[$($stage),*],
            steps: &[$(($to, $step)),*],
        }),*]
    };
}

/// A package that comes with casework.
pub(super) struct Shipped {
    pub(super) name: &'static str,
    pub(super) source: &'static str,
    pub(super) road: &'static [&'static str],
    /// What the rules of the road want before a stage is entered, beyond required fields.
    pub(super) steps: &'static [(&'static str, Step)],
}

/// Something that is done on the road.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// A field is filled with these words.
    Fill(&'static str, &'static str),
    /// A question is decided, by somebody who made nothing of it.
    Decide(&'static str, &'static str),
    /// An approval is asked for and given.
    Approve(&'static str),
}

pub(super) const LIBRARY: [Shipped; 12] = shipped! {
    "child-protection": "registration" "assessment" "case-plan" "service-provision" "closure" "closed";
        before "closure": Step::Fill("follow_ups", "1");
        before "closed": Step::Approve("closure");
    "complaint": "intake" "review" "findings" "closed";
        before "closed": Step::Decide("verdict", "rejected");
    "contract-approval":
        "request" "legal" "financial" "negotiation" "approval" "signature" "in-force" "ended";
        before "signature": Step::Approve("contract");
    "credit-analysis":
        "registration" "verification" "analysis" "decision" "formalisation" "disbursed";
        before "formalisation": Step::Decide("credit", "granted");
    "field-inspection":
        "draft" "qualified" "assigned" "accepted" "in-progress" "complete";
    "hiring": "applied" "screening" "interview" "offer" "hired";
        before "offer": Step::Fill("panel", r#"[{"id":"r1","cells":{"score":"8"}}]"#);
    "information-request": "intake" "fulfil" "review" "release";
        before "release": Step::Decide("release", "full");
        before "release": Step::Approve("release");
    "internal-investigation":
        "new" "triage" "investigate" "resolve" "review" "closed";
        before "investigate": Step::Decide("open", "yes");
        before "closed": Step::Approve("report");
    "onboarding":
        "pre-admission" "registration" "equipment" "first-day" "training" "probation" "completed";
        before "completed": Step::Decide("probation", "confirm");
    "security-incident": "triage" "contain" "eradicate" "recover" "lessons" "closed";
        before "lessons": Step::Approve("recovery");
    "service-request": "intake" "review" "process" "decision" "closed";
        before "closed": Step::Decide("request", "granted");
    "whistleblower": "receive" "assess" "investigate" "address" "conclude";
        before "conclude": Step::Approve("measures");
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

//! A naive oracle of rights, written from the words of DOMAIN §5 and of nothing else: the whole world
//! is copied at every entry, every question is a loop, nothing is shared with the engine but the
//! names of verbs.

use std::collections::{BTreeMap, BTreeSet};

use casework_protocol::rights::Verb;

/// Where a grant holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    All,
    Template,
    Stage(&'static str),
    Field(&'static str),
    Own,
    Team,
}

/// A member with one device.
#[derive(Debug, Clone, Default)]
pub(super) struct Person {
    pub(super) roles: BTreeSet<String>,
    pub(super) teams: BTreeSet<String>,
    pub(super) suspended: bool,
    pub(super) revoked: bool,
}

/// Who is on a case.
#[derive(Debug, Clone, Default)]
pub(super) struct Record {
    pub(super) people: BTreeSet<usize>,
    pub(super) teams: BTreeSet<String>,
    pub(super) roles: BTreeSet<String>,
    pub(super) restricted: bool,
}

/// Everything that decides about rights, at one place of the log.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) roles: BTreeMap<String, Vec<(Verb, Place)>>,
    pub(super) people: Vec<Person>,
    pub(super) record: Record,
    /// Stage → the roles that may work there, by the newest revision.
    pub(super) edit_roles: BTreeMap<&'static str, BTreeSet<String>>,
}

/// One thing that somebody wants to do.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) who: usize,
    pub(super) verb: Verb,
    /// The stage that it goes to, or happens in.
    pub(super) stage: String,
    /// The stage that the case stood in before.
    pub(super) stood: String,
    pub(super) field: Option<&'static str>,
}

/// What becomes of something that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Lands,
    Held,
    Never,
}

impl World {
    fn named(&self, who: usize) -> bool {
        let person = &self.people[who];
        self.record.people.contains(&who)
            || self
                .record
                .teams
                .iter()
                .any(|team| person.teams.contains(team))
            || self
                .record
                .roles
                .iter()
                .any(|role| person.roles.contains(role))
    }

    /// "My team's" cases: those that name me, my team or role, or somebody of my teams.
    fn of_team(&self, who: usize) -> bool {
        let shares = |other: &usize| {
            let (mine, theirs) = (&self.people[who].teams, &self.people[*other].teams);
            mine.iter().any(|team| theirs.contains(team))
        };
        self.named(who) || self.record.people.iter().any(shares)
    }

    fn granted(&self, wish: &Wish) -> bool {
        for role in &self.people[wish.who].roles {
            for (verb, place) in self.roles.get(role).into_iter().flatten() {
                let holds = match place {
                    Place::All | Place::Template => true,
                    Place::Stage(stage) => wish.stage == *stage,
                    Place::Field(field) => wish.field == Some(field),
                    Place::Own => self.record.people.contains(&wish.who),
                    Place::Team => self.of_team(wish.who),
                };
                if *verb == wish.verb && holds {
                    return true;
                }
            }
        }
        false
    }

    /// A person is there while not suspended, with a device that was not revoked.
    fn present(&self, who: usize) -> bool {
        !self.people[who].suspended && !self.people[who].revoked
    }

    /// Whom a case names sees it with any grant to view; others see an open one by a grant that
    /// covers it.
    pub(super) fn sees(&self, who: usize) -> bool {
        let view = Wish {
            who,
            verb: Verb::View,
            stage: "nowhere".to_owned(),
            stood: String::new(),
            field: None,
        };
        let any_view = self.people[who].roles.iter().any(|role| {
            let mut grants = self.roles.get(role).into_iter().flatten();
            grants.any(|(verb, _)| *verb == Verb::View)
        });
        let open = !self.record.restricted && self.granted(&view);
        !self.people[who].suspended && (open || (self.named(who) && any_view))
    }

    /// Whether the roles of a stage let somebody work there, by some revision's edit roles.
    pub(super) fn works(
        &self,
        wish: &Wish,
        edit_roles: &BTreeMap<&'static str, BTreeSet<String>>,
    ) -> bool {
        let free = matches!(
            wish.verb,
            Verb::Comment | Verb::CommentExternal | Verb::View | Verb::Redact | Verb::Approve
        );
        let Some(asked) = edit_roles.get(wish.stood.as_str()) else {
            return true;
        };
        let roles = &self.people[wish.who].roles;
        let has = |role: &str| roles.contains(role);
        free || asked.is_empty()
            || has("owner")
            || has("agent")
            || asked.iter().any(|role| has(role))
    }

    /// Whether an act made now would be allowed.
    pub(super) fn allows(&self, wish: &Wish) -> bool {
        self.may(wish, &self.edit_roles)
    }

    fn may(&self, wish: &Wish, edit_roles: &BTreeMap<&'static str, BTreeSet<String>>) -> bool {
        self.present(wish.who)
            && self.sees(wish.who)
            && (wish.verb == Verb::View || self.granted(wish))
            && self.works(wish, edit_roles)
    }
}

/// The world after each entry of authority, by its place in the log.
#[derive(Debug, Default)]
pub(super) struct Chronicle(pub(super) Vec<(u64, World)>);

impl Chronicle {
    /// The world as whoever has read the log up to here knows it.
    pub(super) fn known_at(&self, cursor: u64) -> &World {
        let known = self.0.iter().take_while(|(place, _)| *place < cursor);
        &known.last().expect("the log begins with authority").1
    }

    /// What becomes of something that was done by somebody who had read up to `cursor`, and that
    /// the log took at `arrival`.
    pub(super) fn fate(&self, wish: &Wish, cursor: u64, arrival: u64) -> Fate {
        let cited = self.known_at(cursor);
        if !cited.allows(wish) {
            return Fate::Never;
        }
        // By the revision it cites, at every moment on its way.
        for (place, world) in &self.0 {
            let on_the_way = *place >= cursor && *place < arrival;
            if on_the_way && !world.may(wish, &cited.edit_roles) {
                return Fate::Held;
            }
        }
        // By the newest revision, where it arrives.
        let there = self.known_at(arrival);
        if there.works(wish, &there.edit_roles) {
            Fate::Lands
        } else {
            Fate::Held
        }
    }
}

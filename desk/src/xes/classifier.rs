//! Which attributes name an event: the log's classifier, chosen once, and what it says.

use super::attribute::Attributes;
use super::fault::XesError;
use super::limits::{MAX_CLASSIFIER_KEYS, MAX_NAME_BYTES};
use super::log::{ClassifierHead, LogHead, Scope};
use super::notes::Notes;
use super::slug::cut;
use super::timeline::short_name;

/// The key that tells how far a step of an activity is; mostly always "complete".
pub(crate) const LIFECYCLE: &str = "lifecycle:transition";
/// The key that names traces and events.
pub(crate) const NAME: &str = "concept:name";
/// The name that the classifier of activities has in most logs.
const USUAL: &str = "activity classifier";
/// Between the values of several keys.
const JOINT: &str = " + ";

/// The values of the classifier's keys for one event, shortened to the length of a name.
pub(crate) type Activity = Vec<Option<String>>;

/// The chosen classifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Classifier {
    /// Its name in the log; `None` if the log has none and events go by `concept:name`.
    pub(crate) name: Option<String>,
    /// Its keys.
    pub(crate) keys: Vec<String>,
}

impl Classifier {
    /// The classifier that was asked for by name (capitals do not matter); else the one named
    /// "Activity classifier", else the first that uses `concept:name`, else the first, else
    /// `concept:name` itself.
    pub(crate) fn choose(head: &LogHead, wanted: Option<&str>) -> Result<Self, XesError> {
        let of_events: Vec<(&ClassifierHead, Vec<String>)> = head
            .classifiers
            .iter()
            .filter(|classifier| classifier.scope == Scope::Event)
            .map(|classifier| (classifier, keys(&classifier.keys, &head.event_globals)))
            .filter(|(_, keys)| (1..=MAX_CLASSIFIER_KEYS).contains(&keys.len()))
            .collect();
        let named = |name: &str| {
            let same =
                |c: &ClassifierHead| c.name.trim().to_lowercase() == name.trim().to_lowercase();
            of_events.iter().find(|(classifier, _)| same(classifier))
        };
        let found = match wanted {
            Some(name) => Some(named(name).ok_or_else(|| {
                XesError::UnknownClassifier {
                    name: name.to_owned(),
                    known: of_events
                        .iter()
                        .map(|(classifier, _)| classifier.name.clone())
                        .collect(),
                }
            })?),
            None => named(USUAL)
                .or_else(|| {
                    of_events
                        .iter()
                        .find(|(_, keys)| keys.iter().any(|key| key == NAME))
                })
                .or_else(|| of_events.first()),
        };
        Ok(match found {
            Some((classifier, keys)) => Self {
                name: Some(classifier.name.clone()),
                keys: keys.clone(),
            },
            None => Self {
                name: None,
                keys: vec![NAME.to_owned()],
            },
        })
    }

    /// What it says about an event.
    pub(crate) fn activity(&self, event: &Attributes, notes: &mut Notes) -> Activity {
        let value = |key: &String| Some(short_name(&event.text(key)?, notes));
        self.keys.iter().map(value).collect()
    }

    /// Where the lifecycle stands among its keys, if it is not the only one.
    pub(crate) fn lifecycle(&self) -> Option<usize> {
        let others = self.keys.iter().any(|key| key != LIFECYCLE);
        self.keys
            .iter()
            .position(|key| key == LIFECYCLE)
            .filter(|_| others)
    }
}

/// An activity's name for people: its values joined by " + ", without the key at `left_out`.
pub(crate) fn activity_name(activity: &Activity, left_out: Option<usize>) -> Option<String> {
    let said = activity
        .iter()
        .enumerate()
        .filter(|(at, _)| Some(*at) != left_out);
    let values: Vec<&str> = said.filter_map(|(_, value)| value.as_deref()).collect();
    (!values.is_empty()).then(|| cut(&values.join(JOINT), MAX_NAME_BYTES).to_owned())
}

/// Splits the keys of a classifier: by spaces, but single quotes hold a key with spaces, and a
/// text that is as a whole a known key is one.
fn keys(text: &str, globals: &Attributes) -> Vec<String> {
    let whole = text.trim();
    if globals.get(whole).is_some() {
        return vec![whole.to_owned()];
    }
    let mut keys: Vec<String> = Vec::new();
    let mut add = |key: &str| {
        // One more than allowed is enough to see that there are too many.
        let room = keys.len() <= MAX_CLASSIFIER_KEYS;
        if room && !key.is_empty() && !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
    };
    for (at, piece) in whole.split('\'').enumerate() {
        match at % 2 {
            1 => add(piece.trim()),
            _ => piece.split_whitespace().for_each(&mut add),
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(classifiers: &[(&str, &str)]) -> LogHead {
        let classifiers = classifiers.iter().map(|(name, keys)| ClassifierHead {
            name: (*name).to_owned(),
            scope: Scope::Event,
            keys: (*keys).to_owned(),
        });
        LogHead {
            classifiers: classifiers.collect(),
            ..LogHead::default()
        }
    }

    fn chosen(classifiers: &[(&str, &str)], wanted: Option<&str>) -> Vec<String> {
        Classifier::choose(&head(classifiers), wanted).unwrap().keys
    }

    #[test]
    fn the_usual_name_wins_then_the_event_name_then_the_first() {
        let usual = [
            ("Resource", "org:resource"),
            ("Activity Classifier", "concept:name"),
        ];
        assert_eq!(chosen(&usual, None), ["concept:name"]);
        let other = [
            ("Resource", "org:resource"),
            ("Event Name", "concept:name a"),
        ];
        assert_eq!(chosen(&other, None), ["concept:name", "a"]);
        assert_eq!(chosen(&[("B", "b"), ("C", "c")], None), ["b"]);
        assert_eq!(chosen(&[("Broken", " ")], None), ["concept:name"]);
        assert_eq!(chosen(&[], None), ["concept:name"]);
        let many: String = (0..17).map(|n| format!("k{n} ")).collect();
        assert_eq!(
            chosen(&[("Activity classifier", &many)], None),
            ["concept:name"]
        );
    }

    #[test]
    fn an_asked_classifier_is_used_or_the_known_ones_are_listed() {
        let two = [("Resource", "org:resource"), ("Group", "org:group")];
        assert_eq!(chosen(&two, Some("group")), ["org:group"]);
        let error = Classifier::choose(&head(&two), Some("Role")).unwrap_err();
        let told = "the log has no classifier \"Role\"; it has \"Resource\", \"Group\"";
        assert_eq!(error.to_string(), told);
    }

    #[test]
    fn keys_with_spaces_are_quoted() {
        assert_eq!(
            chosen(&[("A", "'my key' b  'c d' b")], None),
            ["my key", "b", "c d"]
        );
    }

    #[test]
    fn names_join_the_values_that_are_there() {
        let activity = vec![Some("Check".to_owned()), None, Some("start".to_owned())];
        assert_eq!(activity_name(&activity, None).unwrap(), "Check + start");
        assert_eq!(activity_name(&activity, Some(2)).unwrap(), "Check");
        assert_eq!(activity_name(&vec![None, None], None), None);
    }
}

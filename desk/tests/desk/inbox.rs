//! The inbox as people use it, on one device: what time makes, marks, mutes, quiet hours, the digest.

use serde_json::json;

use crate::program::Person;

#[test]
fn the_inbox_is_listed_marked_muted_and_put_in_few_lines() {
    let ana = Person::founder();
    assert!(ana.text(&["inbox"]).contains("Nothing here"));
    let case = ana.complaint("Fee charged twice");
    ana.json(&["case", "owner", &case, "me"]);
    ana.json(&["case", "due", &case, "2020-01-31"]);
    let shown = ana.json(&["inbox"]);
    assert_eq!(shown["unread"], 1);
    let entry = &shown["entries"][0];
    assert_eq!(entry["item"]["kind"], "overdue");
    assert_eq!(
        (&entry["number"], &entry["read"]),
        (&json!(case), &json!(false))
    );
    let text = ana.text(&["inbox"]);
    assert!(
        text.contains("due 2020-01-31: overdue") && text.contains("1 item is unread"),
        "{text}"
    );
    assert!(ana.text(&["status"]).contains("1 unread (casework inbox)"));
    assert!(ana.text(&["inbox", "digest"]).contains("Fee charged twice"));

    let id = entry["item"]["id"].as_str().unwrap();
    assert_eq!(ana.json(&["inbox", "read", &id[..6]])["marked"], 1);
    assert_eq!(ana.json(&["inbox", "read", &id[..6]])["marked"], 0);
    assert_eq!(ana.json(&["inbox", "--unread"])["entries"], json!([]));
    assert!(ana.text(&["inbox", "digest"]).contains("Nothing new"));
    assert_eq!(ana.json(&["inbox", "unread", id])["marked"], 1);
    assert_eq!(ana.json(&["inbox", "read", "--all"])["marked"], 1);
    // Another date is another item.
    ana.json(&["case", "due", &case, "2021-01-31"]);
    assert_eq!(ana.json(&["status"])["inbox"]["unread"], 1);

    ana.json(&["inbox", "mute", "--kind", "overdue"]);
    assert_eq!(ana.json(&["inbox"])["entries"], json!([]));
    let all = ana.json(&["inbox", "--all"]);
    assert_eq!(
        (&all["unread"], &all["entries"][0]["muted"]),
        (&json!(0), &json!(true))
    );
    ana.json(&["inbox", "unmute", "--kind", "overdue"]);
    assert_eq!(ana.json(&["inbox", "--kind", "overdue"])["unread"], 1);
    ana.json(&["inbox", "mute", "--case", &case]);
    assert_eq!(ana.json(&["status"])["inbox"]["unread"], 0);

    ana.json(&["inbox", "quiet-hours", "00:00-23:59", "Europe/Lisbon"]);
    let quiet = ana.json(&["inbox", "quiet-hours"]);
    assert_eq!(quiet["hours"]["zone"], "Europe/Lisbon");
    let (_, message, cure) = ana.fault(&["inbox", "quiet-hours", "25:00-07:00", "Europe/Lisbon"]);
    assert!(
        message.contains("no quiet hours") && cure.contains("22:00-07:00"),
        "{message} {cure}"
    );
    ana.json(&["inbox", "quiet-hours", "--off"]);
    assert_eq!(ana.json(&["inbox", "quiet-hours"])["hours"], json!(null));
    assert!(ana.json(&["verify"])["holds"].as_bool().unwrap());
}

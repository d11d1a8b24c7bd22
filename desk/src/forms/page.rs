//! The frame of every page: head, style, languages. All text is escaped on its way in.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::language::base;
use super::words::{Words, words};

/// The style of every page, inside it: a page is one request. Contrasts of at least 7 : 1.
const STYLE: &str = "\
:root{color-scheme:light}\
*{box-sizing:border-box}\
body{margin:0;background:#fff;color:#17181c;font:1.0625rem/1.5 system-ui,sans-serif;\
overflow-wrap:break-word}\
main{max-width:40rem;margin:0 auto;padding:1.25rem 1rem 4rem}\
h1{font-size:1.75rem;line-height:1.2;margin:.5rem 0 1rem}\
h2{font-size:1.25rem;margin:2rem 0 .5rem}\
nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem;margin-bottom:1rem}\
a{color:#0b4ea2}\
.ask{margin:1.5rem 0;padding:0;border:0;min-width:0}\
.ask>label,.ask>legend{display:block;font-weight:600;padding:0;margin-bottom:.25rem}\
.note{color:#43464f;font-weight:400}\
.help{display:block;color:#43464f;margin:0 0 .375rem}\
.error{display:block;color:#9c1c12;font-weight:600;margin:0 0 .375rem}\
.wrong{border-inline-start:.3rem solid #9c1c12;padding-inline-start:.75rem}\
input,select,textarea{font:inherit;color:inherit;background:#fff;width:100%;padding:.5rem;\
border:1px solid #5b5e68;border-radius:.25rem}\
input[type=radio],input[type=checkbox]{width:1.375rem;height:1.375rem;margin:0;flex:none}\
.ask .choice{display:flex;gap:.625rem;align-items:center;padding:.4375rem 0;margin:0;\
font-weight:400}\
.ask label.help{font-weight:400;margin:.5rem 0 .25rem}\
.pair{display:grid;grid-template-columns:1fr 8rem;gap:.75rem}\
.row{min-width:0;border:1px solid #b9bcc6;border-radius:.25rem;padding:.5rem .75rem;margin:.5rem 0}\
button{font:inherit;font-weight:600;color:#fff;background:#0b4ea2;border:0;border-radius:.25rem;\
padding:.75rem 1.5rem;cursor:pointer}\
:focus-visible{outline:.2rem solid #b35900;outline-offset:.125rem}\
.problems{border:.25rem solid #9c1c12;padding:.75rem 1rem;margin:0 0 1.5rem}\
.problems h2{margin:0 0 .5rem}\
.problems a{color:#9c1c12;font-weight:600}\
.box{background:#eef2f8;padding:.75rem 1rem;margin:1rem 0;border-radius:.25rem}\
.number{font:700 1.5rem/1.4 ui-monospace,monospace;overflow-wrap:anywhere}\
.trap{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}\
.said{white-space:pre-wrap;overflow-wrap:anywhere}";

/// What a browser may do with a page: show it with its style and send its form back here.
pub(super) fn content_policy() -> String {
    let style = data_encoding::BASE64.encode(&Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'"
    )
}

/// A whole page.
pub(super) struct Page<'p> {
    pub(super) language: &'p str,
    /// In the tab; the headline is part of the body.
    pub(super) title: &'p str,
    /// Languages the page can also be read in.
    pub(super) languages: &'p [&'p str],
    pub(super) body: Markup,
}

impl Page<'_> {
    /// The bytes to send.
    pub(super) fn render(self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang=(self.language) dir=(direction(self.language)) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="robots" content="noindex, nofollow";
                    meta name="referrer" content="no-referrer";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main {
                        @if self.languages.len() > 1 {
                            nav aria-label="Language · Idioma · Langue · Sprache" {
                                @for tag in self.languages {
                                    @if *tag == self.language {
                                        span lang=(tag) aria-current="true" { (name_of(tag)) }
                                    } @else {
                                        a href={ "?lang=" (tag) } hreflang=(tag) lang=(tag) {
                                            (name_of(tag))
                                        }
                                    }
                                }
                            }
                        }
                        (self.body)
                    }
                }
            }
        };
        page.into_string()
    }
}

/// Paragraphs of a text: an empty line begins a new one.
pub(super) fn paragraphs(text: &str) -> Markup {
    html! {
        @for paragraph in text.replace("\r\n", "\n").split("\n\n") {
            @if !paragraph.trim().is_empty() { p class="said" { (paragraph.trim()) } }
        }
    }
}

/// A page that says one thing.
pub(super) fn plain(ui: &Words, title: &str, text: &str) -> String {
    Page {
        language: ui.tag,
        title,
        languages: &[],
        body: html! { h1 { (title) } (paragraphs(text)) },
    }
    .render()
}

/// The page behind every link that shows nothing, whatever the reason.
pub(super) fn gone(language: &str) -> String {
    let ui = words(language);
    plain(ui, ui.gone_title, ui.gone)
}

/// Languages written from right to left.
fn direction(tag: &str) -> &'static str {
    if ["ar", "fa", "he", "ur", "yi", "ps", "dv"].contains(&base(tag)) {
        "rtl"
    } else {
        "ltr"
    }
}

/// What speakers call their language; the tag where that is not known here.
fn name_of(tag: &str) -> &str {
    let name = match base(tag) {
        "ar" => "العربية",
        "cs" => "Čeština",
        "da" => "Dansk",
        "de" => "Deutsch",
        "el" => "Ελληνικά",
        "en" => "English",
        "es" => "Español",
        "fi" => "Suomi",
        "fr" => "Français",
        "hu" => "Magyar",
        "it" => "Italiano",
        "nl" => "Nederlands",
        "pl" => "Polski",
        "pt" => "Português",
        "ro" => "Română",
        "sv" => "Svenska",
        "tr" => "Türkçe",
        "uk" => "Українська",
        _ => return tag,
    };
    if base(tag) == tag { name } else { tag }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_markup() {
        let evil = "<script>alert(1)</script>\" onload='x'";
        let page = Page {
            language: "en\"><script>",
            title: evil,
            languages: &["en", "pt\"><script>"],
            body: paragraphs(evil),
        }
        .render();
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;"), "{page}");
    }

    #[test]
    fn the_policy_allows_exactly_the_style_of_the_page() {
        let policy = content_policy();
        let hash = data_encoding::BASE64.encode(&Sha256::digest(STYLE.as_bytes()));
        assert!(policy.contains(&hash) && policy.starts_with("default-src 'none'"));
        let page = plain(words("en"), "Title", "Text");
        let style = page.split("<style>").nth(1).unwrap();
        let style = style.split("</style>").next().unwrap();
        assert_eq!(style, STYLE, "the browser hashes what stands in the page");
    }
}

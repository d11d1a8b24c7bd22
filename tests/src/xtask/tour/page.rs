//! A Markdown page as text and steps: each step a command and what stands under it.

/// The fence of a block that the tour runs.
const OPENING: &str = "```text";
/// The end of any block.
const CLOSING: &str = "```";
/// What a command begins with.
const PROMPT: &str = "$ ";

/// A page.
pub(crate) struct Page {
    parts: Vec<Part>,
}

enum Part {
    /// Text that stays as it is, with its line ends.
    Kept(String),
    Step(Step),
}

/// A command with its output.
pub(crate) struct Step {
    /// As it is typed, over several lines if it ends in backslashes; without the prompt.
    pub(crate) command: String,
    /// What stands under it, without blank lines at its end.
    pub(crate) said: String,
    /// Whether another command follows in the block.
    followed: bool,
}

impl Page {
    /// Takes a page apart.
    pub(crate) fn parse(text: &str) -> Self {
        let (mut parts, mut kept) = (Vec::new(), String::new());
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            kept.push_str(line);
            kept.push('\n');
            if line != OPENING {
                continue;
            }
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != CLOSING).collect();
            if block.first().is_some_and(|line| line.starts_with(PROMPT)) {
                parts.push(Part::Kept(core::mem::take(&mut kept)));
                parts.extend(steps(&block).into_iter().map(Part::Step));
            } else {
                block.iter().for_each(|line| {
                    kept.push_str(line);
                    kept.push('\n');
                });
            }
            kept.push_str(CLOSING);
            kept.push('\n');
        }
        parts.push(Part::Kept(kept));
        Self { parts }
    }

    /// The steps, in order.
    pub(crate) fn steps_mut(&mut self) -> impl Iterator<Item = &mut Step> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Step(step) => Some(step),
            Part::Kept(_) => None,
        })
    }

    /// The page again.
    pub(crate) fn text(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Kept(text) => text.clone(),
                Part::Step(step) => step.text(),
            })
            .collect()
    }
}

fn steps(block: &[&str]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = block.iter();
    while let Some(line) = lines.next() {
        if let Some(command) = line.strip_prefix(PROMPT) {
            let mut command = command.to_owned();
            while command.ends_with('\\')
                && let Some(more) = lines.next()
            {
                command = format!("{command}\n{more}");
            }
            if let Some(last) = steps.last_mut() {
                last.followed = true;
            }
            steps.push(Step {
                command,
                said: String::new(),
                followed: false,
            });
        } else if let Some(step) = steps.last_mut() {
            step.said.push_str(line);
            step.said.push('\n');
        }
    }
    for step in &mut steps {
        step.said.truncate(step.said.trim_end().len());
    }
    steps
}

impl Step {
    fn text(&self) -> String {
        let mut text = format!("{PROMPT}{}\n", self.command);
        if !self.said.is_empty() {
            text.push_str(&self.said);
            text.push('\n');
            if self.followed {
                text.push('\n');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_without_new_output_stays_as_it_is_to_the_byte() {
        let readme = include_str!("../../../../README.md");
        let page = Page::parse(readme);
        assert_eq!(page.text(), readme);
        assert!(page.parts.len() > 20, "it has a tour");
    }

    #[test]
    fn an_output_is_put_under_its_command_and_nowhere_else() {
        let text = "a\n\n```text\n$ one \\\n  more\n@@\n\n$ two\n\n```\n\n```text\npicture\n```\n";
        let mut page = Page::parse(text);
        let mut steps = page.steps_mut();
        let one = steps.next().unwrap();
        assert_eq!(
            (one.command.as_str(), one.said.as_str()),
            ("one \\\n  more", "@@")
        );
        one.said = "done\n\nwell".to_owned();
        assert_eq!(steps.next().unwrap().command, "two");
        drop(steps);
        let after =
            "a\n\n```text\n$ one \\\n  more\ndone\n\nwell\n\n$ two\n```\n\n```text\npicture\n```\n";
        assert_eq!(page.text(), after);
    }
}

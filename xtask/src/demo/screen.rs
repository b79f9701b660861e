//! Where the story is shown: on a terminal the table stays in place, elsewhere only what
//! has changed is printed.

use std::io::{self, Write};

use super::table::cut;

/// Up one line, to its beginning, and clear from there to the end of the screen.
const BACK_ONE_LINE: &str = "\x1b[1A\r\x1b[J";

/// The output, and what stands on it.
pub(super) struct Screen<Output> {
    output: Output,
    in_place: bool,
    /// The lines of the table that was shown last.
    table: Vec<String>,
    /// What was waited for when it was shown.
    waiting: String,
    /// How many of the lines above the cursor are the table's.
    drawn: usize,
}

impl<Output: Write> Screen<Output> {
    pub(super) fn new(output: Output, in_place: bool) -> Self {
        Self {
            output,
            in_place,
            table: Vec::new(),
            waiting: String::new(),
            drawn: 0,
        }
    }

    /// Shows the table as it is now. `seconds` of `waiting` have gone.
    pub(super) fn show(
        &mut self,
        table: Vec<String>,
        waiting: &str,
        seconds: u64,
    ) -> io::Result<()> {
        if self.in_place {
            self.erase()?;
            self.table = table;
            return self.draw(&cut(&format!("{seconds:>4} s  {waiting}")));
        }
        if self.waiting != waiting {
            waiting.clone_into(&mut self.waiting);
            if !waiting.is_empty() {
                writeln!(self.output, "... {}", cut(waiting))?;
            }
        }
        for (index, line) in table.iter().enumerate() {
            if self.table.get(index) != Some(line) {
                writeln!(self.output, "{line}")?;
            }
        }
        self.table = table;
        self.output.flush()
    }

    /// Says something that stays, above the table.
    pub(super) fn say(&mut self, text: &str) -> io::Result<()> {
        self.erase()?;
        writeln!(self.output, "{text}")?;
        self.output.flush()
    }

    /// The table stays as it is now; what follows is printed below it.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.drawn = 0;
        writeln!(self.output)
    }

    fn draw(&mut self, last: &str) -> io::Result<()> {
        writeln!(self.output)?;
        for line in &self.table {
            writeln!(self.output, "{line}")?;
        }
        writeln!(self.output, "{last}")?;
        self.drawn = self.table.len() + 2;
        self.output.flush()
    }

    fn erase(&mut self) -> io::Result<()> {
        write!(self.output, "{}", BACK_ONE_LINE.repeat(self.drawn))?;
        self.drawn = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(screen: Screen<Vec<u8>>) -> String {
        String::from_utf8(screen.output).expect("text")
    }

    fn table(second: &str) -> Vec<String> {
        vec!["HEADER".to_owned(), second.to_owned()]
    }

    #[test]
    fn without_a_terminal_only_changes_are_printed() {
        let mut screen = Screen::new(Vec::new(), false);
        screen.show(table("one"), "waiting", 0).expect("written");
        screen.show(table("one"), "waiting", 1).expect("written");
        screen.show(table("two"), "waiting", 2).expect("written");
        assert_eq!(told(screen), "... waiting\nHEADER\none\ntwo\n");
    }

    #[test]
    fn on_a_terminal_the_table_takes_the_place_of_the_last_one() {
        let mut screen = Screen::new(Vec::new(), true);
        screen.show(table("one"), "waiting", 0).expect("written");
        screen.show(table("two"), "waiting", 1).expect("written");
        screen.say("killed").expect("written");
        screen.show(table("three"), "waiting", 2).expect("written");
        let back = BACK_ONE_LINE.repeat(4);
        let drawn = |row, seconds| format!("\nHEADER\n{row}\n   {seconds} s  waiting\n");
        let (one, two, three) = (drawn("one", 0), drawn("two", 1), drawn("three", 2));
        assert_eq!(
            told(screen),
            format!("{one}{back}{two}{back}killed\n{three}")
        );
    }
}

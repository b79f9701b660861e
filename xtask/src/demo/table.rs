//! The story as a table of 80 columns.

use std::collections::BTreeMap;

use super::look::Look;
use super::story::{End, OPENING_STOCK, Scene, Story};

/// The narrowest terminal that people still use.
pub(super) const COLUMNS: usize = 80;

const HEADER: [&str; 7] = ["WHAT", "PRODUCT", "QTY", "MSG", "ORD", "STOCK", "REQUESTS"];

/// The header and a line for each scene. `before` is how all looked at the beginning.
pub(super) fn lines(story: &Story, before: &Look, now: &Look) -> Vec<String> {
    let header = HEADER.map(str::to_owned);
    let rows = story.scenes.iter().map(|scene| row(scene, before, now));
    std::iter::once(header)
        .chain(rows)
        .map(|row| line(&row))
        .collect()
}

fn row(scene: &Scene, before: &Look, now: &Look) -> [String; 7] {
    let count = |counts: &BTreeMap<String, usize>| counts.get(&scene.sku).copied();
    let stock = now.stock.get(&scene.sku).copied().unwrap_or_default();
    let stock = match stock {
        OPENING_STOCK => stock.to_string(),
        _ => format!("{OPENING_STOCK}→{stock}"),
    };
    [
        scene.what.to_owned(),
        scene.sku.clone(),
        match scene.end {
            End::DeadLetter => "-".to_owned(),
            _ => scene.quantity.to_string(),
        },
        scene.messages.to_string(),
        count(&now.orders).unwrap_or_default().to_string(),
        stock,
        state(scene, before, now),
    ]
}

/// How the requests of a scene stand.
fn state(scene: &Scene, before: &Look, now: &Look) -> String {
    let all: Vec<_> = now.of(&scene.sku).collect();
    match all.as_slice() {
        [] if scene.end == End::DeadLetter && now.dead_letters > before.dead_letters => {
            "none: in the DLQ".to_owned()
        }
        [] => "-".to_owned(),
        [one] => format!("{} {}", one.phase, one.reason),
        many => {
            let ended = |phase: &str| many.iter().filter(|one| one.phase == phase).count();
            let (good, bad) = (ended("Succeeded"), ended("Failed"));
            let counts = [
                (good, "Succeeded"),
                (many.len() - good - bad, "open"),
                (bad, "Failed"),
            ];
            let counts = counts.iter().filter(|(count, _)| *count > 0);
            let counts = counts.map(|(count, word)| format!("{count} {word}"));
            counts.collect::<Vec<_>>().join(" ")
        }
    }
}

fn line(row: &[String; 7]) -> String {
    let [what, product, quantity, messages, orders, stock, requests] = row;
    let line = format!(
        "{what:<17} {product:<13} {quantity:>3} {messages:>3} {orders:>3} {stock:>7} {requests}"
    );
    cut(&line)
}

/// At most as much as a line of the terminal holds: more would break the redrawing.
/// Letters above U+1100 take two columns (a few take one: then it is cut early).
pub(super) fn cut(line: &str) -> String {
    let mut columns = 0;
    let fits = |letter: &char| {
        columns += if *letter >= '\u{1100}' && !('\u{2000}'..'\u{2e80}').contains(letter) {
            2
        } else {
            1
        };
        columns <= COLUMNS
    };
    line.chars()
        .filter(|letter| !letter.is_control())
        .take_while(fits)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::look::Request;
    use super::*;

    fn request(product: &str, phase: &str, reason: &str) -> Request {
        Request {
            name: "rr-a".to_owned(),
            product: product.to_owned(),
            phase: phase.to_owned(),
            reason: reason.to_owned(),
            notified: false,
        }
    }

    fn look(requests: Vec<Request>, stock: i64) -> Look {
        let stock = Story::of("0a1b2c")
            .scenes
            .into_iter()
            .map(|scene| (scene.sku, stock));
        let stock = stock.collect();
        Look {
            requests,
            stock,
            ..Look::default()
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let story = Story::of("0a1b2c");
        let scenes = story.scenes.iter();
        let widest = |scene: &Scene| request(&scene.sku, "Failed", "OrderOutcomeUnknown");
        let mut requests: Vec<_> = scenes.map(widest).collect();
        let sku = &story.scenes[5].sku;
        for (count, phase) in [(10, "Succeeded"), (9, "Awaiting")] {
            requests.extend(std::iter::repeat_n(request(sku, phase, "New"), count));
        }
        let lines = lines(&story, &Look::default(), &look(requests, 9_999));
        assert_eq!(lines.len(), 1 + story.scenes.len());
        for line in &lines {
            assert!(line.chars().count() <= COLUMNS, "{line}");
        }
        assert!(lines[1].ends_with("OrderOutcomeUnknown"), "{}", lines[1]);
        assert!(
            lines[6].ends_with(" 10 Succeeded 9 open 1 Failed"),
            "{}",
            lines[6]
        );
    }

    #[test]
    fn columns_stand_under_their_headers() {
        let story = Story::of("0a1b2c");
        let now = look(vec![request("GLAZED-0a1b2c", "Succeeded", "Arrived")], 20);
        let lines = lines(&story, &Look::default(), &now);
        assert_eq!(lines[2].find("GLAZED"), lines[0].find("PRODUCT"));
        assert_eq!(
            lines[2].find("Succeeded Arrived"),
            lines[0].find("REQUESTS")
        );
    }

    #[test]
    fn a_dead_letter_is_seen_by_the_depth_of_its_queue() {
        let story = Story::of("0a1b2c");
        let before = Look {
            dead_letters: 3,
            ..look(Vec::new(), 20)
        };
        let now = Look {
            dead_letters: 4,
            ..before.clone()
        };
        let line = |now: &Look| lines(&story, &before, now)[9].clone();
        assert!(line(&before).ends_with(" -"));
        assert!(line(&now).ends_with("none: in the DLQ"));
    }

    #[test]
    fn wide_letters_and_control_characters_do_not_break_a_line() {
        assert_eq!(cut(&"가".repeat(50)).chars().count(), 40);
        assert_eq!(cut("a\x1b[2Jb\n"), "a[2Jb");
        assert_eq!(cut(&"→".repeat(100)).chars().count(), 80);
    }
}

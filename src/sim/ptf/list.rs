//! Lists in PTF, page by page; domains and events.

use super::super::wire::{Answer, Request};
use super::super::world::{Outcome, Turn, refuse};
use super::{given, required};

/// How many rows a page has at most.
const MAX_LIMIT: usize = 1_000;

/// A page of a list: `first` and `limit` of the command, `count`, `last` and `total` of the answer.
pub(super) struct Page {
    first: usize,
    limit: usize,
    count: usize,
    total: usize,
}

impl Page {
    /// The page that the command asks for, of these rows: 505 if `first` or `limit` is no number.
    pub(super) fn of<T>(request: &Request, rows: Vec<T>) -> Result<(Self, Vec<T>), Answer> {
        let number = |name: &str, default: usize| {
            let text = given(request, name);
            let bad = |_| Answer::new(505).detail(name.to_ascii_uppercase());
            text.map_or(Ok(default), |text| text.parse().map_err(bad))
        };
        let (first, limit) = (number("first", 0)?, number("limit", MAX_LIMIT)?.min(MAX_LIMIT));
        let total = rows.len();
        let rows: Vec<T> = rows.into_iter().skip(first).take(limit).collect();
        Ok((Self { first, limit, count: rows.len(), total }, rows))
    }

    /// The answer with the numbers of its page.
    pub(super) fn write(&self, answer: Answer) -> Answer {
        let last = self.first.saturating_add(self.count.saturating_sub(1));
        answer
            .pair("count", self.count)
            .pair("first", self.first)
            .pair("last", last)
            .pair("limit", self.limit)
            .pair("total", self.total)
    }
}

pub(super) fn domains(turn: &Turn<'_>, request: &Request) -> Outcome {
    let own = turn.world.domains.values().filter(|domain| domain.registrar == turn.caller);
    let (page, rows) = Page::of(request, own.map(|domain| domain.name.as_str()).collect())?;
    Ok(page.write(Answer::new(200).pair("column", "domain").pairs("domain", rows)))
}

pub(super) fn events(turn: &Turn<'_>, request: &Request) -> Outcome {
    let class = given(request, "class");
    let own = turn.world.events.iter().filter(|event| {
        event.registrar == turn.caller && class.is_none_or(|class| class.eq_ignore_ascii_case(event.class))
    });
    let (page, rows) = Page::of(request, own.collect())?;
    let answer = rows.into_iter().fold(Answer::new(200), |mut answer, event| {
        answer = answer
            .pair("event", event.id)
            .pair("eventclass", event.class)
            .pair("eventsubclass", event.subclass)
            .pair("eventdate", event.when);
        // Every row has every column.
        for column in 0..3_usize {
            answer =
                answer.pair(format!("eventdata{column}"), event.data.get(column).map_or("", String::as_str));
        }
        answer
    });
    Ok(page.write(answer))
}

pub(super) fn event(turn: &mut Turn<'_>, request: &Request) -> Outcome {
    let id: u64 = required(request, "event")?.parse().map_err(|_| Answer::new(505).detail("EVENT"))?;
    turn.object = id.to_string();
    let Some(event) = turn.world.events.iter().find(|event| event.id == id) else { return refuse(545) };
    if event.registrar != turn.caller {
        return refuse(531);
    }
    let answer = Answer::new(200)
        .pair("event", event.id)
        .pair("class", event.class)
        .pair("subclass", event.subclass)
        .pair("date", event.when);
    Ok(event
        .data
        .iter()
        .enumerate()
        .fold(answer, |answer, (at, data)| answer.pair(format!("data{at}"), data)))
}

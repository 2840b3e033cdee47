//! Lists: columns as rows, pages, and the code that CheckDomains hides in each row.

use std::borrow::Cow;

use super::Reply;
use crate::code::ReturnCode;
use crate::text::same_name;
use crate::verdict::Answer;
use crate::wire::Span;

/// The values that share one index: one row of a list.
#[derive(Clone, PartialEq, Eq)]
pub struct Row<'r> {
    index: u32,
    cells: Vec<Option<Cow<'r, str>>>,
}

impl<'r> Row<'r> {
    /// The index of the row. Rows may be missing.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// The value in this column, counted from 0 in the order in which the columns were asked for. `None` if the row
    /// has none.
    #[must_use]
    pub fn get(&self, column: usize) -> Option<&str> {
        self.cells.get(column)?.as_deref()
    }

    /// The values, in the order in which the columns were asked for.
    #[must_use]
    pub fn cells(&self) -> &[Option<Cow<'r, str>>] {
        &self.cells
    }
}

/// Which part of a list a reply holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    first: u64,
    count: u64,
    limit: Option<u64>,
    total: Option<u64>,
}

impl Page {
    /// The position of the first entry in the whole list, from 0.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// The number of entries in this reply.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The most entries of a reply.
    #[must_use]
    pub const fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// The number of entries in the whole list.
    #[must_use]
    pub const fn total(&self) -> Option<u64> {
        self.total
    }

    /// Where the next page begins; `None` if this is the last one, holds nothing, or there is no telling.
    #[must_use]
    pub fn next_first(&self) -> Option<u64> {
        let next = self.first.checked_add(self.count)?;
        (self.count > 0 && next < self.total?).then_some(next)
    }
}

/// What CheckDomains says about one name: `property[domaincheck][i] = 210 Domain name available`, under a 200.
#[derive(Clone, PartialEq, Eq)]
pub struct DomainCheck<'r> {
    index: u32,
    domain: Option<Cow<'r, str>>,
    code: Option<ReturnCode>,
    text: Cow<'r, str>,
}

impl DomainCheck<'_> {
    /// The position of the name in the request, from 0.
    #[must_use]
    pub const fn index(&self) -> u32 {
        self.index
    }

    /// The name, if the reply repeats it.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.domain.as_deref()
    }

    /// The code; `None` if what stands there does not begin with one.
    #[must_use]
    pub const fn code(&self) -> Option<ReturnCode> {
        self.code
    }

    /// The text behind the code, or all of it if there is no code.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the name is available: yes by 210, no by 211 and 219. 541 means neither.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        let asked = [
            ReturnCode::DOMAIN_AVAILABLE,
            ReturnCode::DOMAIN_NOT_AVAILABLE,
            ReturnCode::REQUEST_NOT_AVAILABLE,
        ];
        self.code.filter(|code| asked.contains(code))?.answer()
    }
}

impl Reply {
    /// The rows of a PTF list, in ascending order of their index, each with the values of these columns.
    ///
    /// There are only the rows of which the reply has a value; of a value that stands there twice, the first counts.
    ///
    /// ```
    /// # use bytes::BytesMut;
    /// # use rrp::wire::deframe::{Deframer, Limits};
    /// # let mut received = BytesMut::from(
    /// #     "[RESPONSE]\r\ncode = 200\r\nproperty[first][0] = 0\r\nproperty[count][0] = 2\r\nproperty[total][0] = 3\r\n\
    /// #      property[domain][0] = a.example\r\nproperty[domain][1] = b.example\r\n\
    /// #      property[status][1] = ACTIVE\r\nEOF\r\n",
    /// # );
    /// # let frame = Deframer::new(Limits::REPLY).deframe(&mut received)?.unwrap();
    /// # let reply = rrp::Reply::parse(&frame)?;
    /// for row in reply.rows(&["domain", "status"]) {
    ///     println!("{:?} is {:?}", row.get(0), row.get(1));
    /// }
    /// let next = reply.page().and_then(|page| page.next_first());
    /// assert_eq!(next, Some(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn rows(&self, columns: &[&str]) -> Vec<Row<'_>> {
        let mut cells: Vec<(u32, usize, Span)> = Vec::new();
        for line in &self.index.lines {
            let Some(index) = line.index() else { continue };
            let name = line.name.of(&self.bytes);
            let same = |column: &str| same_name(name, column.as_bytes());
            if let Some(column) = columns.iter().position(|column| same(column)) {
                cells.push((index, column, line.value));
            }
        }
        // Stable: of equal places the first stays first.
        cells.sort_by_key(|(index, column, _)| (*index, *column));
        let mut rows: Vec<Row<'_>> = Vec::new();
        for (index, column, value) in cells {
            if rows.last().is_none_or(|row| row.index != index) {
                rows.push(Row { index, cells: vec![None; columns.len()] });
            }
            let cell = rows.last_mut().and_then(|row| row.cells.get_mut(column));
            if let Some(cell @ None) = cell {
                *cell = Some(self.value(value));
            }
        }
        rows
    }

    /// Which part of a list this is: `first`, `count`, `limit`, `total`. `None` if the reply is no page of a list.
    #[must_use]
    pub fn page(&self) -> Option<Page> {
        let number = |name: &str| self.first(name).and_then(|value| value.parse().ok());
        Some(Page {
            first: number("first")?,
            count: number("count")?,
            limit: number("limit"),
            total: number("total"),
        })
    }

    /// The answers of CheckDomains, in ascending order of their index.
    #[must_use]
    pub fn domain_checks(&self) -> Vec<DomainCheck<'_>> {
        self.rows(&["domaincheck", "domain"])
            .into_iter()
            .filter_map(|row| {
                let index = row.index;
                let mut cells = row.cells.into_iter();
                let check = cells.next()??;
                let (code, text) = split_code(check);
                Some(DomainCheck { index, domain: cells.next()?, code, text })
            })
            .collect()
    }
}

/// `210 Domain name available` as a code and a text.
fn split_code(value: Cow<'_, str>) -> (Option<ReturnCode>, Cow<'_, str>) {
    let (digits, text) = value.split_once(' ').unwrap_or((&value, ""));
    match digits.parse() {
        Ok(code) => (Some(code), text.trim_start().to_owned().into()),
        Err(_) => (None, value),
    }
}

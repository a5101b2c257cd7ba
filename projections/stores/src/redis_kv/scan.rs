//! Every value of a space, once, in the order of the ids' bytes. Redis knows no order: the ids are collected before the first page,
//! and kept until the last one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chimera_model::KvSpec;

use super::connection::Connection;
use super::keys::Keys;
use super::read::{Found, read};
use super::walk::Walk;
use crate::error::StoreError;
use crate::kv::KvValue;
use crate::page::{Cursor, Page, Scanned};
use crate::view::View;

/// Lists kept at once, each about 60 bytes an id; a scan whose list was given up collects it anew.
const LISTS: usize = 4;

type Ids = Arc<Vec<Box<[u8]>>>;

/// The ids of scans that are not at their end.
#[derive(Default)]
pub(super) struct Lists {
    lists: Mutex<VecDeque<List>>,
}

struct List {
    view: View,
    space: &'static str,
    ids: Ids,
}

/// The scans of one adapter.
pub(super) struct Scan<'a> {
    pub(super) connection: &'a Connection,
    pub(super) keys: &'a Keys,
    pub(super) lists: &'a Lists,
    pub(super) view: View,
    pub(super) space: &'static KvSpec,
}

impl Scan<'_> {
    /// The page behind `after`. Values that were deleted make it shorter.
    pub(super) async fn page(
        &self,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Scanned<String, (String, KvValue)>>, StoreError> {
        let kept = after.and_then(|_| self.lists.of(self.view, self.space.space));
        let ids = match kept {
            Some(ids) => ids,
            None => self.collect().await?,
        };
        let begin = after.map_or(0, |cursor| behind(&ids, cursor.as_bytes()));
        let end = ids.len().min(begin.saturating_add(limit.max(1)));
        let wanted: Vec<&[u8]> = ids[begin..end].iter().map(|id| &**id).collect();
        let found = read(self.connection, self.keys, self.view, self.space, &wanted).await?;
        let mut items = Vec::with_capacity(found.len());
        for (id, found) in wanted.iter().zip(found) {
            items.extend(scanned(id, found));
        }
        let last = wanted.last().filter(|_| end < ids.len());
        if last.is_none() {
            self.lists.drop_of(self.view, self.space.space);
        }
        Ok(Page { items, next: last.map(|id| Cursor::from_bytes(id.to_vec())) })
    }

    async fn collect(&self) -> Result<Ids, StoreError> {
        let keys = self.keys.values(self.space.space, self.view.generation);
        let pattern = keys.pattern();
        let session = self.connection.session().await?;
        let (mut walk, mut ids) = (Walk::over(&pattern), Vec::new());
        while let Some(found) = walk.next(self.connection, &session).await? {
            ids.extend(found.iter().filter_map(|key| Some(Box::from(keys.id(key)?))));
        }
        ids.sort_unstable();
        ids.dedup();
        let ids = Arc::new(ids);
        self.lists.keep(List { view: self.view, space: self.space.space, ids: ids.clone() });
        Ok(ids)
    }
}

/// The place of the first id behind this one, whether or not it is in the list.
fn behind(ids: &[Box<[u8]>], id: &[u8]) -> usize {
    ids.partition_point(|other| **other <= *id)
}

fn scanned(id: &[u8], found: Found) -> Option<Scanned<String, (String, KvValue)>> {
    let Ok(name) = std::str::from_utf8(id) else {
        let key = Some(String::from_utf8_lossy(id).into_owned());
        return Some(Scanned::Damaged { key, reason: "the id is not UTF-8".to_owned() });
    };
    match found {
        Ok(value) => value.map(|value| Scanned::Sound((name.to_owned(), value))),
        Err(reason) => Some(Scanned::Damaged { key: Some(name.to_owned()), reason }),
    }
}

impl Lists {
    fn of(&self, view: View, space: &str) -> Option<Ids> {
        let mut lists = self.lock();
        let place = lists.iter().position(|list| list.view == view && list.space == space)?;
        let list = lists.remove(place)?;
        let ids = list.ids.clone();
        lists.push_back(list);
        Some(ids)
    }

    /// In place of the one that was least recently used, where there are too many.
    fn keep(&self, list: List) {
        self.drop_of(list.view, list.space);
        let mut lists = self.lock();
        if lists.len() == LISTS {
            lists.pop_front();
        }
        lists.push_back(list);
    }

    fn drop_of(&self, view: View, space: &str) {
        self.lock().retain(|list| list.view != view || list.space != space);
    }

    /// Drops the lists of a view that was removed.
    pub(super) fn forget(&self, view: View) {
        self.lock().retain(|list| list.view != view);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<List>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(generation: u32) -> List {
        List { view: View::new("contract", generation), space: "product", ids: Ids::default() }
    }

    #[test]
    fn the_list_least_used_is_given_up() {
        let lists = Lists::default();
        for generation in 1..=4 {
            lists.keep(list(generation));
        }
        assert!(lists.of(View::new("contract", 1), "product").is_some());
        lists.keep(list(5));
        let kept = |generation| lists.of(View::new("contract", generation), "product").is_some();
        assert_eq!([1, 2, 3, 4, 5].map(kept), [true, false, true, true, true]);
    }

    #[test]
    fn a_page_begins_behind_an_id_that_is_gone_too() {
        let ids: Vec<Box<[u8]>> = ["a", "c", "e"].map(|id| Box::from(id.as_bytes())).into();
        assert_eq!(["", "a", "b", "e", "f"].map(|id| behind(&ids, id.as_bytes())), [0, 1, 1, 3, 3]);
    }
}

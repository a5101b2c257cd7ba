//! The rules of search stores.

mod answers;
pub mod books;
mod finding;
mod notes;
mod writing;

use std::sync::Arc;

use super::rules::Rules;
use crate::search::SearchStore;

/// A fresh store.
pub type Store = Arc<dyn SearchStore>;

/// Every rule of search stores, each on a fresh one; fails with the names of all that are broken.
///
/// `make` gives something to keep alive, and the fresh one.
pub async fn keeps_the_contract<K, R: Future<Output = (K, Store)>>(make: impl Fn() -> R) {
    let mut rules = Rules::on(make);
    rules.check(writing::a_document_is_read_as_it_was_written).await;
    rules.check(writing::applying_again_changes_nothing).await;
    rules.check(writing::parts_keep_versions_of_their_own).await;
    rules.check(writing::mutations_of_one_call_see_each_other).await;
    rules.check(writing::a_late_write_does_not_undo_a_delete).await;
    rules.check(writing::a_scan_finds_every_document_once).await;
    rules.check(writing::generations_lie_side_by_side).await;
    rules.check(writing::checkpoints_move_forward_only).await;
    rules.check(writing::a_removed_view_leaves_nothing_behind).await;
    rules.check(writing::creating_again_keeps_what_is_there).await;
    rules.check(writing::a_mutation_that_does_not_fit_is_rejected).await;
    rules.check(writing::any_order_and_repetition_gives_the_same_content).await;
    rules.check(finding::what_was_applied_is_found_by_the_next_search).await;
    rules.check(finding::a_document_is_found_once_its_first_part_is_there).await;
    rules.check(finding::every_word_must_be_somewhere).await;
    rules.check(finding::case_and_accents_do_not_matter).await;
    rules.check(finding::forms_of_a_word_are_found_in_the_language_of_the_document).await;
    rules.check(finding::the_last_word_may_be_a_beginning).await;
    rules.check(finding::typing_errors_are_forgiven_by_length).await;
    rules.check(finding::in_a_long_text_whole_words_are_found).await;
    rules.check(finding::the_nearer_word_comes_first).await;
    rules.check(finding::the_weightier_field_comes_first).await;
    rules.check(finding::a_text_without_words_finds_nothing).await;
    rules.check(answers::filters_must_all_hold).await;
    rules.check(answers::one_of_several_filters_is_enough_where_it_says_so).await;
    rules.check(answers::amounts_are_exact_to_four_places).await;
    rules.check(answers::facets_count_everything_that_matches).await;
    rules.check(answers::sorts_go_both_ways_and_equals_come_by_id).await;
    rules.check(answers::a_cursor_leads_through_everything_once).await;
    rules.check(answers::a_cursor_of_another_question_is_refused).await;
    rules.check(answers::highlights_are_escaped_and_marked).await;
    rules.check(answers::a_question_that_does_not_fit_is_refused).await;
    rules.are_kept();
}

//! The rules that every store keeps, one suite for each port: an adapter calls [`row_contract_tests!`](crate::row_contract_tests),
//! [`kv_contract_tests!`](crate::kv_contract_tests) and [`generations_contract_tests!`](crate::generations_contract_tests).
//!
//! Knows only the ports. Every rule takes a fresh store, and fails by panicking.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unnecessary_wraps,
    reason = "these are the bodies of tests"
)]

pub mod generations;
pub mod kv;
pub mod rows;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::view::{Checkpoint, View};

/// One test for each rule of row stores; the expression gives something to keep alive and a fresh `Arc<dyn RowStore>`.
#[macro_export]
macro_rules! row_contract_tests {
    ($make:expr) => {
        $crate::contract_tests! { $make; rows;
            a_row_is_read_as_it_was_written
            every_kind_of_value_comes_back
            applying_again_changes_nothing
            a_stale_write_changes_nothing
            cells_of_one_row_keep_versions_of_their_own
            an_emptied_cell_is_absent_and_stays_so
            mutations_of_one_call_see_each_other
            a_late_write_does_not_undo_a_delete
            a_newer_write_brings_a_deleted_row_back
            a_list_is_in_clustering_order_both_ways_and_in_pages
            a_list_holds_its_partition_only
            a_cursor_of_another_list_is_refused
            a_scan_finds_every_row_once
            generations_lie_side_by_side
            checkpoints_move_forward_only
            a_removed_view_leaves_nothing_behind
            creating_again_keeps_what_is_there
            a_mutation_that_does_not_fit_is_rejected_whole
            any_order_and_repetition_gives_the_same_content
        }
    };
}

/// One test for each rule of key-value stores; the expression gives something to keep alive and a fresh `Arc<dyn KvStore>`.
#[macro_export]
macro_rules! kv_contract_tests {
    ($make:expr) => {
        $crate::contract_tests! { $make; kv;
            a_value_is_read_as_it_was_written
            applying_again_changes_nothing
            parts_keep_versions_of_their_own
            a_late_write_does_not_undo_a_delete
            several_values_are_read_in_the_order_asked
            a_scan_finds_every_value_once
            generations_lie_side_by_side
            checkpoints_move_forward_only
            a_removed_view_leaves_nothing_behind
            a_mutation_that_does_not_fit_is_rejected_whole
            any_order_and_repetition_gives_the_same_content
        }
    };
}

/// One test for each rule of live pointers; the expression gives something to keep alive and a fresh `Arc<dyn Generations>`.
#[macro_export]
macro_rules! generations_contract_tests {
    ($make:expr) => {
        $crate::contract_tests! { $make; generations;
            nothing_is_live_at_first
            a_swap_is_seen_at_once_and_by_one_model_only
        }
    };
}

/// One test for each named rule.
#[macro_export]
#[doc(hidden)]
macro_rules! contract_tests {
    ($make:expr; $port:ident; $($rule:ident)+) => {
        $(
            #[tokio::test]
            async fn $rule() {
                let (_kept, store) = ($make)();
                $crate::contract::$port::$rule(store).await;
            }
        )+
    };
}

const VIEW: View = View::new("contract", 1);

fn checkpoint(partition: u32, sequence: u64) -> Checkpoint {
    Checkpoint { stream: "ecommerce.order.order".into(), partition, sequence }
}

/// A value of the strategy; the same in every run.
fn some<S: Strategy>(runner: &mut TestRunner, strategy: &S) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

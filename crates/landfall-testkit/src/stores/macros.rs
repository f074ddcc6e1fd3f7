//! `store_suite!`: one test for every promise of a store.

/// Makes a test of every promise of a [`SessionStore`](landfall::store::SessionStore); see
/// [`stores`](crate::stores).
///
/// `store_suite!(make)`, where `make` is an async function or closure without arguments that gives an empty
/// [`Engine`](crate::stores::Engine). The tests are named for the promises: put the macro into a module of the
/// store's name.
#[macro_export]
macro_rules! store_suite {
    ($make:expr) => {
        $crate::store_suite! {
            @promises $make;
            create_refuses_an_existing_key
            a_record_comes_back_as_it_was
            update_changes_the_expected_version_alone
            update_wants_a_higher_version
            update_leaves_what_is_gone_gone
            remove_tells_whether_there_was_one
            a_list_has_the_newest_first_and_no_more_than_asked
            a_list_leaves_out_expired_records
            an_update_moves_the_indexes
            a_session_made_anew_is_found_under_its_new_key_alone
            ending_one_session_leaves_the_others_listed
            removing_by_subject_takes_the_selected_alone
            removing_by_sid_takes_that_provider_session_alone
            no_byte_of_a_name_means_anything
            names_of_different_kinds_do_not_meet
            a_record_ends_at_its_absolute_end
            a_record_ends_when_it_is_idle
            an_update_moves_the_ends
            an_expired_record_is_not_brought_back
            an_expired_key_is_free_again
            what_lives_outlives_what_has_expired
            expired_records_disappear_by_themselves
            a_lease_has_one_holder
            a_lease_is_released_by_its_holder_alone
            a_lease_is_free_after_its_span
            a_name_is_remembered_for_its_span
            of_many_takers_one_gets_the_lease
            of_many_who_say_a_name_one_is_first
            of_many_updates_of_a_version_one_succeeds
            of_many_updates_that_move_the_indexes_one_moves_them
            of_many_creations_of_a_key_one_succeeds
            no_increment_is_lost
            what_is_removed_is_not_brought_back_by_an_update
            what_is_removed_is_not_brought_back_by_an_update_that_moves_the_indexes
            updates_do_not_survive_the_removal_of_a_subject
            updates_do_not_survive_the_removal_of_a_provider_session
            every_removal_is_told_once
            a_watcher_hears_of_what_another_instance_changed
            a_watcher_hears_of_what_its_own_store_changed
            a_dropped_call_leaves_the_record_whole
        }
    };
    (@promises $make:expr; $($promise:ident)+) => {
        $(
            #[test]
            fn $promise() -> ::std::result::Result<(), $crate::stores::BrokenPromise> {
                $crate::stores::run(async {
                    let make = $make;
                    let engine = make().await;
                    $crate::stores::$promise(&engine).await
                })
            }
        )+
    };
}

//! Code under every lint that there is, of rustc and of clippy, each as `forbid`: what the macros write may neither break one
//! nor allow it.
//!
//! Left out are those that this code breaks by itself, most of which ask for what another one forbids, and those that hold for
//! whole crates only.

#![forbid(
    aarch64_softfloat_neon, absolute_paths_not_starting_with_crate, ambiguous_associated_items, ambiguous_derive_helpers,
    ambiguous_glob_imported_traits, ambiguous_glob_imports, ambiguous_glob_reexports, ambiguous_import_visibilities,
    ambiguous_negative_literals, ambiguous_panic_imports, ambiguous_wide_pointer_comparisons, anonymous_parameters, arithmetic_overflow,
    array_into_iter, asm_sub_register, async_fn_in_trait, bad_asm_style, bare_trait_objects, binary_asm_labels, bindings_with_variant_name,
    boxed_slice_into_iter, break_with_label_and_loop, clashing_extern_declarations, clippy::absurd_extreme_comparisons,
    clippy::alloc_instead_of_core, clippy::allow_attributes, clippy::allow_attributes_without_reason, clippy::almost_complete_range,
    clippy::almost_swapped, clippy::approx_constant, clippy::arc_with_non_send_sync, clippy::arithmetic_side_effects,
    clippy::as_conversions, clippy::as_pointer_underscore, clippy::as_ptr_cast_mut, clippy::as_underscore, clippy::assertions_on_constants,
    clippy::assertions_on_result_states, clippy::assign_op_pattern, clippy::assigning_clones, clippy::async_yields_async,
    clippy::await_holding_invalid_type, clippy::await_holding_lock, clippy::await_holding_refcell_ref, clippy::bad_bit_mask,
    clippy::big_endian_bytes, clippy::bind_instead_of_map, clippy::blocks_in_conditions, clippy::bool_assert_comparison,
    clippy::bool_comparison, clippy::bool_to_int_with_if, clippy::borrow_as_ptr, clippy::borrow_deref_ref,
    clippy::borrow_interior_mutable_const, clippy::borrowed_box, clippy::box_collection, clippy::box_default, clippy::boxed_local,
    clippy::branches_sharing_code, clippy::builtin_type_shadow, clippy::byte_char_slices, clippy::bytes_count_to_len, clippy::bytes_nth,
    clippy::cargo_common_metadata, clippy::case_sensitive_file_extension_comparisons, clippy::cast_abs_to_unsigned,
    clippy::cast_enum_constructor, clippy::cast_enum_truncation, clippy::cast_lossless, clippy::cast_nan_to_int,
    clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_precision_loss, clippy::cast_ptr_alignment,
    clippy::cast_sign_loss, clippy::cast_slice_different_sizes, clippy::cast_slice_from_raw_parts, clippy::cfg_not_test,
    clippy::char_indices_as_byte_indices, clippy::char_lit_as_u8, clippy::chars_last_cmp, clippy::chars_next_cmp,
    clippy::checked_conversions, clippy::clear_with_drain, clippy::clone_on_copy, clippy::clone_on_ref_ptr,
    clippy::cloned_instead_of_copied, clippy::cloned_ref_to_slice_refs, clippy::cmp_null, clippy::cmp_owned,
    clippy::coerce_container_to_any, clippy::cognitive_complexity, clippy::collapsible_else_if, clippy::collapsible_if,
    clippy::collapsible_match, clippy::collapsible_str_replace, clippy::collection_is_never_read, clippy::comparison_chain,
    clippy::comparison_to_empty, clippy::confusing_method_to_numeric_cast, clippy::const_is_empty, clippy::copy_iterator,
    clippy::crate_in_macro_def, clippy::create_dir, clippy::crosspointer_transmute, clippy::dbg_macro, clippy::debug_assert_with_mut_call,
    clippy::decimal_bitwise_operands, clippy::decimal_literal_representation, clippy::declare_interior_mutable_const,
    clippy::default_constructed_unit_structs, clippy::default_instead_of_iter_empty, clippy::default_numeric_fallback,
    clippy::default_trait_access, clippy::default_union_representation, clippy::deprecated_cfg_attr, clippy::deprecated_clippy_cfg_attr,
    clippy::deprecated_semver, clippy::deref_addrof, clippy::deref_by_slicing, clippy::derivable_impls, clippy::derive_ord_xor_partial_ord,
    clippy::derive_partial_eq_without_eq, clippy::derived_hash_with_manual_eq, clippy::disallowed_fields, clippy::disallowed_macros,
    clippy::disallowed_methods, clippy::disallowed_names, clippy::disallowed_script_idents, clippy::disallowed_types,
    clippy::diverging_sub_expression, clippy::doc_broken_link, clippy::doc_comment_double_space_linebreaks,
    clippy::doc_include_without_cfg, clippy::doc_lazy_continuation, clippy::doc_link_code, clippy::doc_link_with_quotes,
    clippy::doc_markdown, clippy::doc_nested_refdefs, clippy::doc_overindented_list_items, clippy::doc_paragraphs_missing_punctuation,
    clippy::doc_suspicious_footnotes, clippy::double_comparisons, clippy::double_ended_iterator_last, clippy::double_must_use,
    clippy::double_parens, clippy::drain_collect, clippy::drop_non_drop, clippy::duplicate_mod, clippy::duplicate_underscore_argument,
    clippy::duplicated_attributes, clippy::duration_suboptimal_units, clippy::duration_subsec, clippy::eager_transmute,
    clippy::elidable_lifetime_names, clippy::else_if_without_else, clippy::empty_docs, clippy::empty_drop,
    clippy::empty_enum_variants_with_brackets, clippy::empty_enums, clippy::empty_line_after_doc_comments,
    clippy::empty_line_after_outer_attr, clippy::empty_loop, clippy::empty_structs_with_brackets, clippy::enum_clike_unportable_variant,
    clippy::enum_glob_use, clippy::enum_variant_names, clippy::eq_op, clippy::equatable_if_let, clippy::erasing_op, clippy::err_expect,
    clippy::error_impl_error, clippy::excessive_nesting, clippy::excessive_precision, clippy::exhaustive_enums, clippy::exhaustive_structs,
    clippy::exit, clippy::expect_fun_call, clippy::expect_used, clippy::expl_impl_clone_on_copy, clippy::explicit_auto_deref,
    clippy::explicit_counter_loop, clippy::explicit_deref_methods, clippy::explicit_into_iter_loop, clippy::explicit_iter_loop,
    clippy::explicit_write, clippy::extend_with_drain, clippy::extra_unused_lifetimes, clippy::extra_unused_type_parameters,
    clippy::fallible_impl_from, clippy::field_reassign_with_default, clippy::field_scoped_visibility_modifiers, clippy::filetype_is_file,
    clippy::filter_map_bool_then, clippy::filter_map_identity, clippy::filter_map_next, clippy::filter_next, clippy::flat_map_identity,
    clippy::flat_map_option, clippy::float_arithmetic, clippy::float_cmp, clippy::float_cmp_const, clippy::float_equality_without_abs,
    clippy::fn_params_excessive_bools, clippy::fn_to_numeric_cast, clippy::fn_to_numeric_cast_any,
    clippy::fn_to_numeric_cast_with_truncation, clippy::for_kv_map, clippy::forget_non_drop, clippy::format_collect,
    clippy::format_in_format_args, clippy::format_push_string, clippy::four_forward_slashes, clippy::from_iter_instead_of_collect,
    clippy::from_over_into, clippy::from_raw_with_void_ptr, clippy::from_str_radix_10, clippy::future_not_send, clippy::get_first,
    clippy::get_last_with_len, clippy::get_unwrap, clippy::host_endian_bytes, clippy::identity_op, clippy::if_let_mutex,
    clippy::if_not_else, clippy::if_same_then_else, clippy::if_then_some_else_none, clippy::ifs_same_cond, clippy::ignore_without_reason,
    clippy::ignored_unit_patterns, clippy::impl_hash_borrow_with_str_and_bytes, clippy::impl_trait_in_params, clippy::implicit_clone,
    clippy::implicit_hasher, clippy::implicit_saturating_add, clippy::implicit_saturating_sub, clippy::implied_bounds_in_impls,
    clippy::impossible_comparisons, clippy::imprecise_flops, clippy::incompatible_msrv, clippy::inconsistent_digit_grouping,
    clippy::inconsistent_struct_constructor, clippy::index_refutable_slice, clippy::indexing_slicing, clippy::ineffective_bit_mask,
    clippy::ineffective_open_options, clippy::inefficient_to_string, clippy::infallible_destructuring_match, clippy::infallible_try_from,
    clippy::infinite_iter, clippy::infinite_loop, clippy::inherent_to_string, clippy::inherent_to_string_shadow_display,
    clippy::init_numbered_fields, clippy::inline_always, clippy::inline_asm_x86_att_syntax, clippy::inline_asm_x86_intel_syntax,
    clippy::inline_fn_without_body, clippy::inspect_for_each, clippy::int_plus_one, clippy::integer_division,
    clippy::integer_division_remainder_used, clippy::into_iter_on_ref, clippy::into_iter_without_iter, clippy::invalid_regex,
    clippy::invalid_upcast_comparisons, clippy::inverted_saturating_sub, clippy::invisible_characters, clippy::io_other_error,
    clippy::ip_constant, clippy::is_digit_ascii_radix, clippy::items_after_statements, clippy::items_after_test_module,
    clippy::iter_cloned_collect, clippy::iter_count, clippy::iter_filter_is_ok, clippy::iter_filter_is_some, clippy::iter_kv_map,
    clippy::iter_next_loop, clippy::iter_next_slice, clippy::iter_not_returning_iterator, clippy::iter_nth, clippy::iter_nth_zero,
    clippy::iter_on_empty_collections, clippy::iter_on_single_items, clippy::iter_out_of_bounds, clippy::iter_over_hash_type,
    clippy::iter_overeager_cloned, clippy::iter_skip_next, clippy::iter_skip_zero, clippy::iter_with_drain, clippy::iter_without_into_iter,
    clippy::iterator_step_by_zero, clippy::join_absolute_paths, clippy::just_underscores_and_digits, clippy::large_const_arrays,
    clippy::large_digit_groups, clippy::large_enum_variant, clippy::large_futures, clippy::large_include_file, clippy::large_stack_arrays,
    clippy::large_stack_frames, clippy::large_types_passed_by_value, clippy::legacy_numeric_constants, clippy::len_without_is_empty,
    clippy::len_zero, clippy::let_and_return, clippy::let_underscore_future, clippy::let_underscore_lock, clippy::let_underscore_must_use,
    clippy::let_underscore_untyped, clippy::let_unit_value, clippy::let_with_type_underscore, clippy::lines_filter_map_ok,
    clippy::linkedlist, clippy::lint_groups_priority, clippy::literal_string_with_formatting_args, clippy::little_endian_bytes,
    clippy::lossy_float_literal, clippy::macro_metavars_in_unsafe, clippy::macro_use_imports, clippy::main_recursion,
    clippy::manual_abs_diff, clippy::manual_assert, clippy::manual_async_fn, clippy::manual_bits, clippy::manual_c_str_literals,
    clippy::manual_checked_ops, clippy::manual_clamp, clippy::manual_contains, clippy::manual_dangling_ptr, clippy::manual_div_ceil,
    clippy::manual_filter, clippy::manual_filter_map, clippy::manual_find, clippy::manual_find_map, clippy::manual_flatten,
    clippy::manual_hash_one, clippy::manual_ignore_case_cmp, clippy::manual_ilog2, clippy::manual_inspect, clippy::manual_instant_elapsed,
    clippy::manual_is_ascii_check, clippy::manual_is_finite, clippy::manual_is_infinite, clippy::manual_is_multiple_of,
    clippy::manual_is_power_of_two, clippy::manual_is_variant_and, clippy::manual_let_else, clippy::manual_main_separator_str,
    clippy::manual_map, clippy::manual_memcpy, clippy::manual_midpoint, clippy::manual_next_back, clippy::manual_non_exhaustive,
    clippy::manual_ok_err, clippy::manual_ok_or, clippy::manual_option_as_slice, clippy::manual_pattern_char_comparison,
    clippy::manual_range_contains, clippy::manual_range_patterns, clippy::manual_rem_euclid, clippy::manual_repeat_n,
    clippy::manual_retain, clippy::manual_rotate, clippy::manual_saturating_arithmetic, clippy::manual_slice_fill,
    clippy::manual_slice_size_calculation, clippy::manual_split_once, clippy::manual_str_repeat, clippy::manual_string_new,
    clippy::manual_strip, clippy::manual_swap, clippy::manual_take, clippy::manual_try_fold, clippy::manual_unwrap_or,
    clippy::manual_unwrap_or_default, clippy::manual_while_let_some, clippy::many_single_char_names, clippy::map_all_any_identity,
    clippy::map_clone, clippy::map_collect_result_unit, clippy::map_entry, clippy::map_err_ignore, clippy::map_flatten,
    clippy::map_identity, clippy::map_unwrap_or, clippy::map_with_unused_argument_over_ranges, clippy::match_as_ref, clippy::match_bool,
    clippy::match_like_matches_macro, clippy::match_overlapping_arm, clippy::match_ref_pats, clippy::match_result_ok,
    clippy::match_same_arms, clippy::match_single_binding, clippy::match_str_case_mismatch, clippy::match_wild_err_arm,
    clippy::match_wildcard_for_single_variants, clippy::maybe_infinite_iter, clippy::mem_forget, clippy::mem_replace_option_with_none,
    clippy::mem_replace_option_with_some, clippy::mem_replace_with_default, clippy::mem_replace_with_uninit, clippy::min_ident_chars,
    clippy::min_max, clippy::mismatching_type_param_order, clippy::misnamed_getters, clippy::misrefactored_assign_op,
    clippy::missing_assert_message, clippy::missing_asserts_for_indexing, clippy::missing_const_for_fn,
    clippy::missing_const_for_thread_local, clippy::missing_docs_in_private_items, clippy::missing_enforced_import_renames,
    clippy::missing_errors_doc, clippy::missing_fields_in_debug, clippy::missing_panics_doc, clippy::missing_safety_doc,
    clippy::missing_spin_loop, clippy::missing_transmute_annotations, clippy::mistyped_literal_suffixes, clippy::mixed_attributes_style,
    clippy::mixed_case_hex_literals, clippy::mixed_read_write_in_expression, clippy::mod_module_files, clippy::module_inception,
    clippy::module_name_repetitions, clippy::modulo_arithmetic, clippy::modulo_one, clippy::multi_assignments,
    clippy::multiple_bound_locations, clippy::multiple_crate_versions, clippy::multiple_inherent_impl,
    clippy::multiple_unsafe_ops_per_block, clippy::must_use_candidate, clippy::must_use_unit, clippy::mut_from_ref, clippy::mut_mut,
    clippy::mut_mutex_lock, clippy::mut_range_bound, clippy::mutable_key_type, clippy::mutex_atomic, clippy::mutex_integer,
    clippy::naive_bytecount, clippy::needless_arbitrary_self_type, clippy::needless_as_bytes, clippy::needless_bitwise_bool,
    clippy::needless_bool, clippy::needless_bool_assign, clippy::needless_borrow, clippy::needless_borrowed_reference,
    clippy::needless_borrows_for_generic_args, clippy::needless_character_iteration, clippy::needless_collect, clippy::needless_continue,
    clippy::needless_doctest_main, clippy::needless_else, clippy::needless_for_each, clippy::needless_ifs, clippy::needless_late_init,
    clippy::needless_lifetimes, clippy::needless_match, clippy::needless_maybe_sized, clippy::needless_option_as_deref,
    clippy::needless_option_take, clippy::needless_parens_on_range_literals, clippy::needless_pass_by_ref_mut,
    clippy::needless_pass_by_value, clippy::needless_pub_self, clippy::needless_question_mark, clippy::needless_range_loop,
    clippy::needless_raw_string_hashes, clippy::needless_raw_strings, clippy::needless_return, clippy::needless_return_with_question_mark,
    clippy::needless_splitn, clippy::needless_type_cast, clippy::needless_update, clippy::neg_cmp_op_on_partial_ord, clippy::neg_multiply,
    clippy::negative_feature_names, clippy::never_loop, clippy::new_ret_no_self, clippy::new_without_default, clippy::no_effect,
    clippy::no_effect_replace, clippy::no_effect_underscore_binding, clippy::no_mangle_with_rust_abi, clippy::non_ascii_literal,
    clippy::non_canonical_clone_impl, clippy::non_canonical_partial_ord_impl, clippy::non_minimal_cfg, clippy::non_octal_unix_permissions,
    clippy::non_send_fields_in_send_ty, clippy::non_std_lazy_statics, clippy::non_zero_suggestions, clippy::nonminimal_bool,
    clippy::nonsensical_open_options, clippy::nonstandard_macro_braces, clippy::not_unsafe_ptr_arg_deref, clippy::obfuscated_if_else,
    clippy::octal_escapes, clippy::ok_expect, clippy::only_used_in_recursion, clippy::op_ref, clippy::option_as_ref_cloned,
    clippy::option_as_ref_deref, clippy::option_env_unwrap, clippy::option_filter_map, clippy::option_if_let_else,
    clippy::option_map_or_none, clippy::option_map_unit_fn, clippy::option_option, clippy::or_fun_call, clippy::or_then_unwrap,
    clippy::out_of_bounds_indexing, clippy::overly_complex_bool_expr, clippy::owned_cow, clippy::panic, clippy::panic_in_result_fn,
    clippy::panicking_overflow_checks, clippy::panicking_unwrap, clippy::partial_pub_fields, clippy::partialeq_ne_impl,
    clippy::partialeq_to_none, clippy::path_buf_push_overwrite, clippy::path_ends_with_ext, clippy::pathbuf_init_then_push,
    clippy::pattern_type_mismatch, clippy::permissions_set_readonly_false, clippy::pointer_format, clippy::pointers_in_nomem_asm_block,
    clippy::possible_missing_comma, clippy::possible_missing_else, clippy::precedence, clippy::precedence_bits,
    clippy::print_in_format_impl, clippy::print_literal, clippy::print_stderr, clippy::print_stdout, clippy::print_with_newline,
    clippy::println_empty_string, clippy::ptr_arg, clippy::ptr_as_ptr, clippy::ptr_cast_constness, clippy::ptr_eq,
    clippy::ptr_offset_by_literal, clippy::ptr_offset_with_cast, clippy::pub_underscore_fields, clippy::pub_use,
    clippy::pub_without_shorthand, clippy::question_mark, clippy::question_mark_used, clippy::range_minus_one, clippy::range_plus_one,
    clippy::range_zip_with_len, clippy::rc_buffer, clippy::rc_clone_in_vec_init, clippy::rc_mutex, clippy::read_line_without_trim,
    clippy::read_zero_byte_vec, clippy::readonly_write_lock, clippy::recursive_format_impl, clippy::redundant_allocation,
    clippy::redundant_as_str, clippy::redundant_async_block, clippy::redundant_at_rest_pattern, clippy::redundant_clone,
    clippy::redundant_closure, clippy::redundant_closure_call, clippy::redundant_closure_for_method_calls, clippy::redundant_comparisons,
    clippy::redundant_else, clippy::redundant_feature_names, clippy::redundant_field_names, clippy::redundant_guards,
    clippy::redundant_iter_cloned, clippy::redundant_locals, clippy::redundant_pattern, clippy::redundant_pattern_matching,
    clippy::redundant_pub_crate, clippy::redundant_slicing, clippy::redundant_static_lifetimes, clippy::redundant_test_prefix,
    clippy::redundant_type_annotations, clippy::ref_as_ptr, clippy::ref_binding_to_reference, clippy::ref_option, clippy::ref_option_ref,
    clippy::ref_patterns, clippy::regex_creation_in_loops, clippy::renamed_function_params, clippy::repeat_once,
    clippy::repeat_vec_with_capacity, clippy::replace_box, clippy::repr_packed_without_abi, clippy::reserve_after_initialization,
    clippy::rest_pat_in_fully_bound_structs, clippy::result_filter_map, clippy::result_large_err, clippy::result_map_or_into_option,
    clippy::result_map_unit_fn, clippy::result_unit_err, clippy::return_and_then, clippy::return_self_not_must_use,
    clippy::reversed_empty_ranges, clippy::same_functions_in_if_condition, clippy::same_item_push, clippy::same_length_and_capacity,
    clippy::same_name_method, clippy::search_is_some, clippy::seek_from_current, clippy::seek_to_start_instead_of_rewind,
    clippy::self_assignment, clippy::self_named_constructors, clippy::self_named_module_files, clippy::self_only_used_in_recursion,
    clippy::semicolon_if_nothing_returned, clippy::semicolon_inside_block, clippy::semicolon_outside_block,
    clippy::separated_literal_suffix, clippy::serde_api_misuse, clippy::set_contains_or_insert, clippy::shadow_reuse, clippy::shadow_same,
    clippy::shadow_unrelated, clippy::short_circuit_statement, clippy::should_implement_trait, clippy::should_panic_without_expect,
    clippy::significant_drop_in_scrutinee, clippy::significant_drop_tightening, clippy::similar_names, clippy::single_char_add_str,
    clippy::single_char_lifetime_names, clippy::single_char_pattern, clippy::single_component_path_imports, clippy::single_element_loop,
    clippy::single_match, clippy::single_match_else, clippy::single_option_map, clippy::single_range_in_vec_init,
    clippy::size_of_in_element_count, clippy::size_of_ref, clippy::skip_while_next, clippy::sliced_string_as_bytes,
    clippy::slow_vector_initialization, clippy::stable_sort_primitive, clippy::std_instead_of_alloc, clippy::str_split_at_newline,
    clippy::str_to_string, clippy::string_add, clippy::string_add_assign, clippy::string_extend_chars, clippy::string_from_utf8_as_bytes,
    clippy::string_lit_as_bytes, clippy::string_lit_chars_any, clippy::string_slice, clippy::strlen_on_c_strings,
    clippy::struct_excessive_bools, clippy::struct_field_names, clippy::suboptimal_flops, clippy::suspicious_arithmetic_impl,
    clippy::suspicious_assignment_formatting, clippy::suspicious_command_arg_space, clippy::suspicious_doc_comments,
    clippy::suspicious_else_formatting, clippy::suspicious_map, clippy::suspicious_op_assign_impl, clippy::suspicious_open_options,
    clippy::suspicious_operation_groupings, clippy::suspicious_splitn, clippy::suspicious_to_owned, clippy::suspicious_unary_op_formatting,
    clippy::suspicious_xor_used_as_pow, clippy::swap_ptr_to_ref, clippy::swap_with_temporary, clippy::tabs_in_doc_comments,
    clippy::temporary_assignment, clippy::test_attr_in_doctest, clippy::tests_outside_test_module, clippy::to_digit_is_some,
    clippy::to_string_in_format_args, clippy::to_string_trait_impl, clippy::todo, clippy::too_long_first_doc_paragraph,
    clippy::too_many_arguments, clippy::too_many_lines, clippy::toplevel_ref_arg, clippy::trailing_empty_array,
    clippy::trait_duplication_in_bounds, clippy::transmute_bytes_to_str, clippy::transmute_int_to_bool, clippy::transmute_int_to_non_zero,
    clippy::transmute_null_to_fn, clippy::transmute_ptr_to_ptr, clippy::transmute_ptr_to_ref, clippy::transmute_undefined_repr,
    clippy::transmutes_expressible_as_ptr_casts, clippy::transmuting_null, clippy::trim_split_whitespace, clippy::trivial_regex,
    clippy::try_err, clippy::tuple_array_conversions, clippy::type_complexity, clippy::type_id_on_box, clippy::type_repetition_in_bounds,
    clippy::unbuffered_bytes, clippy::unchecked_time_subtraction, clippy::unconditional_recursion, clippy::undocumented_unsafe_blocks,
    clippy::unicode_not_nfc, clippy::unimplemented, clippy::uninhabited_references, clippy::uninit_assumed_init, clippy::uninit_vec,
    clippy::uninlined_format_args, clippy::unit_arg, clippy::unit_cmp, clippy::unit_hash, clippy::unit_return_expecting_ord,
    clippy::unnecessary_box_returns, clippy::unnecessary_cast, clippy::unnecessary_clippy_cfg, clippy::unnecessary_debug_formatting,
    clippy::unnecessary_fallible_conversions, clippy::unnecessary_filter_map, clippy::unnecessary_find_map,
    clippy::unnecessary_first_then_check, clippy::unnecessary_fold, clippy::unnecessary_get_then_check, clippy::unnecessary_join,
    clippy::unnecessary_lazy_evaluations, clippy::unnecessary_literal_bound, clippy::unnecessary_literal_unwrap,
    clippy::unnecessary_map_on_constructor, clippy::unnecessary_map_or, clippy::unnecessary_min_or_max, clippy::unnecessary_mut_passed,
    clippy::unnecessary_operation, clippy::unnecessary_option_map_or_else, clippy::unnecessary_owned_empty_strings,
    clippy::unnecessary_result_map_or_else, clippy::unnecessary_safety_comment, clippy::unnecessary_safety_doc,
    clippy::unnecessary_self_imports, clippy::unnecessary_semicolon, clippy::unnecessary_sort_by,
    clippy::unnecessary_struct_initialization, clippy::unnecessary_to_owned, clippy::unnecessary_trailing_comma,
    clippy::unnecessary_unwrap, clippy::unnecessary_wraps, clippy::unneeded_field_pattern, clippy::unneeded_struct_pattern,
    clippy::unneeded_wildcard_pattern, clippy::unnested_or_patterns, clippy::unreachable, clippy::unreadable_literal,
    clippy::unsafe_derive_deserialize, clippy::unsafe_removed_from_name, clippy::unseparated_literal_suffix,
    clippy::unsound_collection_transmute, clippy::unused_async, clippy::unused_enumerate_index, clippy::unused_format_specs,
    clippy::unused_io_amount, clippy::unused_peekable, clippy::unused_result_ok, clippy::unused_rounding, clippy::unused_self,
    clippy::unused_trait_names, clippy::unused_unit, clippy::unusual_byte_groupings, clippy::unwrap_in_result, clippy::unwrap_or_default,
    clippy::unwrap_used, clippy::upper_case_acronyms, clippy::use_debug, clippy::use_self, clippy::used_underscore_binding,
    clippy::used_underscore_items, clippy::useless_asref, clippy::useless_attribute, clippy::useless_concat, clippy::useless_conversion,
    clippy::useless_format, clippy::useless_let_if_seq, clippy::useless_nonzero_new_unchecked, clippy::useless_transmute,
    clippy::useless_vec, clippy::vec_box, clippy::vec_init_then_push, clippy::vec_resize_to_zero, clippy::verbose_bit_mask,
    clippy::verbose_file_reads, clippy::volatile_composites, clippy::waker_clone_wake, clippy::while_float,
    clippy::while_immutable_condition, clippy::while_let_loop, clippy::while_let_on_iterator, clippy::wildcard_dependencies,
    clippy::wildcard_enum_match_arm, clippy::wildcard_imports, clippy::wildcard_in_or_patterns, clippy::write_literal,
    clippy::write_with_newline, clippy::writeln_empty_string, clippy::wrong_self_convention, clippy::wrong_transmute,
    clippy::zero_divided_by_zero, clippy::zero_prefixed_literal, clippy::zero_ptr, clippy::zero_repeat_side_effects,
    clippy::zero_sized_map_values, clippy::zombie_processes, clippy::zst_offset, closure_returning_async_block, coherence_leak_check,
    conflicting_repr_hints, const_evaluatable_unchecked, const_item_interior_mutations, const_item_mutation, dangerous_implicit_autorefs,
    dangling_pointers_from_locals, dangling_pointers_from_temporaries, dead_code, dependency_on_unit_never_type_fallback, deprecated,
    deprecated_in_future, deprecated_safe_2024, deprecated_where_clause_location, deref_into_dyn_supertrait, deref_nullptr,
    double_negations, drop_bounds, dropping_copy_types, dropping_references, duplicate_macro_attributes, dyn_drop,
    edition_2024_expr_fragment_specifier, elided_lifetimes_in_associated_constant, elided_lifetimes_in_paths,
    ellipsis_inclusive_range_patterns, enum_intrinsics_non_enums, explicit_builtin_cfgs_in_flags, explicit_outlives_requirements,
    exported_private_dependencies, ffi_unwind_calls, for_loops_over_fallibles, forbidden_lint_groups, forgetting_copy_types,
    forgetting_references, function_casts_as_integer, function_item_references, hidden_glob_reexports, if_let_rescope,
    impl_trait_overcaptures, impl_trait_redundant_captures, improper_ctypes, improper_ctypes_definitions, improper_gpu_kernel_arg,
    incomplete_features, incomplete_include, ineffective_unstable_trait_impl, inline_always_mismatching_target_features,
    inline_no_sanitize, integer_to_ptr_transmutes, internal_eq_trait_method_impls, internal_features, invalid_atomic_ordering,
    invalid_doc_attributes, invalid_from_utf8, invalid_from_utf8_unchecked, invalid_macro_export_arguments, invalid_nan_comparisons,
    invalid_null_arguments, invalid_reference_casting, invalid_type_param_default, invalid_value, irrefutable_let_patterns,
    keyword_idents_2018, keyword_idents_2024, large_assignments, late_bound_lifetime_arguments, legacy_derive_helpers, let_underscore_drop,
    let_underscore_lock, long_running_const_eval,
    macro_use_extern_crate, malformed_diagnostic_attributes, malformed_diagnostic_format_literals, map_unit_fn, meta_variable_misuse,
    mismatched_lifetime_syntaxes, misplaced_diagnostic_attributes, missing_abi, missing_copy_implementations,
    missing_debug_implementations, missing_docs, missing_gpu_kernel_export_name, missing_unsafe_on_extern,
    mutable_transmutes, named_arguments_used_positionally, named_asm_labels, never_type_fallback_flowing_into_unsafe,
    no_mangle_const_items, no_mangle_generic_items,  non_camel_case_types, non_contiguous_range_endpoints, non_fmt_panics,
    non_local_definitions, non_shorthand_field_patterns, non_snake_case, non_upper_case_globals, noop_method_call,
    opaque_hidden_inferred_bound, out_of_scope_macro_calls, overflowing_literals, overlapping_range_endpoints, path_statements,
    patterns_in_fns_without_body, private_bounds, private_interfaces, proc_macro_derive_resolution_fallback,
    ptr_to_integer_transmute_in_consts, pub_use_of_private_extern_crate, redundant_imports, redundant_lifetimes, redundant_semicolons,
    refining_impl_trait_internal, refining_impl_trait_reachable, renamed_and_removed_lints, repr_c_enums_larger_than_int,
    repr_transparent_non_zst_fields, rtsan_nonblocking_async, rust_2021_incompatible_closure_captures, rust_2021_incompatible_or_patterns,
     rust_2021_prelude_collisions,
    rust_2024_incompatible_pat, rust_2024_prelude_collisions, self_constructor_from_outer_item, semicolon_in_expressions_from_macros,
    single_use_lifetimes, soft_unstable, special_module_name, stable_features, static_mut_refs, suspicious_double_ref_op,
    tail_expr_drop_order,   trivial_bounds, trivial_casts,
    trivial_numeric_casts, type_alias_bounds, tyvar_behind_raw_pointer,  unconditional_panic, unconditional_recursion,
    uncovered_param_in_projection, undropped_manually_drops, unexpected_cfgs, unfulfilled_lint_expectations, ungated_async_fn_track_caller,
    uninhabited_static, unit_bindings,  unknown_diagnostic_attributes, unknown_lints, unnameable_test_items,
    unnameable_types, unnecessary_transmutes, unpredictable_function_pointer_comparisons, unreachable_cfg_select_predicates,
    unreachable_code, unreachable_patterns, unreachable_pub, unsafe_attr_outside_unsafe, unsafe_code, unsafe_op_in_unsafe_fn,
    unstable_features, unstable_name_collisions, unstable_syntax_pre_expansion, unsupported_calling_conventions, unused_allocation,
    unused_assignments, unused_associated_type_bounds, unused_braces, unused_comparisons,  unused_doc_comments,
    unused_extern_crates, unused_features, unused_import_braces, unused_imports, unused_labels, unused_lifetimes, unused_macro_rules,
    unused_macros, unused_must_use, unused_mut, unused_parens, unused_qualifications, unused_results, unused_unsafe, unused_variables,
    unused_visibilities, useless_deprecated, useless_ptr_null_checks, uses_power_alignment, varargs_without_pattern,
    variant_size_differences, warnings, while_true
)]

use lift::prelude::*;
use lift::sqlite::Connection;
use std::fmt::{Display, Formatter};
use std::future::ready;

/// A resource of its own functions.
#[derive(Clone, Copy, Debug, Resource)]
#[non_exhaustive]
#[resource(initialize = open, health_check = Self::ping, cleanup = close, is_valid = Self::valid)]
pub struct Own(u64, [u64; 2]);

impl Own {
    /// Pings.
    async fn ping(&mut self) -> Result<(), lift::BoxError> {
        self.0 = ready(0).await;
        Ok(())
    }
    /// Is valid.
    const fn valid(&self) -> bool {
        self.0 == 0
    }
}

/// Opens it.
async fn open(_: &lift::config::NoSettings, _: &lift::Init) -> Result<Own, lift::BoxError> {
    Ok(Own(ready(0).await, [0; 2]))
}

/// Closes it.
async fn close(own: Own) {
    let mut rest = ready(own.1).await;
    rest.fill(own.0);
}

/// A database.
#[derive(Resource)]
#[resource(name = "forbidden-db")]
struct Db(Connection);

/// A database that is prepared.
#[derive(Resource)]
#[resource(name = "forbidden-prepared", after_connect = prepare, pool(max_size = 2, warm = "lazy"), settings(cache = 8), health(ready, timeout = "1s"))]
struct Prepared(Connection);

/// Prepares it.
async fn prepare(database: &mut Prepared) -> Result<(), lift::sqlite::Error> {
    database.call(|inner| inner.execute_batch("PRAGMA optimize")).await
}

/// A resource in another one.
#[derive(Clone, Copy, Debug, Resource)]
#[non_exhaustive]
#[resource(name = "forbidden-inside", initialize = Self::open)]
pub struct Inside(Own);

impl Inside {
    /// Opens it.
    async fn open(_: &lift::config::NoSettings, _: &lift::Init) -> Result<Self, lift::BoxError> {
        Ok(Self(Own(ready(0).await, [0; 2])))
    }
}

/// An error of everything.
#[derive(Debug, LiftError)]
#[non_exhaustive]
pub enum Bad {
    /// Shown.
    #[lift(status = 404, details(id), public = "no {id}", retry = "2s", log = "debug")]
    Gone {
        /// Number.
        id: u64,
    },
    /// Displayed.
    #[lift(status = 409)]
    Taken(String),
    /// Decided inside.
    #[lift(transparent)]
    Pool(PoolError),
    /// Not shown.
    #[lift(internal)]
    Internal,
}

impl Display for Bad {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("bad")
    }
}

impl std::error::Error for Bad {}

/// A generic error.
#[derive(Debug, LiftError)]
#[lift(transparent)]
struct Up<E>(E);

impl<E: Display> Display for Up<E> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: std::error::Error + 'static> std::error::Error for Up<E> {}

/// One of each kind.
#[lift::handler(GET, "/forbidden/{id}")]
async fn private_get(id: u64, own: Pooled<Own>, db: Pool<Db>) -> Result<Json<u64>, Bad> {
    drop((own, db));
    Ok(Json(ready(id).await))
}

/// Says it back.
///
/// # Errors
/// Never.
#[lift::handler(POST, "/forbidden")]
pub async fn public_post(body: Json<u64>) -> Result<impl IntoResponse, Bad> {
    Ok(ready(body).await)
}

/// One of each kind.
#[lift::handler(sqs = "forbidden")]
async fn private_job(text: String) -> Result<(), Up<Bad>> {
    drop(ready(text).await);
    Err(Up(Bad::Internal))
}

/// One of each kind.
#[lift::handler(eventbridge(source = "forbidden"))]
async fn private_bus(database: Pooled<Prepared>) -> Result<(), Bad> {
    drop(ready(database).await);
    Ok(())
}

/// One of each kind.
#[lift::handler(ws = "$connect")]
async fn private_socket(shared: Shared<Inside>) -> impl IntoResponse {
    ready(shared).await.0.0.0.to_string()
}

/// One of each kind.
#[lift::handler(event = "forbidden", matches("/a", "/b" = "c"))]
async fn private_event() -> Result<(), StatusCode> {
    Err(ready(StatusCode::CONFLICT).await)
}

/// One of each kind.
#[lift::handler(kinesis = "forbidden", partial)]
async fn private_batch(batch: lift::event::Batch<u64>) -> lift::event::Failed {
    drop(ready(batch).await);
    lift::event::Failed::none()
}

/// One of each kind.
#[lift::health_check]
async fn private_check(own: Pooled<Own>) -> Result<(), PoolError> {
    drop(ready(own).await);
    Ok(())
}

/// One of each kind.
#[lift::health_check(name = "forbidden-public")]
pub async fn public_check(own: Pooled<Own>, db: Pool<Own>) -> Health {
    drop(ready((own, db)).await);
    Health::healthy()
}

/// Runs them.
#[must_use]
pub fn run() -> std::process::ExitCode {
    #[lift::main]
    async fn main() -> lift::Result<()> {
        let app = App::new("forbidden").handlers(lift::handlers![
            private_get, public_post, private_job, private_batch, private_bus, private_socket, private_event
        ]);
        app.health_checks(lift::health_checks![private_check, public_check]).run().await
    }
    main()
}

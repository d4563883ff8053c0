"""Differences of profiles, by field and by number of profiles."""

from streams.history.rebuild.profile_diff import Difference, ProfileComparer, Sample, changed_people, differences

BEFORE = {"version": 1, "counts": {"email.opened": 2, "form.submitted": 1}, "tags": ["a", "b"], "region": "US-NJ"}


def test_profiles_that_differ_only_in_version_are_equal() -> None:
    assert list(differences(BEFORE, BEFORE | {"version": 99})) == []


def test_fields_of_differing_profiles_are_named_by_path_and_lists_are_compared_whole() -> None:
    after = {"version": 2, "counts": {"email.opened": 3, "form.submitted": 1}, "tags": ["a"], "zone": None}
    assert list(differences(BEFORE, after)) == [
        Difference("counts.email.opened", 2, 3),
        Difference("region", "US-NJ", None),
        Difference("tags", ["a", "b"], ["a"]),
    ]


def test_a_profile_that_one_side_lacks_is_counted_by_side_and_in_no_field() -> None:
    comparing = ProfileComparer(5)
    comparing.take("a", BEFORE, None, has_moved=False)
    comparing.take("b", None, BEFORE, has_moved=False)
    found = comparing.found()
    assert (found.only_running, found.only_built, found.differ, found.fields) == (1, 1, 0, {})
    assert not found.is_equal


def test_a_comparison_keeps_samples_of_each_field_and_lists_the_most_frequent_first() -> None:
    comparing = ProfileComparer(1)
    comparing.take("a", BEFORE, BEFORE | {"tags": []}, has_moved=False)
    for name in ("b", "c"):
        comparing.take(name, BEFORE, BEFORE | {"region": "US-PA"}, has_moved=False)
    found = comparing.found()
    assert list(found.fields.items()) == [("region", 2), ("tags", 1)]
    assert found.samples == [Sample("a", "tags", ["a", "b"], []), Sample("b", "region", "US-NJ", "US-PA")]


def test_profiles_with_interactions_since_do_not_count_as_different() -> None:
    comparing = ProfileComparer(5)
    comparing.take("a", BEFORE, None, has_moved=True)
    comparing.take("b", BEFORE, BEFORE, has_moved=True)
    found = comparing.found()
    assert (found.moved_on, found.equal, found.samples) == (1, 1, [])
    assert found.is_equal


def test_an_interaction_of_a_fragment_concerns_its_whole_cluster_before_and_after() -> None:
    links = [("email:1", "crm.ada"), ("phone:1", "crm.ada"), ("email:2", "crm.bo")]
    assert changed_people(["email:1"], lambda: links) == {"email:1", "phone:1", "crm.ada"}
    assert changed_people([], lambda: links) == set()

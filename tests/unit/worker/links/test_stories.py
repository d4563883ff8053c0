"""Short stories of people with several names: each ends as the truth of the laws has it, and each null record says why.

The laws draw such stories; these are the ones that document a rule or were a defect.
"""

from functools import partial
from operator import methodcaller

import pytest

from events.json_types import JSON
from tests.unit.worker.links.town import ADA, BO, BY_EMAIL, BY_PHONE, T1, T2, T3, T4, Town

Contact = dict[str, JSON]
Step = methodcaller
Story = tuple[Step, ...]

NY_1, NY_2 = ({"voter_id": f"NY:{number}"} for number in (1, 2))
CY: Contact = {"contact_id": "crm.cy"}
say, linked, unlinked, retracted = (partial(methodcaller, name) for name in ("say", "link", "unlink", "retract"))
opened, gave, form = (partial(say, type_) for type_ in ("email.opened", "donation.made", "form.submitted"))
no, left_alone, gone = (partial(say, type_) for type_ in ("email.unsubscribed", "contact.suppressed", "contact.erased"))
door = partial(say, "canvass.reported", ADA)
at_once = partial(methodcaller, "tells_at_once")

BOTH = form({**ADA, **BY_EMAIL}, "both", time=T1)
ERASED: Story = (opened({**ADA, **BY_EMAIL}, time=T1), gave(BY_EMAIL, time=T1), gone(BY_EMAIL, "erasure", time=T2))
STOPPED: Story = (left_alone(ADA, "stop", time=T1),)
GIFT = {"donation_id": "actblue:1", "amount": 500}

IN_ANY_ORDER: dict[str, Story] = {
    "one_gift_in_two_feeds": (BOTH, gave(ADA, **GIFT, time=T1), gave(BY_EMAIL, **GIFT, time=T2)),
    "a_refund_under_another_name": (
        BOTH,
        say("donation.refunded", BY_EMAIL, donation_id="actblue:1", refund_id="r", amount=200),
        gave(ADA, **GIFT, committee="C1"),
    ),
    "a_visit_is_corrected_under_another_name": (
        BOTH,
        door("wrong", report_id="v1", support=5, tags_added=["host"]),
        say("canvass.reported", BY_EMAIL, report_id="v1", support=4, time=T3),
        retracted("wrong", BY_EMAIL),
        say("canvass.reported", BY_EMAIL, report_id="v2", support=1, time=T4),
    ),
    "a_retraction_that_names_both_links_nobody": (BOTH, opened(BY_EMAIL), retracted("both", {**ADA, **BY_EMAIL})),
    "voters_whom_only_commands_link_still_conflict": (
        *(opened(NY_1), opened(NY_2), linked(NY_1, BY_EMAIL), opened({**NY_2, **BY_EMAIL})),
    ),
    "a_suppression_goes_with_its_name": (opened(ADA), left_alone(BO), linked(ADA, BO, T1), unlinked(ADA, BO, T2)),
    "a_suppression_that_was_taken_back_leaves_no_trace": (*STOPPED, retracted("stop", ADA), opened(ADA, time=T1)),
    "a_suppression_is_retracted_under_another_name": (*STOPPED, linked(ADA, BO, T2), retracted("stop", BO)),
    "a_suppression_is_retracted_under_a_name_that_is_parted": (
        *(*STOPPED, linked(ADA, BO, T2), retracted("stop", BO), unlinked(ADA, BO, T3)),
    ),
    "who_had_something_else_taken_back_keeps_an_empty_profile": (
        *(*STOPPED, gave(ADA, "gift", time=T1), retracted("gift", ADA), retracted("stop", ADA)),
    ),
    "a_name_that_is_left_alone_joins_a_person": (left_alone(BO, time=T1), form(ADA, time=T1), linked(ADA, BO, T2)),
}
IN_THIS_ORDER: dict[str, Story] = {
    **{
        f"{type_}_begins_a_new_record": (
            *(*ERASED, say(type_, ADA, time=T3), opened(ADA, time=T4), say("email.clicked", ADA, time=T1)),
        )
        for type_ in ("donation.made", "form.submitted", "consent.changed")
    },
    "names_that_meet_again_after_an_erasure": (*ERASED, gave(BY_EMAIL, time=T3), form({**ADA, **BY_EMAIL}, time=T3)),
    "a_no_links_a_name_to_a_new_record": (*ERASED, gave(BY_EMAIL, time=T3), no({**ADA, **BY_EMAIL}, time=T4)),
    "a_link_with_a_record_opens_an_erased_name": (*ERASED, form(BO, time=T1), linked(BO, BY_EMAIL, T3)),
    "an_unlink_closes_an_erased_name_again": (
        *(*ERASED, form(BO, time=T1), linked(BO, BY_EMAIL, T3), unlinked(BO, BY_EMAIL, T4)),
    ),
    "a_name_linked_to_an_erased_one_begins_for_both": (*ERASED, linked(BO, BY_EMAIL, T3), form(BO, time=T4)),
    "each_erasure_of_a_person_has_a_receipt": (
        *ERASED,
        gave({**BY_EMAIL, **BY_PHONE}, time=T3),
        gone(BY_PHONE, time=T4),
    ),
    "versions_go_on_after_an_erasure": (
        *(*ERASED, gave(BY_EMAIL, time=T3), form({**ADA, **BY_EMAIL}, time=T3), gone(ADA, time=T4), gave(BY_EMAIL)),
    ),
    "who_shares_what_a_command_gave_to_a_voter_unheard_of": (
        *(linked(BY_EMAIL, NY_2, T1), form(NY_2, time=T1), gone({**NY_1, **BY_EMAIL}, time=T2)),
    ),
    "who_shares_what_a_command_gave_to_a_known_voter": (
        *(form(NY_2, time=T1), linked(BY_EMAIL, NY_2, T1), gone({**NY_1, **BY_EMAIL}, time=T2)),
    ),
    "who_was_named_with_what_a_command_gives_to_another_outlives_them": (
        *(
            form(NY_2, time=T1),
            form({**NY_1, **BY_EMAIL}, time=T1),
            linked(BY_EMAIL, NY_2, T1),
            gone(BY_EMAIL, time=T2),
        ),
    ),
    **{
        f"{type_}_after_an_erasure_shows_nothing_and_binds_the_new_record": (
            *(*ERASED, say(type_, ADA, time=T4), gave(ADA, time=T3)),
        )
        for type_ in ("email.unsubscribed", "email.complained", "text.opted_out")
    },
    "a_no_that_comes_before_an_earlier_yes_is_a_no": (
        *(*ERASED, no(ADA, time=T4), say("consent.changed", ADA, time=T3, channel="email", granted=True)),
    ),
    "a_retraction_comes_before_what_it_takes_back": (*ERASED, retracted("gift", ADA), gave(ADA, "gift", time=T3)),
    **{
        f"who_began_anew_is_heard_by_every_name_{number}": (
            *(*ERASED, gave({**ADA, **BY_EMAIL}, time=T3), opened(name, time=T3)),
            *(say("email.complained", BY_EMAIL, time=T4), left_alone(BY_EMAIL, time=T4)),
        )
        for number, name in enumerate((ADA, BY_EMAIL))
    },
    "a_canonical_id_whose_person_began_anew_elsewhere_is_heard_again": (
        *(*ERASED, no({**ADA, **BY_EMAIL}, time=T3), opened(ADA, time=T3), gave(BY_EMAIL, time=T3)),
        say("email.clicked", ADA, time=T4),
    ),
    "a_name_that_a_no_has_linked_begins_nothing": (
        *ERASED,
        no({**ADA, **BY_EMAIL}, time=T3),
        opened(BY_EMAIL, time=T4),
    ),
    "commands_after_an_erasure_hold_once_a_record_is_there": (
        *(form(ADA, time=T1), form(BO, time=T1), gone(ADA, time=T2), left_alone(ADA, time=T3), linked(ADA, BO, T3)),
        *(form(ADA, time=T4), unlinked(ADA, BO, T4)),
    ),
    "commands_alone_begin_nothing": (*ERASED, linked(ADA, BY_EMAIL, T3), left_alone(BY_EMAIL, time=T3)),
    "a_later_erasure_forgets_what_came_since_the_first": (
        *(*ERASED, no({**ADA, **BY_EMAIL}, time=T3), gone(BY_EMAIL, time=T4)),
    ),
    "who_was_erased_stays_so_though_left_alone": (
        *(*ERASED, left_alone(ADA, time=T3), opened(ADA, time=T4), left_alone(BY_EMAIL, time=T3)),
        *(opened(BY_EMAIL, time=T4), gave(BY_EMAIL, time=T4)),
    ),
    "what_is_kept_in_case_of_a_new_record_is_not_shown_with_a_stop": (
        *(*ERASED, linked(BO, BY_EMAIL, T3), opened(BY_EMAIL, time=T4), no(BY_EMAIL, time=T4)),
        *(left_alone(BO, time=T4), gave(BO, time=T4)),
    ),
    "an_erasure_reaches_whom_records_before_it_in_one_chunk_named": (
        *(opened(BY_EMAIL, time=T1), at_once(BOTH, gone(ADA, time=T2))),
    ),
    "an_erasure_reaches_whom_a_command_before_it_in_one_chunk_linked": (
        *(opened(BO, time=T1), at_once(linked(ADA, BO, T1), gone(ADA, time=T2))),
    ),
    "each_of_two_erasures_in_one_chunk_reaches_whom_was_named_before_it": (
        *(opened(BY_EMAIL, time=T1), opened(BY_PHONE, time=T2)),
        at_once(
            *(BOTH, gone(ADA, time=T1), form({**ADA, **BY_PHONE}, time=T2), gone(ADA, time=T2), gave(ADA, time=T3)),
        ),
    ),
    "a_part_that_is_sent_anew_behind_an_erasure_counts": (
        *(opened(BY_EMAIL, time=T1), BOTH, gone(ADA, time=T2), at_once(gave(BY_EMAIL, time=T3))),
        form({**ADA, **BY_EMAIL}, time=T3),
    ),
    "who_was_named_before_and_after_an_erasure_in_one_chunk_is_linked": (
        *(BOTH, at_once(gone(ADA, time=T2), form({**ADA, **BY_EMAIL}, time=T3))),
    ),
}


@pytest.mark.parametrize("story", IN_ANY_ORDER.values(), ids=IN_ANY_ORDER)
@pytest.mark.parametrize("is_turned_round", [False, True])
def test_story_in_any_order_ends_as_the_truth_has_it(story: Story, is_turned_round: bool) -> None:
    town = Town()
    for step in reversed(story) if is_turned_round else story:
        step(town)
        town.agrees_with_the_truth()


@pytest.mark.parametrize("story", IN_THIS_ORDER.values(), ids=IN_THIS_ORDER)
def test_story_with_an_erasure_ends_as_the_truth_has_it(story: Story) -> None:
    town = Town()
    for step in story:
        step(town)
        town.agrees_with_the_truth()

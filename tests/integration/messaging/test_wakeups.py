"""Wake-ups: what rings whom, and what a message that is none can do."""

from __future__ import annotations

from messaging_runs import run


def test_a_wake_up_rings_its_lane_alone() -> None:
    """The lane that nobody rang did not look again."""
    assert run("ring_one_lane").said == {"a": 2, "b": 2}


def test_several_rings_count_as_one() -> None:
    """Five wake-ups that come while a lane is at work make it look once more, not five times."""
    assert run("ring_a_busy_lane").said == {"a": 4}


def test_what_nobody_in_the_process_listens_for_is_not_kept() -> None:
    """A relay of its own over the broker in memory would grow for ever."""
    assert run("publish_to_nobody").said == {"left": 0}


def test_what_is_no_wake_up_is_kept_with_its_reason_and_settled_and_ends_nothing() -> None:
    """Broken JSON, foreign content types, pickles and foreign shapes do no harm, byte for byte."""
    said = run("send_nonsense").said
    assert (said["malformed"], said["rung"], said["left"]) == (150.0, 1.0, 0)
    assert said["whole"]
    assert said["fields"] == ["body", "content_type", "kind", "lane", "revision"]


def test_what_is_no_wake_up_waits_for_a_store_that_is_away() -> None:
    """It is kept once the store answers again, once, and only then taken off the queue."""
    assert run("keep_at_the_second_attempt").said == {"kept": 1, "left": 0}


def test_work_is_done_without_any_wake_up() -> None:
    """The sweep finds what is there at the start, and what comes later."""
    assert run("ring_nobody").said == {"done": 11.0}

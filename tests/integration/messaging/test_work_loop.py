"""The loop of each service: what happens when its work hangs, fails, or can never go on."""

from __future__ import annotations

from messaging_runs import run


def test_a_lane_that_hangs_holds_up_no_other() -> None:
    """The other lane goes on while the first call has not returned."""
    said = run("hang_one_lane").said
    assert said["hangs"] == 1
    assert said["works"] >= 20


def test_an_error_is_counted_and_logged_once_and_the_work_goes_on() -> None:
    """Neither nameko nor the loop says it a second time, and nothing of the call is shown."""
    done = run("fail_once")
    assert done.said["failed"] == {"ZeroDivisionError": 1.0, "Retry": 0.0}
    (line,) = done.log
    assert (line["level"], line["event"], line["work"]) == ("error", "work failed", "sweep")
    assert "ZeroDivisionError" in line["exception"]


def test_work_that_is_put_off_says_why_and_goes_on() -> None:
    """It is a warning with the reason, without a traceback."""
    done = run("put_off_once")
    assert done.said["failed"] == {"ZeroDivisionError": 0.0, "Retry": 1.0}
    (line,) = done.log
    assert (line["level"], line["work"]) == ("warning", "sweep")
    assert line["reason"].startswith("The room is away")
    assert "exception" not in line


def test_work_that_always_fails_is_not_tried_as_fast_as_it_fails() -> None:
    """A lane that fails pauses: it is called far less often than one that has nothing to do."""
    said = run("fail_always").said
    assert said["fails"] * 5 < said["works"]


def test_what_only_an_operator_can_mend_ends_all_services() -> None:
    """``serve`` raises it, with its message."""
    assert run("stop").said == {"stopped": "The database's disk is full. Free space."}


def test_a_request_to_end_ends_all_services() -> None:
    """SIGTERM while there is always more to do: ``serve`` returns, having been ready."""
    assert run("be_asked_to_stop").said == {"ready": True}

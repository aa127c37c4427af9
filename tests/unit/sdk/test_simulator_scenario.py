"""The scenario is invented, the same for the same seed, and what a bus has to cope with."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from rooms.simulated import EPSG, all_sites, settings, spec

from dispatch_bus.domain.codes import CaseStatus, Category, Mode
from dispatch_bus.domain.errors import Refused
from dispatch_bus.domain.incident import check_times
from dispatch_bus.domain.report import Report
from dispatch_bus.sdk.plain import records
from dispatch_bus.sdk.simulator.atlas import Atlas, Where, atlas
from dispatch_bus.sdk.simulator.case_records import record
from dispatch_bus.sdk.simulator.malformed import Flaw, flawed
from dispatch_bus.sdk.simulator.plan import Plan, gap_s, plan
from dispatch_bus.sdk.simulator.sites import SiteKind
from dispatch_bus.sdk.simulator.spec import Spec

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOBODY_READS = Path("unused")


def _atlas(country: str) -> Atlas:
    return atlas(all_sites(), country)


def _plans(told: Spec, count: int = 400) -> list[Plan]:
    places = _atlas(told.country)
    return [plan(told, places, n) for n in range(1, count + 1)]


def _well_formed(told: Spec, case: Plan, step: int) -> Report:
    body = record(told, case, step, NOON, NOON + timedelta(seconds=step))
    report = records.read(json.dumps(body).encode(), settings(told))
    assert isinstance(report, Report)
    return report


def test_the_same_seed_gives_the_same_cases() -> None:
    """Two rooms with one seed have the same cases at the same times, another seed has others."""
    told = spec(NOBODY_READS)
    other = attrs.evolve(told, seed=8)
    assert _plans(told, 50) == _plans(told, 50)
    assert _plans(told, 50) != _plans(other, 50)
    assert [gap_s(told, n) for n in range(9)] == [gap_s(told, n) for n in range(9)]
    assert [gap_s(told, n) for n in range(9)] != [gap_s(other, n) for n in range(9)]


def test_cases_come_at_the_rate() -> None:
    """The mean gap is the reverse of the rate."""
    told = spec(NOBODY_READS, rate_per_s=4.0)
    mean = sum(gap_s(told, n) for n in range(2_000)) / 2_000
    assert mean == pytest.approx(0.25, rel=0.1)


@pytest.mark.parametrize("country", EPSG)
def test_every_well_formed_record_is_understood(country: str) -> None:
    """Each record of each sound case reads as a report, in every country's coordinates."""
    told = spec(NOBODY_READS, country)
    for case in _plans(told):
        for step in range(len(case.steps) + 1):
            report = _well_formed(told, case, step)
            assert report.number == case.number
            assert {str(part.discipline) for part in report.parts} == set(case.parts)


@pytest.mark.parametrize("country", EPSG)
def test_every_site_has_coordinates_in_the_rooms_system(country: str) -> None:
    """A site that a room can draw lies where its reference system serves."""
    told, places = spec(NOBODY_READS, country), _atlas(country)
    template = next(case for case in _plans(told) if case.where is Where.OWN)
    for site in (*places.own, *places.across, *places.inland, *places.oddities):
        case = attrs.evolve(template, site=site)
        assert record(told, case, 0, NOON, NOON)["position"]


def test_a_position_is_where_its_site_is() -> None:
    """What the adapter reads is the site, give or take its scatter."""
    told = spec(NOBODY_READS)
    for case in _plans(told):
        position = _well_formed(told, case, 0).place.position
        if position:
            assert position.lon == pytest.approx(case.site.lon, abs=0.005)
            assert position.lat == pytest.approx(case.site.lat, abs=0.003)


def test_the_mix_has_everything_that_is_promised() -> None:
    """Wrong-side callers, poor and missing positions, inland cases, oddities, drills, new codes."""
    told = spec(NOBODY_READS)
    plans = _plans(told, 2_000)
    where = Counter(case.where for case in plans)
    assert where[Where.OWN] / len(plans) == pytest.approx(0.6, abs=0.05)
    assert all(where[each] > 50 for each in Where)
    assert {case.site.kind for case in plans} >= {SiteKind.BAARLE, SiteKind.CROSSING}
    assert {case.mode for case in plans} == set(Mode)
    assert {len(case.parts) for case in plans} == {1, 2}
    assert sum(case.flaw is not None for case in plans) / len(plans) == pytest.approx(
        0.03, abs=0.02
    )
    assert 0 < sum(case.code.category is Category.UNMAPPED for case in plans) < 200
    assert 0 < sum(not case.counted for case in plans) < 300
    assert {case.language for case in plans} == {"nl", "en"}


def test_a_wrong_side_caller_is_across_the_border() -> None:
    """A case on the neighbour's side keeps a centre of its own room."""
    told = spec(NOBODY_READS)
    across = [case for case in _plans(told) if case.where is Where.ACROSS]
    assert across
    assert all(case.site.country != "NL" for case in across)
    assert {centre for case in across for centre in case.parts.values()} == {"NL-ALL"}


def test_an_uncertain_position_has_a_radius_of_a_network_cell() -> None:
    """Its circle is 500 m to 8 km at first, and shrinks with each record."""
    told = spec(NOBODY_READS)
    for case in _plans(told):
        if case.where is Where.UNCERTAIN and case.steps:
            first, second = (_well_formed(told, case, step).place.position for step in (0, 1))
            assert first is not None
            assert second is not None
            assert 500 <= first.radius_m <= 8_000
            assert second.radius_m == pytest.approx(first.radius_m / 2, abs=0.1)


def test_a_case_is_closed_by_its_last_record() -> None:
    """Every sound case is open until its last record, at most a minute after its first."""
    told = spec(NOBODY_READS)
    for case in _plans(told):
        if case.steps:
            last = len(case.steps)
            statuses = [_well_formed(told, case, step).status for step in range(last + 1)]
            assert statuses == [CaseStatus.OPEN] * last + [CaseStatus.CLOSED]
            assert list(case.steps) == sorted(case.steps)
            assert case.steps[-1] <= 60


@pytest.mark.parametrize("flaw", Flaw)
def test_every_flaw_is_refused_with_words(flaw: Flaw) -> None:
    """A flawed record is refused by its reader, or by its times, with field and remedy."""
    told = spec(NOBODY_READS)
    body = record(told, _plans(told, 1)[0], 0, NOON, NOON)
    raw = flawed(body, flaw).encode()
    with pytest.raises(Refused) as refusal:
        check_times(records.read(raw, settings(told)), NOON)  # type: ignore[arg-type]
    assert refusal.value.field
    assert refusal.value.remedy


def test_the_huge_narrative_is_huge() -> None:
    """It has five million characters."""
    told = spec(NOBODY_READS)
    body = record(told, _plans(told, 1)[0], 0, NOON, NOON)
    assert len(flawed(body, Flaw.HUGE_NARRATIVE)) > 5_000_000

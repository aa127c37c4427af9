"""The end of a certificate: known, warned of in time, and shown as a metric."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from servers.certificates import Authority
from servers.waiting import wait_for
from structlog.testing import capture_logs

from dispatch_bus.application.doctor import Grade, machine
from dispatch_bus.domain.errors import Stop
from dispatch_bus.observability import certificates

NOW = datetime.now(UTC)


def put(folder: Path, *days: float) -> Path:
    """Put certificates into one file that end so many days from now."""
    authority, file = Authority(folder / "authority"), folder / "bus.pem"
    issued = [authority.server(days=one).certificate_file.read_bytes() for one in days]
    file.write_bytes(b"".join(issued))
    return file


def test_the_first_end_in_a_file_counts(tmp_path: Path) -> None:
    """A chain is as good as the certificate that ends first."""
    end = certificates.ends(put(tmp_path, 90, 40, 400))
    assert abs(end - NOW - timedelta(days=40)) < timedelta(hours=1)


def test_a_file_without_a_certificate_is_refused(tmp_path: Path) -> None:
    """The error names the file and what belongs there."""
    file = tmp_path / "bus.pem"
    file.write_text("a key, perhaps")
    with pytest.raises(Stop, match=r"bus\.pem.*PEM"):
        certificates.ends(file)


@pytest.mark.parametrize(("days", "warned"), [(29, True), (31, False), (-1, True)])
def test_an_end_within_thirty_days_is_warned_of(
    tmp_path: Path, days: float, *, warned: bool
) -> None:
    """So long it takes to have a new one signed; what has ended is warned of as well."""
    with capture_logs() as lines:
        certificates.warn([put(tmp_path, days)], NOW)
    assert bool(lines) is warned


def test_the_time_that_is_left_is_a_metric(tmp_path: Path) -> None:
    """It is read from the file each time, so a renewed certificate is seen, and a lost one."""
    file = put(tmp_path, 10)

    def left() -> float | None:
        return REGISTRY.get_sample_value(
            "dispatch_bus_certificate_expiry_seconds", {"file": str(file)}
        )

    with capture_logs() as lines:
        certificates.watch([file])
        wait_for(lambda: lines, "the end is warned of at the start")
    assert left() == pytest.approx(10 * 86_400, abs=300)
    put(tmp_path, 100)
    assert left() == pytest.approx(100 * 86_400, abs=300)
    file.unlink()
    assert str(left()) == "nan"


@pytest.mark.parametrize(
    ("days", "grade"), [(100, Grade.OK), (10, Grade.WARNING), (-2, Grade.PROBLEM)]
)
def test_the_doctor_looks_at_certificates(tmp_path: Path, days: float, grade: Grade) -> None:
    """What has ended is a problem, what ends soon a warning, and both say what to do."""
    found = machine.findings(tmp_path, [put(tmp_path, days)], NOW)
    (one,) = [one for one in found if one.topic == "certificates"]
    assert (one.grade, bool(one.remedy)) == (grade, grade is not Grade.OK)

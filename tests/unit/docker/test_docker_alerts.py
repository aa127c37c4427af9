"""The alerts of Prometheus: each is raised by what it is for, and none while all is well."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from making.containers import DOCKER, ROOT, alerts
from servers.prometheus import promtool

RULES = DOCKER / "prometheus" / "alerts.yml"
SERVICES = ("intake", "coordinator", "delivery", "timekeeper", "sealer", "relay")
# Each series with its value at the beginning and how much it grows every 10 s.
WELL = {
    'up{job="gateway", service="gateway", instance="a"}': (1, 0),
    'up{job="broker", instance="a"}': (1, 0),
    **{
        f'up{{job="service", service="{one}", instance="{instance}"}}': (1, 0)
        for one in SERVICES
        for instance in "ab"
    },
    "dispatch_bus_store_up": (1, 0),
    "dispatch_bus_sealer_held": (1, 0),
    'dispatch_bus_stage_oldest_seconds{stage="decide"}': (0.1, 0),
    'dispatch_bus_stage_oldest_seconds{stage="deliver"}': (0.1, 0),
    'dispatch_bus_stage_oldest_seconds{stage="seal"}': (0.1, 0),
    'dispatch_bus_work_failed_total{work="pull", error="Retry"}': (0, 1),
    'dispatch_bus_work_failed_total{work="share", error="Retry"}': (0, 1),
    'dispatch_bus_work_failed_total{work="seal", error="Retry"}': (1, 0),
    "dispatch_bus_pages_decided_later_total": (3, 0),
    'dispatch_bus_room_up{room="NL"}': (1, 0),
    'dispatch_bus_room_undelivered_oldest_seconds{room="NL"}': (1, 0),
    'dispatch_bus_inbox_full{room="NL"}': (0, 0),
    'dispatch_bus_room_clock_ahead_seconds{room="NL"}': (-0.2, 0),
    'dispatch_bus_quarantine_records{state="waiting"}': (0, 0),
    "dispatch_bus_store_connections": (40, 0),
    "dispatch_bus_store_connections_limit": (300, 0),
    'dispatch_bus_broker_up{service="relay"}': (1, 0),
    'dispatch_bus_certificate_expiry_seconds{file="ca.pem"}': (2_000_000, -10),
    'rabbitmq_alarms_free_disk_space_watermark{instance="a"}': (0, 0),
    'rabbitmq_alarms_memory_used_watermark{instance="a"}': (0, 0),
    "dispatch_bus_wakeups_malformed_total": (0, 0),
    "dispatch_bus_gateway_faults_total": (0, 0),
}
# What is otherwise when an alert is to be raised; nothing: the series is not there.
BAD: dict[str, dict[str, tuple[float, float] | None]] = {
    "GatewayDown": {'up{job="gateway", service="gateway", instance="a"}': None},
    "StoreSilent": {"dispatch_bus_store_up": (0, 0)},
    "ServiceDown": dict.fromkeys(
        f'up{{job="service", service="relay", instance="{one}"}}' for one in "ab"
    ),
    "ServiceAlone": {'up{job="service", service="relay", instance="b"}': None},
    "ProcessDown": {'up{job="service", service="relay", instance="c"}': (0, 0)},
    "SealerMissing": {"dispatch_bus_sealer_held": (0, 0)},
    "DecidingBehind": {'dispatch_bus_stage_oldest_seconds{stage="decide"}': (12, 10)},
    "SealingBehind": {'dispatch_bus_stage_oldest_seconds{stage="seal"}': (12, 10)},
    "WorkFails": {'dispatch_bus_work_failed_total{work="seal", error="Retry"}': (0, 1)},
    "PagesDecidedLater": {"dispatch_bus_pages_decided_later_total": (0, 1)},
    "RoomDown": {'dispatch_bus_room_up{room="NL"}': (0, 0)},
    "RoomNotTold": {'dispatch_bus_room_undelivered_oldest_seconds{room="NL"}': (31, 10)},
    "InboxFull": {'dispatch_bus_inbox_full{room="NL"}': (1, 0)},
    "RoomClockWrong": {'dispatch_bus_room_clock_ahead_seconds{room="NL"}': (-7, 0)},
    "QuarantineWaits": {'dispatch_bus_quarantine_records{state="waiting"}': (1, 0)},
    "QuarantineFloods": {'dispatch_bus_quarantine_records{state="waiting"}': (0, 5)},
    "ConnectionsShort": {"dispatch_bus_store_connections": (250, 0)},
    "BrokerDown": {'up{job="broker", instance="a"}': None},
    "BrokerUnheard": {'dispatch_bus_broker_up{service="relay"}': (0, 0)},
    "CertificateEnds": {'dispatch_bus_certificate_expiry_seconds{file="ca.pem"}': (1_200_000, -10)},
    "CertificateUnreadable": {
        'dispatch_bus_certificate_expiry_seconds{file="ca.pem"}': (float("nan"), 0)
    },
    "BrokerAlarm": {'rabbitmq_alarms_free_disk_space_watermark{instance="a"}': (1, 0)},
    "WakeupsMalformed": {"dispatch_bus_wakeups_malformed_total": (0, 1)},
    "GatewayFails": {"dispatch_bus_gateway_faults_total": (0, 1)},
}
# These come with others by their nature.
COMES_WITH = {"QuarantineFloods": {"QuarantineWaits"}}


def raised(series: dict[str, tuple[float, float]], folder: Path) -> set[str]:
    """Return the alerts that are raised after 20 minutes of these series."""
    return set(re.findall(r"alertname: (\w+)", told(series, folder)))


def told(series: dict[str, tuple[float, float]], folder: Path) -> str:
    """Return what is said of the alerts that are raised after 20 minutes of these series."""
    inputs = [
        {"series": name, "values": f"{start}{grows:+}x120"}
        for name, (start, grows) in series.items()
    ]
    # A test that expects no alert at all is told of every one that there is.
    expected = [
        {"eval_time": "20m", "alertname": one["alert"], "exp_alerts": []} for one in alerts()
    ]
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "10s",
        "tests": [{"interval": "10s", "input_series": inputs, "alert_rule_test": expected}],
    }
    (folder / "test.json").write_text(json.dumps(test))
    try:
        promtool("test", "rules", folder / "test.json")
    except AssertionError as said:
        return str(said)
    return ""


def test_prometheus_takes_the_files(tmp_path: Path) -> None:
    """The tool that comes with Prometheus finds no mistake in configuration and rules."""
    config = (DOCKER / "prometheus" / "prometheus.yml").read_text("utf-8")
    (tmp_path / "token").write_text("a")
    named = config.replace("/run/secrets/gateway-token", str(tmp_path / "token"))
    assert named != config
    (tmp_path / "prometheus.yml").write_text(named)
    (tmp_path / "alerts.yml").write_text(RULES.read_text("utf-8"))
    assert f"{len(alerts())} rules found" in promtool(
        "check", "config", tmp_path / "prometheus.yml"
    )


def test_nothing_is_raised_while_all_is_well(tmp_path: Path) -> None:
    """A bus that does its work, though a room is put off now and then, raises no alert."""
    assert raised(WELL, tmp_path) == set()


@pytest.mark.parametrize("alert", [one["alert"] for one in alerts()])
def test_an_alert_is_raised_by_what_it_is_for(alert: str, tmp_path: Path) -> None:
    """One thing goes wrong, and that one alert says so."""
    changed = {**WELL, **BAD[alert]}
    series = {name: value for name, value in changed.items() if value is not None}
    assert raised(series, tmp_path) - COMES_WITH.get(alert, set()) == {alert}


def test_each_service_that_is_down_is_named(tmp_path: Path) -> None:
    """One that goes down after another raises an alert of its own."""
    down = {name for name in WELL if 'service="relay"' in name or 'service="sealer"' in name}
    series = {name: value for name, value in WELL.items() if name not in down}
    summaries = re.findall(r"No process of (\w+) runs", told(series, tmp_path))
    assert set(summaries) == {"relay", "sealer"}


@pytest.mark.parametrize("alert", [one["alert"] for one in alerts()])
def test_the_operators_page_says_what_to_do(alert: str) -> None:
    """Each alert has its line on the operator's page."""
    page = (ROOT / "docs" / "operator.md").read_text("utf-8")
    assert f"| `{alert}` |" in page

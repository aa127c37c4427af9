"""When the certificates for database and broker end: as a metric, and as a warning in the log.

A certificate that has ended stops every connection at once, and at no better time than any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Final

import structlog
from cryptography import x509
from prometheus_client import Gauge

from dispatch_bus.domain.errors import Stop

SOON: Final = timedelta(days=30)
"""How long before its end a certificate is warned of."""

EXPIRY_SECONDS: Final = Gauge(
    "dispatch_bus_certificate_expiry_seconds",
    "Seconds until the first certificate in a file ends; NaN where it cannot be read.",
    ["file"],
)
_DAY_S: Final = 86_400.0
_log = structlog.get_logger(__name__)


def ends(file: Path) -> datetime:
    """Return when the first of the certificates in a PEM file ends, in UTC.

    Raises:
        Stop: the file cannot be read, or holds no certificate.
    """
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError) as error:
        what = f"{file} holds no certificate that can be read ({error})."
        raise Stop(what, "Put a certificate there in PEM form, readable for the bus.") from error
    return min(one.not_valid_after_utc for one in found)


def watch(files: Iterable[Path]) -> None:
    """Show the end of each file's certificates as a metric, and warn of it now and every day.

    Files are read again each time, so a certificate that was renewed in its place is seen.
    """
    files = tuple(files)
    for file in files:
        EXPIRY_SECONDS.labels(str(file)).set_function(partial(_left_s, file))
    if files:
        Thread(
            target=_every_day, args=(files, Event().wait), name="certificates", daemon=True
        ).start()


def warn(files: Iterable[Path], now: datetime) -> None:
    """Warn in the log of each file whose certificates end soon, or cannot be read."""
    for file in files:
        try:
            end = ends(file)
        except Stop as error:
            _log.warning("a certificate cannot be read", file=str(file), reason=error.what)
        else:
            if end - now < SOON:
                _log.warning("a certificate ends soon", file=str(file), ends=end.isoformat())


def _every_day(files: tuple[Path, ...], wait: Callable[[float], object]) -> None:
    while True:
        warn(files, datetime.now(UTC))
        wait(_DAY_S)


def _left_s(file: Path) -> float:
    try:
        return (ends(file) - datetime.now(UTC)).total_seconds()
    except Stop:
        return float("nan")

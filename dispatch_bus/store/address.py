"""The address of a PostgreSQL server, with everything that a connection to it needs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen
from sqlalchemy.engine import make_url

from dispatch_bus.domain.errors import Stop
from dispatch_bus.store import key_files

# Named, so that it does not depend on which driver SQLAlchemy prefers.
_DRIVER = "postgresql+psycopg"


@frozen(kw_only=True)
class Tls:
    """Whom to trust and who one is, as paths of PEM files; the last two are both given or empty."""

    ca_file: str
    certificate_file: str = ""
    key_file: str = ""


def complete(url: str, password: str = "", tls: Tls | None = None) -> str:
    """Return ``url`` with the password and, with ``tls``, the demand for it.

    The server's certificate then has to be signed by the authority and to name the host that was
    asked for (libpq's ``verify-full``). The result is a secret.
    """
    address = make_url(url).set(drivername=_DRIVER)
    if password:
        address = address.set(password=password)
    if tls:
        files = {"sslcert": tls.certificate_file, "sslkey": tls.key_file}
        shown = {name: file for name, file in files.items() if file}
        demanded = {"sslmode": "verify-full", "sslrootcert": tls.ca_file}
        address = address.update_query_dict(demanded | shown)
    return address.render_as_string(hide_password=False)


def password(folder: Path, name: str) -> str:
    """Return the password in a file of ``folder``, without what is white around it.

    Raises:
        Stop: it cannot be read, or is open to other users.
    """
    return key_files.read(folder / name).decode("utf-8", "replace").strip() if name else ""


def files(folder: Path, names: Mapping[str, str]) -> dict[str, str]:
    """Return the paths of the files of ``folder`` that are named; an empty name stays empty.

    Raises:
        Stop: one of them is not there, or not ours to read; the error says which.
    """
    paths = {key: str(folder / name) if name else "" for key, name in names.items()}
    for key, path in paths.items():
        if path and not os.access(path, os.R_OK, effective_ids=True):
            raise Stop(
                f"{key}: {path} cannot be read.", "Put the file there, readable for the bus."
            )
    return paths

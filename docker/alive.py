"""Ends with status 0 when the process of this container answers over HTTP.

It asks whether the process is alive, not whether all is well: a gateway says that itself when the
database is away, and to start it again would not help. ``ALIVE_URL`` names what to ask.
"""

from __future__ import annotations

import os
import sys
from http.client import HTTPException
from urllib.request import urlopen

SERVICE = "http://127.0.0.1:8421/metrics"
_PATIENCE_S = 4.0


def main() -> int:
    """Ask once; return the exit status, and say on standard error what is wrong."""
    url = os.environ.get("ALIVE_URL", SERVICE)
    try:
        with urlopen(url, timeout=_PATIENCE_S):  # noqa: S310  (the address is the operator's)
            return 0
    except (OSError, HTTPException) as error:
        print(f"{url}: {error}", file=sys.stderr)  # noqa: T201
        return 1


if __name__ == "__main__":
    sys.exit(main())

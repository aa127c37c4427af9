"""Who may ask: whoever carries the token."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from dispatch_bus.domain.errors import Stop
from dispatch_bus.gateway.problems import Unauthorised

SHORTEST_TOKEN = 16
_BEARER = HTTPBearer(auto_error=False, description="The token in the gateway's token file.")
_Carried = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


def check_token(token: str) -> str:
    """Return a token that is long enough to keep anybody out.

    Raises:
        Stop: it is shorter than 16 characters, as it is when its file was cut off.
    """
    if len(token) < SHORTEST_TOKEN:
        raise Stop(
            f"The gateway's token has fewer than {SHORTEST_TOKEN} characters.",
            "Delete the token file: the gateway makes a new one when it starts.",
        )
    return token


def signed_in(request: Request, carried: _Carried) -> None:
    """Let nobody pass but the bearer of the token."""
    token: str = request.app.state.token
    told = carried.credentials if carried else ""
    # Compared as a whole whatever it says: the time that it takes gives nothing away.
    if not hmac.compare_digest(told.encode(), token.encode()):
        raise Unauthorised


def near_or_signed_in(request: Request, carried: _Carried) -> None:
    """Let pass whoever asks from this machine, and the bearer of the token."""
    if not (request.client and _is_loopback(request.client.host)):
        signed_in(request, carried)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

"""RabbitMQ's management interface."""

from __future__ import annotations

import ssl
from typing import Any

import httpx
from attrs import field, frozen

from dispatch_bus.domain.errors import Retry, Stop

_TIMEOUT_S = 20.0


@frozen(kw_only=True)
class Login:
    """Where the management interface is, and as whom it is used; ``ca_file`` for TLS."""

    url: str
    user: str
    password: str = field(repr=False)
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""


class Management:
    """Asks and tells the broker's management interface.

    Every call may raise:
        Retry: it is not reached.
        Stop: it refuses the user, or what it was told.
    """

    def __init__(self, login: Login) -> None:
        self.login = login
        self._client = httpx.Client(
            base_url=login.url,
            auth=(login.user, login.password),
            timeout=_TIMEOUT_S,
            verify=_trust(login),
            trust_env=False,
        )

    def version(self) -> tuple[int, int]:
        """Return the broker's version: 3, 10."""
        try:
            major, minor, *_ = self.get("/api/overview")["rabbitmq_version"].split(".")
            return int(major), int(minor)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            what = f"What answers at {self.login.url} is no management interface of RabbitMQ."
            raise Stop(what, "Mend broker.management_url.") from error

    def get(self, path: str) -> Any:
        """Return what stands at ``path``; none if nothing does."""
        answer = self._send("GET", path, None)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        try:
            return answer.raise_for_status().json()
        except (httpx.HTTPStatusError, ValueError) as error:
            what = f"The broker's management interface at {self.login.url} cannot say {path}"
            raise Retry(f"{what} ({_reason(answer)})") from error

    def tell(self, method: str, path: str, value: Any) -> None:
        """Set what stands at ``path``, by ``PUT`` or ``POST``."""
        answer = self._send(method, path, value)
        if not answer.is_success:
            raise Stop(
                f"The broker refuses {path}: {_reason(answer)}.", "Mend that, and try again."
            )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _send(self, method: str, path: str, value: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, path, json=value)
        except httpx.HTTPError as error:
            what = f"The broker's management interface at {self.login.url} is not reached"
            raise Retry(f"{what} ({error})") from error
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            what = f"The broker does not let {self.login.user!r} administrate it."
            remedy = "Check broker.management_user, its password file and its tag: administrator."
            raise Stop(what, remedy)
        return answer


def _trust(login: Login) -> ssl.SSLContext | bool:
    if not login.ca_file:
        return True
    try:
        context = ssl.create_default_context(cafile=login.ca_file)
        if login.certificate_file:
            context.load_cert_chain(login.certificate_file, login.key_file)
    except (OSError, ssl.SSLError) as error:
        what = f"The files of broker.tls cannot be used ({error})."
        raise Stop(what, "Name PEM files that can be read and fit each other.") from error
    return context


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["reason"])
    except (ValueError, LookupError, TypeError):
        return f"status {answer.status_code}"

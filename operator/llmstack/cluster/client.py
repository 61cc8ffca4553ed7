"""Requests to the API server, on plain objects. `kubernetes` supplies configuration and authentication only."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp
from kubernetes.aio.client import Configuration
from kubernetes.aio.config import ConfigException, load_incluster_config, load_kube_config

from llmstack.cluster.resources import Resource

Json = dict[str, Any]
TIMEOUT = 10.0
"""Seconds of one call; below lease duration minus renew deadline, so that no call outlives the lease."""


class ApiError(Exception):
    """An answer of the API server that is no success.

    Attributes:
        status: HTTP status.
        reason: the server's word, as NotFound or Conflict.

    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message


async def configuration() -> Configuration:
    """Return the configuration of the Pod, or of the user's kubeconfig outside a cluster."""
    config = Configuration()
    try:
        load_incluster_config(client_configuration=config)  # type: ignore[no-untyped-call]
    except ConfigException:
        await load_kube_config(client_configuration=config, persist_config=False)  # type: ignore[no-untyped-call]
    return config


class Client:
    """One session with the API server.

    Raises:
        ApiError: from every method, for an answer that is no success.
        aiohttp.ClientError, TimeoutError: for no answer.

    """

    def __init__(self, config: Configuration) -> None:
        self._config = config
        context = ssl.create_default_context(cafile=config.ssl_ca_cert, cadata=config.ca_cert_data)
        if config.cert_file:
            context.load_cert_chain(config.cert_file, keyfile=config.key_file)
        if not config.verify_ssl:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        self._ssl = context
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._ssl, limit=32)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        self._session = aiohttp.ClientSession(self._config.host, connector=connector, timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Json | None = None,
        content_type: str = "application/json",
    ) -> Json:
        """Send one request and return the answer's object."""
        assert self._session is not None, "use the client as a context"  # noqa: S101
        headers = {"content-type": content_type, "accept": "application/json"}
        # The hook behind it reads a token file anew once a minute.
        token = await self._config.get_api_key_with_prefix("BearerToken")
        if token:
            headers["authorization"] = token.strip()
        data = None if body is None else json.dumps(body)
        async with self._session.request(method, path, params=params, data=data, headers=headers) as answer:
            text = await answer.text()
            if answer.status >= 400:
                raise _error(answer.status, text)
            result: Json = json.loads(text) if text else {}
            return result

    async def get(self, resource: Resource, namespace: str | None, name: str) -> Json | None:
        """Return an object, or None when it is not there."""
        try:
            return await self.request("GET", resource.path(namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def list(
        self, resource: Resource, namespace: str | None, selector: str | None = None
    ) -> list[Json]:
        """Return all objects, with kind and apiVersion, which a list leaves out."""
        params = {} if selector is None else {"labelSelector": selector}
        answer = await self.request("GET", resource.path(namespace), params=params)
        known = {"apiVersion": resource.api_version, "kind": resource.kind}
        return [{**known, **item} for item in answer.get("items", [])]


def _error(status: int, text: str) -> ApiError:
    try:
        body = json.loads(text)
        return ApiError(status, str(body.get("reason", "")), str(body.get("message", text[:300])))
    except (ValueError, AttributeError):
        return ApiError(status, "", text[:300])

"""What every story needs: a service on the cluster, clients under load, faults from outside, and time limits."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from e2e.cluster import kind, stack
from e2e.cluster.cache import StepFailed

Json = dict[str, Any]
MESSAGES = [{"role": "user", "content": "Tell me about paged attention."}]


def get(*arguments: str) -> Json:
    """Return what `kubectl get ... -o json` says."""
    result: Json = json.loads(kind.kubectl("get", *arguments, "-o", "json"))
    return result


def wait_for(what: str, seconds: float, check: Callable[[], Any]) -> Any:
    """Wait until the check returns something true and return it.

    Raises:
        AssertionError: it did not within the time; says what was waited for and what was seen last.

    """
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            last = check()
        except StepFailed as error:
            last = str(error)[-300:]
        else:
            if last:
                return last
        time.sleep(0.3)
    raise AssertionError(f"not within {seconds:g} s: {what}; last seen: {last}")


@dataclass
class Service:
    """An LLMService of a story."""

    namespace: str
    name: str
    url: str
    key: str = ""

    def apply(self, **spec: Any) -> None:
        """Apply the service as a user does; without blocks it is the 7-line one."""
        stack.apply(
            {
                "apiVersion": "llmstack.dev/v1alpha1",
                "kind": "LLMService",
                "metadata": {"name": self.name, "namespace": self.namespace},
                "spec": {"model": {"source": "pvc://models/tiny.gguf"}, **spec},
            }
        )

    def live(self) -> Json:
        """Return the object."""
        return get("-n", self.namespace, "llmservice", self.name)

    def conditions(self) -> dict[str, Json]:
        """Return the conditions by type."""
        return {c["type"]: c for c in self.live().get("status", {}).get("conditions", [])}

    def wait_condition(self, type_: str, status: str, seconds: float, reason: str | None = None) -> Json:
        """Wait until a condition has a status (and a reason)."""

        def check() -> Json | None:
            found = self.conditions().get(type_, {})
            right = found.get("status") == status and reason in (None, found.get("reason"))
            return found if right else None

        try:
            found: Json = wait_for(f"{type_}={status}", seconds, check)
        except AssertionError as error:
            raise AssertionError(f"{error}; conditions: {json.dumps(self.conditions(), indent=1)}") from None
        return found

    def wait_ready(self, seconds: float = 120) -> None:
        """Wait until everything is as planned, and read the service's own key."""

        def settled() -> bool:
            conditions = self.conditions()
            generation = self.live()["metadata"]["generation"]
            return (
                conditions.get("Ready", {}).get("status") == "True"
                and conditions["Reconciling"]["status"] == "False"
                and conditions["Ready"]["observedGeneration"] == generation
            )

        try:
            wait_for(f"{self.namespace}/{self.name} is Ready", seconds, settled)
        except AssertionError as error:
            raise AssertionError(f"{error}; conditions: {json.dumps(self.conditions(), indent=1)}") from None
        self.key = secret_value(self.namespace, f"{self.name}-api-key", "api-key")

    def pods(self, component: str) -> list[Json]:
        """Return the Pods of a component that are not going away."""
        labels = f"llmstack.dev/service={self.name},app.kubernetes.io/component={component}"
        found = get("-n", self.namespace, "pods", "-l", labels)["items"]
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    async def ask(
        self, session: aiohttp.ClientSession, key: str | None = None, **body: Any
    ) -> aiohttp.ClientResponse:
        """Send one chat completion."""
        headers = {"authorization": f"Bearer {self.key if key is None else key}"}
        full = {"model": self.name, "messages": MESSAGES, "max_tokens": 8, **body}
        return await session.post(f"{self.url}/v1/chat/completions", json=full, headers=headers)

    def ask_once(self, key: str | None = None, **body: Any) -> tuple[int, Json]:
        """Send one chat completion and return status and body."""

        async def once() -> tuple[int, Json]:
            async with client() as session, await self.ask(session, key, **body) as answer:
                return answer.status, await answer.json()

        return asyncio.run(once())


def client() -> aiohttp.ClientSession:
    """Return a client whose requests each have a connection of their own."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True), timeout=aiohttp.ClientTimeout(total=60)
    )


def secret_value(namespace: str, name: str, key: str) -> str:
    """Return one entry of a Secret."""
    return base64.b64decode(get("-n", namespace, "secret", name)["data"][key]).decode()


def processes_of(pod: Json, program: str) -> list[int]:
    """Return the process ids on this machine of a program in a Pod; a node's processes are ours to see."""
    uid = pod["metadata"]["uid"]
    marks = (uid, uid.replace("-", "_"))
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            cgroup = (folder / "cgroup").read_text()
        except OSError:
            continue
        if any(mark in cgroup for mark in marks) and Path(words[0].decode()).name == program:
            found.append(int(folder.name))
    return found


def kill_engine(service: Service, signal_: int = signal.SIGKILL) -> int:
    """Send a signal to every engine process of a service; return how many there were."""
    pids = [pid for pod in service.pods("engine") for pid in processes_of(pod, "llama-server")]
    for pid in pids:
        os.kill(pid, signal_)
    return len(pids)


def hold_engine_down(service: Service, seconds: float) -> int:
    """Kill the engine as often as it comes back, for some seconds; return how often it was killed."""
    end, killed = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        killed += kill_engine(service)
        time.sleep(0.2)
    return killed


def collector_metrics(service: Service) -> dict[str, float]:
    """Return the counters of a service's collector, read through the API server's proxy."""
    path = f"/api/v1/namespaces/{service.namespace}/services/{service.name}-collector:8889/proxy/metrics"
    lines = kind.kubectl("get", "--raw", path).splitlines()
    rows = [line.rpartition(" ") for line in lines if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in rows}


def spans(service: Service) -> list[Json]:
    """Return the server spans in a service's collector's output, attributes as a plain map."""
    text = kind.kubectl(
        "-n", service.namespace, "logs", f"deployment/{service.name}-collector", "--tail=-1", timeout=60
    )
    found = []
    for line in text.splitlines():
        if not line.startswith('{"resourceSpans"'):
            continue
        for resource in json.loads(line)["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    attributes = {a["key"]: next(iter(a["value"].values())) for a in span["attributes"]}
                    found.append({**span, "attributes": attributes})
    return [span for span in found if span["kind"] == 2]

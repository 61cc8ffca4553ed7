"""Fixtures of the contract tests: a gateway between a client, an engine, a hosted API and a real collector."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from e2e.cluster import images
from tests.contract.api_server import ApiServer, api_server
from tests.contract.envoy import Running, free_port, gateway
from tests.contract.upstreams import Upstream
from tests.generate import REPOSITORY

from llmstack.api.llmservice import parse_llmservice
from llmstack.cluster.client import Client
from llmstack.plan.inputs import ClusterFacts
from llmstack.plan.plan import Plan, make_plan
from llmstack.render.gateway.config import GatewayConfig, gateway_config
from llmstack.render.observability.pipeline import collector_config

HOSTED_HOST = "hosted.test"


def plan_of(spec: dict[str, Any], **facts: Any) -> Plan:
    service = parse_llmservice(
        {
            "apiVersion": "llmstack.dev/v1alpha1",
            "kind": "LLMService",
            "metadata": {"name": "chat", "namespace": "team-a", "uid": "1"},
            "spec": {"model": {"source": "pvc://models/tiny.gguf"}, **spec},
        }
    )
    plan = make_plan(service, ClusterFacts(nodes=(), **facts))
    assert isinstance(plan, Plan), plan
    return plan


@dataclass
class Stack:
    """Everything around one gateway."""

    plan: Plan
    config: GatewayConfig
    running: Running
    engine: Upstream
    hosted: Upstream
    session: aiohttp.ClientSession
    collector_metrics: str
    collector_output: Path

    async def post(
        self, body: Any, path: str = "/v1/chat/completions", key: str | None = None, **more: Any
    ) -> Any:
        key = self.plan.gateway.clients[0].key if key is None else key
        headers = {"authorization": f"Bearer {key}", **more.pop("headers", {})}
        kind = {"json": body} if isinstance(body, dict) else {"data": body}
        return await self.session.post(f"{self.running.url}{path}", headers=headers, **kind, **more)

    def counters(self) -> dict[str, float]:
        """Return the collector's counters, by the text of the series."""
        with urllib.request.urlopen(self.collector_metrics, timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        rows = [line.rpartition(" ") for line in lines if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in rows}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    (folder / "san").write_text(f"subjectAltName=DNS:{HOSTED_HOST}\n")
    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "ca.key",
        "-out",
        "ca.crt",
        "-subj",
        "/CN=a",
    )
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls.key", "-out", "tls.csr", "-subj", "/CN=b")
    openssl("x509", "-req", "-in", "tls.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "tls.crt", "-extfile", "san")  # fmt: skip
    return folder


@pytest.fixture
def spec() -> dict[str, Any]:
    """Return the blocks of the service's spec; a test may override it."""
    return {}


@pytest.fixture
async def stack(spec: dict[str, Any], certificates: Path, tmp_path: Path) -> AsyncIterator[Stack]:
    hosted_block = {
        "provider": "OpenAICompatible",
        "url": f"https://{HOSTED_HOST}/openai/v1",
        "model": "house-large",
        "caSecretRef": {"name": "house", "key": "ca.crt"},
        "credentialsSecretRef": {"name": "house", "key": "token"},
    }
    ladder = {"failover": {"ladder": [{"name": "house", "hosted": hosted_block}]}}
    secrets = {("house", "token"): "sk-house", ("house", "ca.crt"): (certificates / "ca.crt").read_text()}
    plan = plan_of({**ladder, **spec}, secrets=secrets)
    config = gateway_config(plan)
    engine = Upstream(plan.gateway.engine_key, "chat", plan.gateway.engine_proof)
    hosted = Upstream("sk-house", "house-large", prefix="/openai")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "tls.crt", certificates / "tls.key")
    await engine.start(free_port())
    await hosted.start(free_port(), context)
    with ExitStack() as cleanup:
        otlp, metrics, output = await asyncio.to_thread(cleanup.enter_context, _collector(tmp_path))
        ports = {
            f'"address":"chat-engine.team-a.svc.cluster.local.","port_value":{plan.launch.port}': _address(
                engine.port
            ),
            f'"address":"{HOSTED_HOST}","port_value":443': _address(hosted.port),
            '"address":"chat-collector.team-a.svc.cluster.local.","port_value":4317': _address(otlp),
        }
        # In a thread: the upstreams on this loop must answer the first health checks meanwhile.
        running = await asyncio.to_thread(cleanup.enter_context, gateway(config, tmp_path, ports))
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
            yield Stack(plan, config, running, engine, hosted, session, metrics, output)
    await engine.stop()
    await hosted.stop()


def _address(port: int) -> str:
    return f'"address":"127.0.0.1","port_value":{port}'


@contextmanager
def _collector(folder: Path) -> Iterator[tuple[int, str, Path]]:
    otlp, metrics, health = free_port(), free_port(), free_port()
    config = collector_config()
    config["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"] = f"127.0.0.1:{otlp}"
    config["exporters"]["prometheus"]["endpoint"] = f"127.0.0.1:{metrics}"
    config["extensions"]["health_check"]["endpoint"] = f"127.0.0.1:{health}"
    file, output = folder / "collector.yaml", folder / "collector.out"
    file.write_text(yaml.safe_dump(config))
    with output.open("wb") as out, (folder / "collector.err").open("wb") as err:
        process = subprocess.Popen([images.collector(), "--config", file], stdout=out, stderr=err)
    try:
        for _ in range(100):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{health}", timeout=1):
                    break
            except OSError:
                time.sleep(0.05)
        else:
            raise AssertionError((folder / "collector.err").read_text()[-2000:])
        yield otlp, f"http://127.0.0.1:{metrics}/metrics", output
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_server(tmp_path_factory.mktemp("api-server")) as running:
        applied = running.kubectl("apply", "--server-side", "-f", str(REPOSITORY / "crds"))
        assert applied.returncode == 0, applied.stderr
        waited = running.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=20s")
        assert waited.returncode == 0, waited.stderr
        for _ in range(100):
            # Established, and yet its storage may still be initializing for a moment (429).
            if all(
                running.kubectl("get", kind, "-A").returncode == 0 for kind in ("llmservices", "llmtenants")
            ):
                break
            time.sleep(0.1)
        assert running.kubectl("create", "namespace", "team-a").returncode == 0
        yield running


@pytest.fixture
async def client(server: ApiServer) -> AsyncIterator[Client]:
    async with Client(server.configuration()) as session:
        yield session

"""A real Envoy with a rendered gateway configuration, in front of engines and hosted APIs of the test's own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmstack.render.gateway.config import GatewayConfig, as_files

ENVOY = Path(sys.prefix) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages/envoy/_bin/envoy"


def free_port() -> int:
    """Return a port of the loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Running:
    """A running gateway."""

    url: str
    ops: str
    folder: Path
    log: Path
    ports: dict[str, str]

    def versions(self) -> dict[str, str]:
        """Return what the gateway reports of its files."""
        with urllib.request.urlopen(f"{self.ops}/versions", timeout=5) as answer:
            return {entry["name"]: entry["value"] for entry in json.load(answer)["stats"]}

    def write(self, config: GatewayConfig) -> None:
        """Swap in a new configuration, as the kubelet does."""
        _write(self.folder, _localized(config, self.ports, self.folder))


def validate(bootstrap: dict[str, Any], folder: Path) -> str | None:
    """Return what `envoy --mode validate` says against a bootstrap, or None."""
    file = folder / "bootstrap.json"
    file.write_text(json.dumps(bootstrap))
    result = subprocess.run(
        [ENVOY, "--mode", "validate", "--config-path", file, "--log-level", "critical"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return None if result.returncode == 0 else (result.stdout + result.stderr)[-2000:]


def _localized(config: GatewayConfig, ports: dict[str, str], folder: Path) -> dict[str, str]:
    """Return the files with ports and folder of this machine; nothing else of them is changed."""
    files = {}
    for name, text in as_files(config).items():
        changed = text.replace("/etc/envoy/xds", str(folder))
        for before, after in ports.items():
            changed = changed.replace(before, after)
        files[name] = changed
    return files


def _write(folder: Path, files: dict[str, str]) -> None:
    """Write files as the kubelet projects them: a new folder, then one atomic rename of `..data`."""
    stamp = folder / f"..{time.monotonic_ns()}"
    stamp.mkdir(parents=True)
    for name, text in files.items():
        (stamp / name).write_text(text)
        link = folder / name
        if not link.is_symlink():
            link.symlink_to(f"..data/{name}")
    fresh = folder / "..data_tmp"
    fresh.symlink_to(stamp.name)
    fresh.rename(folder / "..data")


@contextmanager
def gateway(config: GatewayConfig, folder: Path, ports: dict[str, str]) -> Iterator[Running]:
    """Run a gateway until the block ends.

    Args:
        ports: text in the rendered files to port, for the listeners and the upstreams.

    """
    client, ops, admin = free_port(), free_port(), free_port()
    ports = {
        '"port_value":8080': f'"port_value":{client}',
        '"port_value":9902': f'"port_value":{ops}',
        '"port_value":9901': f'"port_value":{admin}',
        **ports,
    }
    xds = folder / "xds"
    xds.mkdir()
    _write(xds, _localized(config, ports, xds))
    log = folder / "envoy.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [ENVOY, "--config-path", xds / "bootstrap.json", "--concurrency", "1", "--disable-hot-restart",
             "--reject-unknown-dynamic-fields", "--drain-time-s", "3600", "--parent-shutdown-time-s", "3660",
             "--log-level", "warning"],
            stdout=stream, stderr=stream, env={**os.environ}, start_new_session=True,
        )  # fmt: skip
    running = Running(f"http://127.0.0.1:{client}", f"http://127.0.0.1:{ops}", xds, log, ports)
    try:
        _wait_ready(running, process)
        yield running
    finally:
        process.kill()
        process.wait(10)
        shutil.rmtree(xds, ignore_errors=True)


def _wait_ready(running: Running, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{running.ops}/ready", timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"Envoy is not ready:\n{running.log.read_text()[-3000:]}")

"""Validate a gateway's configuration with the pinned Envoy before it is written; equal shapes once."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from hashlib import sha256
from pathlib import Path

from llmstack.render.gateway.config import GatewayConfig
from llmstack.render.gateway.static import shape, static_bootstrap

_SECONDS = 20
_KEPT = 4096


class EnvoyValidator:
    """One bounded worker around `envoy --mode validate`."""

    def __init__(self) -> None:
        self._envoy = shutil.which("envoy")
        self._verdicts: dict[str, str | None] = {}
        self._one = asyncio.Semaphore(1)

    async def problem(self, config: GatewayConfig) -> str | None:
        """Return what Envoy says against the configuration, or None. Without an Envoy nothing is said."""
        if self._envoy is None:
            return None
        bootstrap = static_bootstrap(config)
        key = sha256(shape(bootstrap).encode()).hexdigest()
        async with self._one:
            if key not in self._verdicts:
                if len(self._verdicts) >= _KEPT:
                    self._verdicts.clear()
                self._verdicts[key] = await self._validate(self._envoy, json.dumps(bootstrap))
        return self._verdicts[key]

    async def _validate(self, envoy: str, text: str) -> str | None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "bootstrap.json"
            file.write_text(text, encoding="utf-8")
            process = await asyncio.create_subprocess_exec(
                envoy, "--mode", "validate", "--config-path", str(file), "--log-level", "critical",
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            try:
                output, _ = await asyncio.wait_for(process.communicate(), _SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
                return f"envoy --mode validate took over {_SECONDS} s"
        if process.returncode == 0:
            return None
        lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
        return (lines[-1] if lines else "no message")[:500]

"""The constant Lua that runs inside Envoy; policy reaches it as data in the routes."""

from importlib import resources


def _read(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


_JSON = _read("json.lua")
REQUEST = _JSON + _read("request.lua")
USAGE = _read("usage.lua")
HOP = _JSON + _read("hop.lua")

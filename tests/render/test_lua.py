"""The Lua that edits requests, against Python's own JSON. It runs here in the same LuaJIT dialect as in Envoy."""

from __future__ import annotations

import json
from typing import Any

import lupa.luajit21 as lupa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmstack.render.gateway import lua

RUNTIME = lupa.LuaRuntime(encoding=None)
RUNTIME.execute(lua.REQUEST.encode())
MEMBERS, EDIT = RUNTIME.globals()[b"json_members"], RUNTIME.globals()[b"json_edit"]

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=8), VALUES, max_size=6)
LAYOUTS = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}])


def members(text: str) -> list[tuple[str, str]] | None:
    found = MEMBERS(text.encode())
    if not isinstance(found, tuple) or found[0] is None:
        return None
    raw = text.encode()
    rows = [found[0][i] for i in range(1, len(found[0]) + 1)]
    return [(row[b"name"].decode(), raw[row[b"first"] - 1 : row[b"last"]].decode()) for row in rows]


@given(OBJECTS, LAYOUTS)
@settings(max_examples=400, deadline=None)
def test_every_member_is_found_with_its_own_bytes(value: dict[str, Any], layout: dict[str, Any]) -> None:
    found = members(json.dumps(value, **layout))
    assert found is not None
    assert {name: json.loads(raw) for name, raw in found} == value


@given(OBJECTS, LAYOUTS, st.sampled_from(["model", "max_tokens", "a"]), st.booleans())
@settings(max_examples=400, deadline=None)
def test_an_edit_changes_what_it_names_and_nothing_else(
    value: dict[str, Any], layout: dict[str, Any], name: str, drop_it: bool
) -> None:
    text = json.dumps(value, **layout).encode()
    found, opening = MEMBERS(text)
    chosen = RUNTIME.table_from({} if drop_it else {name.encode(): b'"new"'})
    dropped = RUNTIME.table_from({name.encode(): True} if drop_it else {})
    edited = json.loads(EDIT(text, found, opening, chosen, dropped))
    rest = {k: v for k, v in value.items() if k != name}
    assert edited == (rest if drop_it else {**rest, name: "new"})


@pytest.mark.parametrize(
    "text",
    ["", " ", "[]", "{", "}", '{"a"}', '{"a":}', '{"a":1,}', '{"a":1 "b":2}', '{"a":01}', '{"a":1.}', '{"a":tru}',
     '{"a":1}x', '{"a":[}', '{"a":[1}]', '{"a":{"b":1]}', '{"a":"x}', "{'a':1}", '{"a":1,"a":2}', '{"a":1,"\\u0061":2}',
     '{"\\x":1}', '{"\\ud800":1}', "\ufeff{}", '{"a":NaN}', '{"a":+1}', '{"a":' + "[" * 200 + "]" * 200 + "}"],
)  # fmt: skip
def test_what_is_no_object_is_refused(text: str) -> None:
    assert members(text) is None


@given(st.text(max_size=40))
@settings(max_examples=400, deadline=None)
def test_what_python_refuses_is_refused_or_at_least_no_other_name_is_seen(text: str) -> None:
    found = members(text)
    try:
        value = json.loads(text)
    except ValueError:
        return  # the engine refuses it: the gateway may pass it on or not
    if found is not None:
        assert isinstance(value, dict)
        assert [name for name, _ in found] == list(value)

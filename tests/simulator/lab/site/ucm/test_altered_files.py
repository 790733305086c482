"""A phone's configuration file that is served changed."""

from __future__ import annotations

import pytest

from simulator.lab.config.faults import ServedFile
from simulator.lab.site.ucm.altered_files import changed


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"elements": {"a": "<2>"}}, b"<x><a>&lt;2&gt;</a><b c='1'/></x>"),
        ({"elements": {"a": None}}, b"<x><b c='1'/></x>"),
        ({"elements": {"a": r"\g<0>"}}, rb"<x><a>\g&lt;0&gt;</a><b c='1'/></x>"),
        ({"rename": {"b": "d"}}, b"<x><a>1</a><d c='1'/></x>"),
        ({"cut": 5}, b"<x><a"),
        ({"body": ""}, b""),
        ({}, b"<x><a>1</a><b c='1'/></x>"),
    ],
)
def test_how_a_file_is_changed(change: dict[str, object], result: bytes) -> None:
    served = ServedFile.model_validate({"phone": "P", **change})
    assert changed(b"<x><a>1</a><b c='1'/></x>", served) == result

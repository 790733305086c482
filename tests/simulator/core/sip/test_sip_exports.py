"""The package's public face: `__all__` is honest, sorted and complete for the other houses."""

from __future__ import annotations

import simulator.core.sip as sip


def test_every_public_name_exists_once() -> None:
    assert len(set(sip.__all__)) == len(sip.__all__)
    assert all(hasattr(sip, name) for name in sip.__all__)


def test_nothing_public_is_left_out() -> None:
    modules = {
        name for name in vars(sip) if getattr(vars(sip)[name], "__name__", "").startswith("simulator.core.sip.")
    }
    public = {name for name in vars(sip) if not name.startswith("_")} - modules
    assert public == set(sip.__all__)


def test_one_root_for_all_errors_and_a_status_for_each() -> None:
    kinds = [sip.MalformedMessage, sip.MessageTooLarge, sip.MissingHeader, sip.DuplicateHeader]
    for kind in kinds:
        error = kind("what was wrong")
        assert isinstance(error, sip.RemoteProtocolError)
        assert isinstance(error, ValueError)
        assert (str(error), error.detail, error.request) == ("what was wrong", "what was wrong", None)
        assert error.status_hint == (513 if kind is sip.MessageTooLarge else 400)

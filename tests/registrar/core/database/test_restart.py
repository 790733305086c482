"""What an old state file says of certificates after a new lab has made its own."""

from __future__ import annotations

import pytest

from certs.authority import Authority
from registrar.core.database.certificates import delete_trust, import_trust, trusted
from registrar.core.database.enumerations import TOMCAT_TRUST
from registrar.core.database.restart import renew_certificates
from tests.registrar.core.database.bench import (
    NOW,
    PUBLISHER,
    SUBSCRIBER,
    Administered,
    authority,
    read,
    servers,
)


def again(name: str) -> Authority:
    """An authority of the same name with another key, as the next lab makes it."""
    return authority(name).forged_twin(now=NOW)


def renewed(ucm: Administered, *made: bytes, **md5s: str) -> None:
    renew_certificates(ucm.database, installed=servers(), made=made, lsc_md5s=md5s)


def test_a_trusted_authority_gives_way_to_the_new_one_of_its_name(ucm: Administered) -> None:
    old, new = authority("Lab CA"), again("Lab CA")
    import_trust(ucm.database, SUBSCRIBER, old.certificate)
    renewed(ucm, new.certificate)
    held = trusted(ucm.database, SUBSCRIBER, TOMCAT_TRUST)
    assert new.certificate in held
    assert old.certificate not in held


def test_what_was_deleted_from_a_trust_store_stays_deleted(ucm: Administered) -> None:
    old, new = authority("Lab CA"), again("Lab CA")
    import_trust(ucm.database, PUBLISHER, old.certificate)
    delete_trust(ucm.database, PUBLISHER, old.certificate)
    renewed(ucm, new.certificate)
    assert new.certificate not in trusted(ucm.database, PUBLISHER, TOMCAT_TRUST)


def test_what_others_signed_is_left_alone(ucm: Administered) -> None:
    other = authority("Somebody else's CA")
    import_trust(ucm.database, PUBLISHER, other.certificate)
    renewed(ucm, again("Lab CA").certificate)
    assert other.certificate in trusted(ucm.database, PUBLISHER, TOMCAT_TRUST)


def test_an_lsc_is_renewed_only_on_devices_that_have_one(ucm: Administered) -> None:
    ucm.publisher.run_update("update device set lscmd5 = 'aa' where name = 'CSFONE'")
    renewed(ucm, CSFONE="bb", CSFTWO="cc")
    devices = read(ucm.database).directory.devices
    assert {device.name: device.lsc_md5 for device in devices} == {"CSFONE": "bb", "CSFTWO": ""}


def test_a_database_of_other_servers_is_refused_and_stays_as_it_was(ucm: Administered) -> None:
    before = ucm.state()
    with pytest.raises(ValueError, match=r"ucm2\.example\.com"):
        renew_certificates(ucm.database, installed=servers()[:1], made=(), lsc_md5s={})
    assert ucm.state() == before

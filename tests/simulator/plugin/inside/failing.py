"""Runs inside a pytest of its own (test_plugin.py): every assertion fails, for the text."""

import socket
import ssl

import pytest


def test_somebody_else_is_registered(ucmsim_lab, ucmsim_phone):
    ucmsim_phone("CSFBOB")
    ucmsim_lab.assert_registered("CSFALICE", within=0)


def test_registered_elsewhere(ucmsim_lab, ucmsim_phone):
    ucmsim_phone("CSFALICE")
    ucmsim_lab.assert_registered("CSFALICE", node="ucm-sub", within=0)


def test_refused_instead(ucmsim_lab, ucmsim_phone):
    ucmsim_phone("CSFALICE", token={"mutate": "expired"})
    ucmsim_lab.assert_registered("CSFALICE", within=0)


def test_still_registered(ucmsim_lab, ucmsim_phone):
    ucmsim_phone("CSFALICE")
    ucmsim_lab.assert_not_registered("CSFALICE", within=0)


def test_rejected_for_another_reason(ucmsim_lab, ucmsim_phone):
    ucmsim_phone("CSFALICE", token={"user": "bob"})
    ucmsim_lab.assert_rejected("profile_not_oauth", device="CSFALICE", within=0)


def test_accepted_instead(ucmsim_lab, ucmsim_phone):
    ucmsim_phone("CSFALICE")
    ucmsim_lab.assert_rejected("expird", within=0)


def test_another_alert(ucmsim_lab):
    host, port = ucmsim_lab.endpoint("oauth")
    context = ssl.create_default_context(cafile=ucmsim_lab.pki / "expressway-ca.pem")
    with socket.create_connection((host, port)) as raw, pytest.raises(ssl.SSLError):
        context.wrap_socket(raw, server_hostname=host)
    ucmsim_lab.assert_tls_alert("unknown_ca", by="client")
    ucmsim_lab.assert_tls_alert("certificate_expired", by="server", within=0)


def test_no_alert_at_all(ucmsim_lab, ucmsim_phone):
    ucmsim_phone("CSFALICE")
    ucmsim_lab.assert_tls_alert("unknown_ca", within=0)


def test_an_assertion_of_the_users_own(ucmsim_lab, ucmsim_phone):
    ucmsim_phone("CSFALICE", token={"user": "bob"})
    assert ucmsim_lab.control.registrations() != []


@pytest.mark.ucmsim(phones=[{"device": "CSFALICE", "colour": "blue"}])
def test_an_unknown_key(ucmsim_lab):
    pass


@pytest.mark.ucmsim(lab="missing.yaml")
def test_a_missing_lab_file(ucmsim_lab):
    pass


@pytest.mark.ucmsim("1.3")
def test_a_mark_with_positional_arguments(ucmsim_lab):
    pass


def test_a_mutation_there_is_not(ucmsim_token):
    ucmsim_token("alice", mutate="expird")

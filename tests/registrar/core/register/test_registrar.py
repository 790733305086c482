"""What a REGISTER does to the bindings: new, refreshed, ended, queried, kept alive, taken over (sip-wire 4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulator.core.events import BindingChanged, RegistrarAccepted, RegistrarRejected


def field(reply: bytes, name: str) -> str | None:
    for line in reply.decode().split("\r\n"):
        if line.startswith(f"{name}: "):
            return line.partition(": ")[2]
    return None


def changes(bench) -> list[tuple[str, int]]:
    return [(event.what, event.cause) for event in bench.events(BindingChanged)]


def test_a_registration_binds_the_line_for_the_granted_time(bench, phone):
    bench.register(phone, bench.open())
    (binding,) = bench.bindings.of("CSFALICE")
    assert (binding.dn, binding.node, binding.subject) == ("1010", "ucm-pub", "alice")
    assert binding.aor == "sip:1010@ucm-pub.example.com"
    assert str(binding.source) == "192.0.2.10:62162"
    assert binding.expires_at == bench.now + 120
    assert changes(bench) == [("added", 0)]


@pytest.mark.parametrize(
    ("asked", "granted"),
    [(3600, "120"), (120, "120"), (119, "119"), (60, "60"), (None, "120"), (2**40, "120")],
)
def test_the_granted_time_is_at_most_120_seconds(bench, phone, asked, granted):
    assert field(bench.register(phone, bench.open(), expires=asked), "Expires") == granted


def test_the_contacts_own_expires_goes_before_the_header(bench, phone):
    phone.contact_params = ";expires=77"
    assert field(bench.register(phone, bench.open()), "Expires") == "77"


def test_an_expires_parameter_that_is_no_number_counts_as_absent(bench, phone):
    phone.contact_params = ";expires=soon"
    assert field(bench.register(phone, bench.open(), expires=90), "Expires") == "90"


def test_too_brief_names_the_minimum_and_the_retry_is_accepted(bench, phone):
    flow = bench.open()
    assert field(bench.register(phone, flow, expires=10), "Min-Expires") == "60"
    assert bench.register(phone, flow, expires=60).startswith(b"SIP/2.0 200 ")


def test_a_refresh_keeps_the_binding_and_moves_its_end(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    (before,) = bench.bindings.of("CSFALICE")
    bench.advance(100)
    bench.register(phone, flow)
    (after,) = bench.bindings.of("CSFALICE")
    assert after is before
    assert after.expires_at == bench.now + 120
    assert changes(bench) == [("added", 0), ("refreshed", 0)]


def test_a_refresh_may_shorten_the_registration(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    bench.register(phone, flow, expires=60)
    bench.advance(60)
    assert changes(bench)[-1] == ("expired", 13)
    assert bench.ucm.next_timeout() is None


def test_a_missed_refresh_ends_the_registration_with_keep_alive_timeout(bench, phone):
    bench.register(phone, bench.open())
    bench.advance(119.9)
    assert bench.bindings.of("CSFALICE") != ()
    bench.advance(0.1)
    assert bench.bindings.of("CSFALICE") == ()
    assert changes(bench)[-1] == ("expired", 13)
    assert bench.ucm.counts["expired"] == 1


def test_what_has_ended_but_was_not_yet_expired_no_longer_counts(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    bench.clock.set(bench.now + 120)
    assert b";x-cisco-newreg\r\n" in bench.register(phone, flow)


def test_unregistering_with_the_same_contact_removes_the_binding(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    reply = bench.register(phone, flow, expires=0)
    assert (field(reply, "Expires"), field(reply, "Contact")) == ("0", None)
    assert bench.bindings.of("CSFALICE") == ()
    assert changes(bench)[-1] == ("removed", 10)


def test_unregistering_another_contact_or_nothing_is_200_and_changes_nothing(bench, phone):
    flow = bench.open()
    assert bench.register(phone, flow, expires=0).startswith(b"SIP/2.0 200 ")
    bench.register(phone, flow)
    phone.call_id, phone.port = "another@192.0.2.10", 40000
    assert bench.register(phone, bench.open(port=40000), expires=0).startswith(b"SIP/2.0 200 ")
    assert len(bench.bindings.of("CSFALICE")) == 1


def test_a_standby_keep_alive_touches_no_binding(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    ends = bench.bindings.of("CSFALICE")[0].expires_at
    bench.advance(50)
    phone.contact_params, phone.body = ";expires=0;cisco-keep-alive", ""
    phone.call_id = "standby@192.0.2.10"
    reply = bench.register(phone, bench.open(), expires=0)
    assert reply.startswith(b"SIP/2.0 200 ")
    assert field(reply, "Date") is not None
    assert bench.bindings.of("CSFALICE")[0].expires_at == ends
    assert bench.events(RegistrarAccepted)[-1].what == "kept_alive"


def test_a_register_without_contact_is_a_query(bench, phone):
    flow = bench.open()
    empty = bench.register(phone, flow, contact="")
    assert (field(empty, "Expires"), field(empty, "Contact")) == ("0", None)
    bench.register(phone, flow)
    bench.advance(20)
    shown = bench.register(phone, flow, contact="")
    assert (field(shown, "Expires"), field(shown, "Contact")) == ("100", phone.contact)
    assert bench.events(RegistrarAccepted)[-1].what == "queried"


@pytest.mark.parametrize("cseq", [-1, 0])
def test_a_cseq_that_does_not_rise_in_its_call_id_is_refused(bench, phone, cseq):
    flow = bench.open()
    bench.register(phone, flow)
    reply = bench.register(phone, flow, cseq=phone.cseq + cseq)
    assert reply.startswith(b"SIP/2.0 500 ")


def test_a_cseq_may_begin_anew_in_a_new_call_id(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    phone.call_id = "new@192.0.2.10"
    assert b";x-cisco-newreg" in bench.register(phone, flow, cseq=1)


def test_a_new_connection_may_bring_a_new_contact_in_the_old_call_id(bench, phone):
    bench.register(phone, bench.open())
    phone.port = 50000
    assert b";x-cisco-newreg" in bench.register(phone, bench.open(port=50000))
    (binding,) = bench.bindings.of("CSFALICE")
    assert binding.contact_uri.port == 50000


def test_over_udp_another_contact_in_the_old_call_id_is_a_5xx(bench, phone_of):
    phone = phone_of(name="CSFPLAIN", dn="1040")
    phone.transport = "udp"
    bench.send(bench.open("sip-udp"), phone.register())
    phone.port = 50000
    assert b"SIP/2.0 500 " in bench.send(bench.open("sip-udp", port=50000), phone.register())


# --- several lines -------------------------------------------------------------------------------------------


@pytest.fixture
def two_lines(bench, device_of, profiles):
    bench.directory.put_device(device_of("CSFALICE", "1010", profiles["oauth"], "1011"))
    return bench


def test_bulk_registration_stands_for_all_lines(two_lines, phone):
    two_lines.register(phone, two_lines.open())
    assert two_lines.bindings.of("CSFALICE")[0].lines == ("1010", "1011")


def test_without_the_bulk_request_each_line_stands_for_itself(two_lines, phone):
    phone.body = ""
    flow = two_lines.open()
    first = two_lines.register(phone, flow)
    phone.dn, phone.call_id = "1011", "line2@192.0.2.10"
    second = two_lines.register(phone, flow)
    assert [binding.lines for binding in two_lines.bindings.of("CSFALICE")] == [("1010",), ("1011",)]
    assert b";x-cisco-newreg" in first
    assert b";x-cisco-newreg" not in second


def test_an_unknown_second_line_gets_404_and_the_first_stays(two_lines, phone):
    flow = two_lines.open()
    two_lines.register(phone, flow)
    phone.dn, phone.call_id = "%23555", "line2@192.0.2.10"
    assert two_lines.register(phone, flow).startswith(b"SIP/2.0 404 ")
    assert two_lines.events(RegistrarRejected)[-1].detail == "no line '#555' in the cluster"
    assert len(two_lines.bindings.of("CSFALICE")) == 1


# --- which device it is --------------------------------------------------------------------------------------


def test_cipcs_spelling_of_the_device_name_counts(bench, phone):
    contact = phone.contact.replace("devicename.ccm.cisco", "devicename.ccm.features.cisco")
    assert bench.register(phone, bench.open(), contact=contact).startswith(b"SIP/2.0 200 ")


def test_a_phone_that_names_no_device_is_known_by_the_mac_of_its_instance(bench, phone, device_of, profiles):
    bench.directory.put_device(device_of("SEP882323451234", "1050", profiles["oauth"]))
    phone.dn = "1050"
    contact = phone.contact.replace('+u.sip!devicename.ccm.cisco.com="CSFALICE";', "")
    bench.register(phone, bench.open(), contact=contact)
    assert len(bench.bindings.of("SEP882323451234")) == 1


def test_a_contact_without_names_is_known_by_its_connection_or_its_line(bench, phone):
    flow = bench.open()
    contact = "<sip:x@192.0.2.10:62162;transport=tls>"
    assert bench.register(phone, flow, contact=contact).startswith(b"SIP/2.0 200 ")
    phone.dn = "9999"
    assert bench.register(phone, flow, contact=contact).startswith(b"SIP/2.0 404 ")
    assert bench.events(RegistrarRejected)[-1].reason == "line_unknown"


def test_a_line_that_two_devices_share_names_nobody(bench, phone, device_of, profiles):
    bench.directory.put_device(device_of("CSFCAROL", "1010", profiles["oauth"]))
    reply = bench.register(phone, bench.open(), contact="<sip:x@192.0.2.10:62162>")
    assert reply.startswith(b"SIP/2.0 404 ")
    assert bench.events(RegistrarRejected)[-1].reason == "device_unknown"


def test_directory_changes_apply_to_the_next_request(bench, phone):
    flow = bench.open()
    bench.register(phone, flow)
    device = bench.directory.device("CSFALICE")
    bench.directory.put_device(replace(device, profile="CSF Encrypted"))
    assert b"port Mismatch" in bench.register(phone, flow)
    bench.directory.remove_device("CSFALICE")
    assert bench.register(phone, flow).startswith(b"SIP/2.0 404 ")


# --- two clients for one device ------------------------------------------------------------------------------


@pytest.fixture
def intruder(phone_of):
    other = phone_of(host="192.0.2.11")
    other.mac = "005056867e66"
    return other


def test_a_second_client_is_refused_with_the_observed_warning(bench, phone, intruder):
    bench.register(phone, bench.open())
    reply = bench.register(intruder, bench.open(host="192.0.2.11"))
    assert field(reply, "Warning") == '399 ucm-pub "Registration is active for another client"'
    assert bench.bindings.of("CSFALICE")[0].source.host == "192.0.2.10"


def test_a_take_over_replaces_the_first_client_and_drops_its_connection(bench, phone, intruder):
    first = bench.open()
    bench.register(phone, first)
    intruder.alarm = "111"
    reply = bench.register(intruder, bench.open(host="192.0.2.11"))
    assert b";x-cisco-newreg" in reply
    assert bench.closed == [first]
    (binding,) = bench.bindings.of("CSFALICE")
    assert binding.source.host == "192.0.2.11"
    assert changes(bench) == [("added", 0), ("replaced", 16), ("added", 0)]


def test_a_take_over_through_another_line_replaces_too(two_lines, phone, intruder):
    two_lines.register(phone, two_lines.open())
    intruder.alarm, intruder.dn = "111", "1011"
    two_lines.register(intruder, two_lines.open(host="192.0.2.11"))
    assert [binding.dn for binding in two_lines.bindings.of("CSFALICE")] == ["1011"]
    assert ("replaced", 16) in changes(two_lines)


def test_a_client_outside_the_duplicate_protocol_replaces_silently(bench, phone, intruder):
    bench.register(phone, bench.open())
    intruder.supported = "replaces"
    assert bench.register(intruder, bench.open(host="192.0.2.11")).startswith(b"SIP/2.0 200 ")


@pytest.mark.parametrize("sign", ["instance", "contact", "connection"])
def test_the_same_client_may_come_back_with_a_new_call_id(bench, phone, sign):
    flow = bench.open()
    bench.register(phone, flow)
    phone.call_id = "again@192.0.2.10"
    if sign != "instance":
        phone.mac = "000000000000"
    if sign != "contact":
        phone.port += 1
    if sign != "connection":
        flow = bench.open()
    assert bench.register(phone, flow).startswith(b"SIP/2.0 200 ")
    assert changes(bench) == [("added", 0), ("added", 0)]


def test_an_all_zero_instance_names_nobody(bench, phone, intruder):
    phone.mac = intruder.mac = "000000000000"
    bench.register(phone, bench.open())
    assert bench.register(intruder, bench.open(host="192.0.2.11")).startswith(b"SIP/2.0 403 ")


def test_an_intruders_refresh_is_judged_by_its_own_call_id(bench, phone, intruder):
    bench.register(phone, bench.open())
    intruder.call_id = phone.call_id
    intruder.cseq = phone.cseq
    assert bench.register(intruder, bench.open(host="192.0.2.11")).startswith(b"SIP/2.0 200 ")


def test_a_dead_registration_keeps_nobody_out(bench, phone, intruder):
    bench.register(phone, bench.open())
    bench.clock.set(bench.now + 121)
    assert bench.register(intruder, bench.open(host="192.0.2.11")).startswith(b"SIP/2.0 200 ")


def test_two_phones_behind_one_expressway_do_not_count_as_one_client(bench, phone, intruder, peer_of):
    flow = bench.open("mra", host="10.15.20.10", tls_peer=peer_of("expc.example.com"))
    bench.register(phone, flow)
    assert bench.register(intruder, flow).startswith(b"SIP/2.0 403 ")
    intruder.alarm = "111"
    assert bench.register(intruder, flow).startswith(b"SIP/2.0 200 ")
    assert bench.closed == []


def test_a_take_over_does_not_close_the_expressways_shared_connection(bench, phone, intruder, peer_of):
    shared = bench.open("mra", host="10.15.20.10", tls_peer=peer_of("expc.example.com"))
    bench.register(phone, shared)
    intruder.alarm = "111"
    assert bench.register(intruder, bench.open(host="192.0.2.11")).startswith(b"SIP/2.0 200 ")
    assert bench.closed == []

"""Certificates by hand: what is shown, imported, deleted, regenerated and requested, and when it counts."""

from __future__ import annotations

import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from certs.authority import Authority
from certs.stores import NodeStores
from registrar.core.platform_cli import CommandRun, Wants
from registrar.core.platform_cli.conversation import MAX_PEM
from registrar.core.platform_cli.session import FAILED
from simulator.core.instant import to_datetime
from tests.registrar.core.platform_cli.cli_bench import CALLMANAGER, NOW, PUBLISHER, Bench, Typist, authority

IMPORTED = (
    "Successfully imported certificate for tomcat.\n"
    "Please restart services related to tomcat for the new certificate to\n"
    "become active.\n"
)
RESTART = f"utils service restart {CALLMANAGER}"


def pem_of(issuer: Authority) -> str:
    return issuer.certificate.decode()


def paste(admin: Typist, command: str, pem: str) -> str:
    output = admin.type(command)
    assert output.wants is Wants.PEM
    assert output.text == "Paste the Certificate and Hit Enter\n"
    for line in pem.splitlines():
        output = admin.type(line)
    return output.text


def mra_trust(bench: Bench) -> tuple[bytes, ...]:
    """What the running service has on 5091."""
    (listen,) = (each for each in bench.nodes[PUBLISHER].listens() if each.name == "mra")
    assert listen.tls is not None
    return listen.tls.trust


def presented(bench: Bench, listener: str) -> bytes:
    (listen,) = (each for each in bench.nodes[PUBLISHER].listens() if each.name == listener)
    assert listen.tls is not None
    return listen.tls.credential.chain


class TestTheWholeRepair:
    """The Expressway-C's signer is missing from Tomcat-trust: look, import, restart, healed."""

    def test_by_hand(self, bench: Bench, admin: Typist) -> None:
        signer = authority("Expressway CA")
        assert "Expressway" not in admin.run("show cert list trust")
        assert paste(admin, "set cert import trust tomcat", pem_of(signer)) == IMPORTED
        assert "tomcat-trust/Expressway_CA.pem: Self-signed certificate\n" in admin.run("show cert list trust")
        assert signer.certificate not in mra_trust(bench), "nothing counts before the restart"
        assert admin.run(RESTART).endswith(f"{CALLMANAGER}[STARTED]\n")
        assert signer.certificate in mra_trust(bench)
        assert admin.run("set cert delete tomcat Expressway_CA.pem") == (
            "Successfully deleted certificate Expressway_CA.pem from tomcat.\n"
        )
        assert signer.certificate in mra_trust(bench)
        admin.run(RESTART)
        assert signer.certificate not in mra_trust(bench)

    def test_as_an_errand(self, bench: Bench) -> None:
        pem = pem_of(authority("Expressway CA"))
        errand = CommandRun(bench.publisher, "set cert import trust tomcat", NOW, user="admin", answers=[pem])
        assert errand.result is not None
        assert errand.result.text.endswith(IMPORTED)
        assert pem not in errand.result.text

    def test_of_a_mode_that_is_off(self, bench: Bench, admin: Typist) -> None:
        admin.run("utils sipOAuth-mode enable")
        node = bench.nodes[PUBLISHER]
        assert not node.snapshot.sip_oauth_mode
        admin.run(RESTART)
        assert node.snapshot.sip_oauth_mode
        assert admin.run(
            "run sql select paramvalue FROM processconfig WHERE paramname = 'ClusterSIPOAuthMode'"
        ).endswith("1         \n")

    def test_of_ports(self, bench: Bench, admin: Typist) -> None:
        assert admin.run("run sql update callmanager set sipoauthport=5190 where name='CM_ucm1'") == "Rows: 1\n"
        assert ":5190" not in admin.run("show open ports regexp 5190")
        admin.run(RESTART)
        assert "TCP ucm1.example.com:5190 (LISTEN)" in admin.run("show open ports regexp 5190")
        assert ":5090" not in admin.run("show open ports all")

    def test_of_a_port_out_of_range(self, bench: Bench, admin: Typist) -> None:
        text = admin.run("run sql update callmanager set sipoauthport=80 where name='CM_ucm1'")
        assert "1024-49151" in text
        assert text.endswith(f"{FAILED}\n")


class TestImport:
    def test_passes_over_what_stands_in_front(self, admin: Typist) -> None:
        pem = f"subject=CN = other\nissuer=CN = other\n{pem_of(authority('Other CA'))}"
        assert paste(admin, "set cert import trust tomcat", pem) == IMPORTED

    def test_takes_a_chain_pasted_at_once(self, admin: Typist) -> None:
        root = authority("Chain Root")
        middle = Authority.create("Chain Middle", now=NOW, parent=root, key="ec256")
        assert paste(admin, "set cert import trust tomcat", pem_of(middle) + "\n" + pem_of(root)) == IMPORTED
        listed = admin.run("show cert list trust")
        assert "tomcat-trust/Chain_Middle.pem: CA-signed certificate\n" in listed
        assert "tomcat-trust/Chain_Root.pem: Self-signed certificate\n" in listed

    def test_twice_is_harmless(self, admin: Typist) -> None:
        pem = pem_of(authority("Twice CA"))
        paste(admin, "set cert import trust tomcat", pem)
        assert paste(admin, "set cert import trust tomcat", pem) == IMPORTED
        assert admin.run("show cert list trust").count("Twice_CA") == 1

    def test_tells_two_of_one_name_apart_by_serial_number(self, admin: Typist) -> None:
        first = authority("Same Name")
        second = first.forged_twin(now=NOW)
        for each in (first, second):
            paste(admin, "set cert import trust tomcat", pem_of(each))
        names = re.findall(r"tomcat-trust/(Same_Name_[0-9a-f]+\.pem)", admin.run("show cert list trust"))
        assert len(set(names)) == 2
        assert admin.type(f"set cert delete tomcat-trust {names[0]}").succeeded
        assert "tomcat-trust/Same_Name.pem" in admin.run("show cert list trust")

    @pytest.mark.parametrize(
        "pasted",
        [
            [""],
            ["-----BEGIN CERTIFICATE-----", "AAAA", ""],
            ["-----BEGIN CERTIFICATE-----", "AAAA", "-----END CERTIFICATE-----"],
            ["-----BEGIN CERTIFICATE-----", "\x00\ud800 not base64", "-----END CERTIFICATE-----"],
            ["-----END CERTIFICATE-----"],
            ["garbage", "garbage", ""],
            ["x" * (MAX_PEM + 1)],
        ],
        ids=["nothing", "no end", "no certificate", "no base64", "only an end", "no begin", "endless"],
    )
    def test_refuses_what_is_none_and_changes_nothing(
        self, bench: Bench, admin: Typist, pasted: list[str]
    ) -> None:
        before = admin.run("show cert list trust")
        admin.type("set cert import trust tomcat")
        output = admin.type(*pasted)
        assert output.text.endswith(f"{FAILED}\n")
        assert (output.prompt, output.wants) == ("admin:", Wants.LINE)
        assert admin.run("show cert list trust") == before

    @pytest.mark.parametrize("unit", ["Tomcat", "nonsense"])
    def test_refuses_a_unit_that_is_none_before_anything_is_pasted(self, admin: Typist, unit: str) -> None:
        assert admin.run(f"set cert import trust {unit}") == f"Invalid unit: {unit}\n{FAILED}\n"

    def test_control_c_leaves_it(self, bench: Bench, admin: Typist) -> None:
        admin.type("set cert import trust tomcat", "-----BEGIN CERTIFICATE-----")
        assert admin.session.interrupt(NOW).prompt == "admin:"


class TestShow:
    @pytest.mark.parametrize("name", ["tomcat", "tomcat.pem", "tomcat/tomcat.pem"])
    def test_begins_as_published_and_ends_with_the_pem(self, bench: Bench, admin: Typist, name: str) -> None:
        text = admin.run(f"show cert own {name}")
        lines = text.splitlines()
        assert lines[0] == "SignatureAlgorithm: SHA256withECDSA (1.2.840.10045.4.3.2)"
        assert lines[1:3] == ["Issuer Name: CN=Lab CA", "Subject Name: CN=ucm1.example.com"]
        pem = text[text.index("-----BEGIN") :]
        stores = bench.cluster.node("ucm1").stores
        assert pem.encode() == stores.tomcat.certificate

    def test_has_the_date_where_a_public_client_cuts_it_out(self, bench: Bench, admin: Typist) -> None:
        (line,) = (each for each in admin.run("show cert own tomcat").splitlines() if "To:" in each)
        words = line.split()
        del words[0], words[0], words[2], words[2]
        expiry = to_datetime(bench.cluster.node("ucm1").stores.tomcat.identity.not_after)
        assert words == [f"{expiry:%b}", f"{expiry:%d}", f"{expiry:%Y}"]

    def test_shows_a_trusted_one_of_several_units_by_its_unit(self, admin: Typist) -> None:
        pem = pem_of(authority("Both CA"))
        paste(admin, "set cert import trust tomcat", pem)
        paste(admin, "set cert import trust CallManager", pem)
        assert "Several units have Both_CA" in admin.run("show cert trust Both_CA")
        assert admin.run("show cert trust tomcat-trust/Both_CA.pem").endswith(pem)


class TestRegenerate:
    def test_asks_as_published_and_counts_after_the_restart(self, bench: Bench, admin: Typist) -> None:
        old = presented(bench, "oauth")
        output = admin.type("set cert regen tomcat")
        assert output.text == (
            "WARNING: This operation will overwrite any CA signed certificate previously imported for  tomcat\n"
        )
        assert (output.prompt, output.wants) == ("Proceed with regeneration (yes|no)? ", Wants.CONFIRM)
        assert admin.type("yes").text == (
            "Successfully Regenerated Certificate for tomcat.\n"
            "You must restart services related to tomcat for the regenerated certificates to become active.\n"
        )
        assert "tomcat/tomcat.pem: Self-signed certificate generated by system\n" in admin.run(
            "show cert list own"
        )
        assert presented(bench, "oauth") == old
        admin.run(RESTART)
        assert presented(bench, "oauth") == bench.cluster.node("ucm1").stores.tomcat.certificate != old

    def test_of_callmanager_is_another_certificate(self, bench: Bench, admin: Typist) -> None:
        oauth, sips = presented(bench, "oauth"), presented(bench, "sips")
        admin.run("set cert regen CallManager", ["yes"])
        admin.run(RESTART)
        assert presented(bench, "oauth") == oauth
        assert presented(bench, "sips") != sips

    def test_no_means_no(self, bench: Bench, admin: Typist) -> None:
        before = bench.cluster.node("ucm1").stores
        assert admin.run("set cert regen tomcat", ["no"]).endswith(f"{FAILED}\n")
        assert bench.cluster.node("ucm1").stores is before


class TestRequest:
    @staticmethod
    def sign(request: str, issuer: Authority) -> str:
        csr = x509.load_pem_x509_csr(request.encode())
        parent = x509.load_pem_x509_certificate(issuer.certificate)
        builder = (
            x509.CertificateBuilder()
            .subject_name(csr.subject)
            .issuer_name(parent.subject)
            .public_key(csr.public_key())
            .serial_number(7)
            .not_valid_before(to_datetime(NOW))
            .not_valid_after(parent.not_valid_after_utc)
        )
        for extension in csr.extensions:
            builder = builder.add_extension(extension.value, critical=extension.critical)
        return builder.sign(issuer.key, SHA256()).public_bytes(Encoding.PEM).decode()

    def test_is_signed_and_imported_with_its_chain(self, bench: Bench, admin: Typist) -> None:
        root = authority("Company Root")
        middle = Authority.create("Company Middle", now=NOW, parent=root, key="ec256")
        admin.run("set csr gen tomcat")
        assert admin.run("show csr list own") == "tomcat/tomcat.csr\n"
        signed = self.sign(admin.run("show csr own tomcat/tomcat.csr"), middle)
        assert "CA certificate is not available" in paste(admin, "set cert import own tomcat", signed)
        for each in (root, middle):
            paste(admin, "set cert import trust tomcat", pem_of(each))
        assert paste(admin, "set cert import own tomcat", signed) == IMPORTED
        assert "tomcat/tomcat.pem: Certificate Signed by Company Middle\n" in admin.run("show cert list own")
        assert admin.run("show csr list own") == "No Certificate Sign Request available for display\n"
        admin.run(RESTART)
        assert presented(bench, "oauth") == signed.encode() + middle.certificate

    def test_of_another_key_does_not_match(self, bench: Bench, admin: Typist) -> None:
        admin.run("set csr gen tomcat")
        other = NodeStores.create("other.example.com", now=NOW, key="ec256").tomcat.certificate.decode()
        assert "does not match" in paste(admin, "set cert import own tomcat", other)

    def test_that_nobody_made_is_missed(self, admin: Typist) -> None:
        other = NodeStores.create("other.example.com", now=NOW, key="ec256").tomcat.certificate.decode()
        assert "There is no Certificate Sign Request" in paste(admin, "set cert import own tomcat", other)

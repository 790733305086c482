"""Certificates: `show cert`, `set cert`, `show csr`, `set csr`."""

from __future__ import annotations

from functools import partial

from registrar.core.platform_cli.administration import CertificateFile, CertificateKind
from registrar.core.platform_cli.certificate_text import describe, origin
from registrar.core.platform_cli.command import Command, Parameter
from registrar.core.platform_cli.conversation import PEM, CommandCall, CommandRefused, Conversation, confirm

_TYPE = Parameter(name="type", about="own|trust", choices=("own", "trust"))
_FILE = Parameter(name="name", about="the certificate's file, as the list shows it")
_UNIT = Parameter(name="unit", about="the certificate's unit, e.g. tomcat")


def _list(call: CommandCall) -> None:
    kind: CertificateKind = "own" if call.arguments[0] == "own" else "trust"
    call.say(*(f"{each.name}: {origin(each, kind)}" for each in call.administration.certificates(kind)))


def _show(call: CommandCall, *, kind: CertificateKind) -> None:
    call.say(*describe(_named(call, call.administration.certificates(kind)).pem))


def _named(call: CommandCall, files: tuple[CertificateFile, ...]) -> CertificateFile:
    """The file meant by `tomcat/tomcat.pem`, `tomcat.pem` or `tomcat`. [observed: the first and the last]

    Raises CommandRefused if there is none or several.
    """
    name = call.arguments[0]
    found = [each for each in files if name in (each.name, each.file, each.file.rpartition(".")[0])]
    if not found:
        raise CommandRefused(f"Certificate {name} is not available")  # [assumed]
    if len(found) > 1:
        raise CommandRefused(f"Several units have {name}: {', '.join(each.name for each in found)}")
    return found[0]


def _check_unit(call: CommandCall, unit: str) -> None:
    if unit not in {each.unit for each in call.administration.certificates("own")}:
        raise CommandRefused(f"Invalid unit: {unit}")  # [assumed]


def _regenerate(call: CommandCall) -> Conversation:
    unit = call.arguments[0]
    _check_unit(call, unit)
    # Two blanks in front of the unit, and the capitals below. [observed]
    call.say(
        f"WARNING: This operation will overwrite any CA signed certificate previously imported for  {unit}"
    )
    if (yield confirm("Proceed with regeneration (yes|no)? ")).strip().lower() != "yes":
        raise CommandRefused("Regeneration cancelled")
    call.administration.regenerate_certificate(unit)
    call.say(
        f"Successfully Regenerated Certificate for {unit}.",
        f"You must restart services related to {unit} for the regenerated certificates to become active.",
    )


def _import(call: CommandCall) -> Conversation:
    kind: CertificateKind = "own" if call.arguments[0] == "own" else "trust"
    unit = call.arguments[1]
    _check_unit(call, unit)
    # [observed: the pattern of a public client]
    call.say("Paste the Certificate and Hit Enter")
    pem = yield PEM
    if not pem:
        raise CommandRefused("No complete certificate was pasted")
    call.administration.import_certificate(kind, unit, pem.encode("utf-8", "replace"))
    call.say(
        f"Successfully imported certificate for {unit}.",
        f"Please restart services related to {unit} for the new certificate to",
        "become active.",
    )


def _delete(call: CommandCall) -> None:
    unit, name = call.arguments
    call.administration.delete_certificate(unit, name)
    call.say(f"Successfully deleted certificate {name} from {unit}.")  # [assumed]


def _generate_request(call: CommandCall) -> None:
    call.administration.generate_request(call.arguments[0])
    call.say(f"Successfully Generated CSR for {call.arguments[0]}.")


def _list_requests(call: CommandCall) -> None:
    requests = call.administration.requests() if call.arguments[0] == "own" else ()
    call.say(*([each.name for each in requests] or ["No Certificate Sign Request available for display"]))


def _show_request(call: CommandCall) -> None:
    call.say(*_named(call, call.administration.requests()).pem.decode("ascii").splitlines())


COMMANDS = (
    Command(
        words=("show", "cert", "list"),
        handler=_list,
        about="This lists the node's own or trusted certificates.",
        mark="observed",
        parameters=(_TYPE,),
        example="own",
        level=1,
    ),
    Command(
        words=("show", "cert", "own"),
        handler=partial(_show, kind="own"),
        about="This shows the contents of an own certificate.",
        mark="observed",
        parameters=(_FILE,),
        example="tomcat/tomcat.pem",
        level=1,
    ),
    Command(
        words=("show", "cert", "trust"),
        handler=partial(_show, kind="trust"),
        about="This shows the contents of a trusted certificate.",
        mark="observed",
        parameters=(_FILE,),
        example="tomcat-trust/ca.pem",
        level=1,
    ),
    Command(
        words=("set", "cert", "regen"),
        handler=_regenerate,
        about="This makes a new self-signed certificate for a unit.",
        mark="observed",
        parameters=(_UNIT,),
        example="tomcat",
        level=1,
    ),
    Command(
        words=("set", "cert", "import"),
        handler=_import,
        about="This imports a certificate that is pasted on the terminal.",
        mark="documented",
        parameters=(_TYPE, _UNIT),
        example="trust tomcat",
        level=1,
        repeats=True,
    ),
    Command(
        words=("set", "cert", "delete"),
        handler=_delete,
        about="This deletes a trusted certificate.",
        mark="assumed",
        parameters=(_UNIT, _FILE),
        example="tomcat ca.pem",
        level=1,
    ),
    Command(
        words=("set", "csr", "gen"),
        handler=_generate_request,
        about="This makes a certificate signing request for a unit.",
        mark="documented",
        parameters=(_UNIT,),
        example="tomcat",
        level=1,
    ),
    Command(
        words=("show", "csr", "list"),
        handler=_list_requests,
        about="This lists the certificate signing requests.",
        mark="documented",
        parameters=(_TYPE,),
        example="own",
        level=1,
    ),
    Command(
        words=("show", "csr", "own"),
        handler=_show_request,
        about="This shows a certificate signing request.",
        mark="documented",
        parameters=(Parameter(name="name", about="the request's file, as the list shows it"),),
        example="tomcat/tomcat.csr",
        level=1,
    ),
)

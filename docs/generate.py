"""Writes the reference pages that are made from tables. A test keeps them true.

`python docs/generate.py` writes those that are committed. With a FOLDER it also writes the source of the site
there: a copy of docs/, and the handbook, which repeats the pages of the scenarios and so is not committed.
"""

from __future__ import annotations

import inspect
import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from typer.main import get_command

from registrar.core.cluster.causes import FailCause, UnregCause
from registrar.core.register.reasons import REPLIES
from registrar.core.tokens import MUTATIONS, OUTCOMES
from simulator.aio.flow_context import ConnectionLimits
from simulator.cli import app
from simulator.cli.lazy import COMMANDS, load
from simulator.core.events import EVENTS
from simulator.core.http.client_connection import BODY_LIMIT as ANSWER_LIMIT
from simulator.core.network.endpoint import MAX_BODY
from simulator.core.sip.wire import DEFAULT_LIMITS as SIP_LIMITS
from simulator.evidence.logs.ucm_syslog import TEXTS as ALARM_TEXTS
from simulator.lab.config.lab import LabConfig
from simulator.lab.control.server import BODY_LIMIT as CONTROL_LIMIT
from simulator.lab.control.up import KEPT_RECORDS
from simulator.lab.files import catalogue
from simulator.lab.steps.registry import summary_of, verbs
from simulator.lab.steps.scenario import Scenario
from simulator.lab.steps.step import MappingStep, Step
from softphone.core.actors.diagram import mermaid, sign_in_mermaid
from softphone.core.settings.behaviours import DESCRIPTIONS

HERE = Path(__file__).parent
_PAGE_OF = "../scenarios/{}/README.md"
"""Of a scenario, as a page of docs/ links to it."""
NOTE = "<!-- made by docs/generate.py from the tables in the code; do not edit -->\n"


def fidelity() -> str:
    """Every refusal of the registrar and every token problem, with the evidence for the answer."""
    marks = Counter(rule.mark for rule in REPLIES.values())
    counts = ", ".join(f"{marks[mark]} {mark}" for mark in ("documented", "observed", "assumed"))
    lines = [
        "# Fidelity: what is known, what is assumed",
        "",
        NOTE,
        "*documented*: Cisco or an RFC says so. *observed*: seen in a published trace. *assumed*: nothing",
        "public shows it; a better trace corrects one row of `registrar/core/register/reasons.py` or of",
        "`registrar/core/tokens/outcomes.py`. [sources.md](sources.md) resolves the names in the last column.",
        "",
        f"## Refusals ({counts})",
        "",
        "| reason | answer | Warning text | cause | evidence | why |",
        "|---|---|---|---|---|---|",
    ]
    for reason, rule in REPLIES.items():
        answer = f"{rule.status} {rule.phrase}" + (" + Retry-After" if rule.retry_after else "")
        cause = f"{int(rule.cause)} {rule.cause.name}"
        lines.append(
            f"| `{reason}` | {answer} | {rule.warning or ''} | {cause} | {rule.mark} | {rule.source} |"
        )
    lines += [
        "",
        "## Token problems",
        "",
        "| problem | SIP, `ucm` | SIP, `rfc8898` | HTTP | evidence of `ucm` |",
    ]
    lines.append("|---|---|---|---|---|")
    for problem, outcome in OUTCOMES.items():
        answers = [outcome.ucm, outcome.rfc8898, outcome.resource]
        shown = " | ".join(f"{a.status} {a.error or ''}".strip() if a else "-" for a in answers)
        lines.append(f"| `{problem}` | {shown} | {outcome.ucm.mark} |")
    return "\n".join(lines) + "\n"


def mutations() -> str:
    lines = ["# Ways to make a token wrong", "", NOTE, "| name | row | what is wrong | the registrar says |"]
    lines.append("|---|---|---|---|")
    lines += [
        f"| `{m.name}` | {m.row} | {m.text} | `{m.problem}`{f' ({m.needs})' if m.needs else ''} |"
        for m in MUTATIONS.values()
    ]
    return "\n".join(lines) + "\n"


def scenarios() -> str:
    found = catalogue.builtin()
    refused = sum(scenario.outcome == "refused" for scenario in found)
    lines = ["# Built-in scenarios", "", NOTE]
    lines.append(
        f"{len(found)} scenarios, of which {refused} end in a refusal. `ucmsim run ID --ladder` shows one."
    )
    for group in sorted({scenario.group for scenario in found}):
        lines += ["", f"## {group.capitalize()}", "", "| id | what | TLS | ends with |", "|---|---|---|---|"]
        for s in found:
            if s.group == group:
                lines.append(
                    f"| [{s.id}]({_PAGE_OF.format(s.id)}) | {s.title} | {', '.join(s.tls)} | {s.outcome} |"
                )
    return "\n".join(lines) + "\n"


def handbook() -> str:
    """What the scenarios' own pages say, on one page."""
    lines = ["# Handbook of the built-in scenarios", "", NOTE]
    for s in catalogue.builtin():
        title, _, body = (
            (catalogue.builtin_folder() / s.id / "README.md").read_text(encoding="utf-8").partition("\n")
        )
        body = re.sub(r"^## (.*)$", r"**\1**", body.strip(), flags=re.MULTILINE)
        body = re.sub(r"^(\*\*.*\*\*)\n(?!\n)", r"\1\n\n", body, flags=re.MULTILINE)
        lines += [f"## {s.id}", "", f"*{title.removeprefix('# ')}.*", "", body, ""]
    return "\n".join(lines)


def scenario_files() -> str:
    """What a scenario file may hold, from the models that read it."""
    lines = ["# Scenario files", "", NOTE, "[How to write one](howto-scenario.md) has a whole example.", ""]
    lines += _fields("scenario.yaml", Scenario)
    lines += [
        "## Steps",
        "",
        "A step is one of these verbs with its value.",
        "",
        "| verb | value | what it does |",
    ]
    lines.append("|---|---|---|")
    for name, verb in verbs().items():
        old = "".join(f" (earlier: `{old}`)" for old in verb.old_verbs)
        lines.append(f"| `{name}`{old} | {_type(_value_of(verb))} | {_cell(summary_of(verb))} |")
    lines.append("")
    for model in _models_in(*map(_value_of, verbs().values())):
        lines += _fields(_name(model), model)
    return "\n".join(lines)


def lab_files() -> str:
    lines = ["# Lab files", "", NOTE, "A `LAB.yaml` for `ucmsim up`, and the `lab:` of a scenario.", ""]
    for model in _models_in(LabConfig):
        lines += _fields(_name(model), model)
    return "\n".join([*lines, *_limits()])


def _limits() -> list[str]:
    """Every cap there is: of what a lab file may say, and of a running lab."""
    lines = [
        "## Limits",
        "",
        "How many phones, users and profiles a lab has is not limited. Each phone needs two open files for",
        "each of its connections, because both ends are in the lab: 9,000 phones register below a limit of",
        "20,000 (`ulimit -n`). If the limit is too low, `ucmsim up` says which it is and how much it needs.",
        "",
        "| of a lab file | limit |",
        "|---|---|",
    ]
    schema = LabConfig.model_json_schema()
    for name, model in {"LabConfig": schema, **schema["$defs"]}.items():
        title = "lab" if name == "LabConfig" else name.removesuffix("Config").lower()
        for key, field in model.get("properties", {}).items():
            if said := ", ".join(_caps(field)):
                lines.append(f"| {title}: `{key}` | {said} |")
    sip, flow = SIP_LIMITS, ConnectionLimits()
    rows = [
        ("bytes of a SIP message on a stream", sip.message),
        ("bytes of a line of its header", sip.line),
        ("lines of its header", sip.fields),
        ("bytes of an HTTP request's body (AXL: twice as many)", MAX_BODY),
        ("bytes of an answer that a phone fetches", ANSWER_LIMIT),
        ("bytes of a request to the control API", CONTROL_LIMIT),
        ("events that `ucmsim up` keeps for the control API", KEPT_RECORDS),
        ("bytes that wait for a peer that does not read", flow.unsent),
        ("remote addresses that a UDP port remembers", flow.udp_flows),
        ("connections that wait to be accepted", flow.backlog),
    ]
    lines += ["", "| of a running lab | limit |", "|---|---|"]
    return [*lines, *(f"| {what} | {number:,} |" for what, number in rows), ""]


_BOUNDS = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " entries"),
)


def _caps(field: dict[str, Any]) -> list[str]:
    """The bounds of a field, or of the values in it."""
    own = []
    for least, most, unit in _BOUNDS:
        if least in field and most in field:
            own.append(f"{field[least]:,} to {field[most]:,}{unit}")
        elif most in field:
            own.append(f"at most {field[most]:,}{unit}")
        elif least in field:
            own.append(f"at least {field[least]:,}{unit}")
    if "exclusiveMinimum" in field:
        own.append(f"above {field['exclusiveMinimum']:,}")
    inner = [cap for one in (field.get("items"), *field.get("anyOf", ())) if one for cap in _caps(one)]
    return list(dict.fromkeys([*own, *inner]))


def commands() -> str:
    """The command line, from typer."""
    lines = [
        "# Commands",
        "",
        NOTE,
        "Exit codes everywhere: 0 as expected, 1 a failure, 2 usage, 3 environment.",
        "",
    ]

    def tell(command: Any, path: str) -> None:
        lines.extend([f"## {path}", "", _cell(command.help or ""), ""])
        rows = []
        for param in command.params:
            if param.name in ("help", "install_completion", "show_completion"):
                continue
            told = getattr(param, "help", None) or ""
            shown = ", ".join(f"`{name}`" for name in param.opts) if param.opts[0].startswith("-") else ""
            place = param.metavar or str(param.name).upper()
            rows.append(f"| {shown or f'`{_cell(place)}`'} | {_cell(told)} |")
        if rows:
            lines.extend(["| option | |", "|---|---|", *rows, ""])
        for name, child in sorted(getattr(command, "commands", {}).items()):
            tell(child, f"{path} {name}")

    tell(get_command(app), "ucmsim")
    for name in sorted(COMMANDS):
        tell(load(name), f"ucmsim {name}")
    return "\n".join(lines)


def causes() -> str:
    """Reasons with what to do, and the numbers administrators see."""
    lines = ["# Reasons and causes", "", NOTE]
    for reason, rule in REPLIES.items():
        answer = f"{rule.status} {rule.phrase}"
        lines += [
            f"## {reason}",
            "",
            f"**{answer}**, cause {int(rule.cause)} ({rule.mark}). {rule.explanation}",
            "",
        ]
        lines += [f"*Remedy*: {rule.remedy}", "", f"*See it*: {rule.verify}", ""]
    for title, numbers in (("Why a registration was refused", FailCause), ("Why one ended", UnregCause)):
        lines += [f"## {title}", "", "| number | cause |", "|---|---|"]
        lines += [f"| {int(cause)} | {cause.name.lower().replace('_', ' ')} |" for cause in numbers]
        lines.append("")
    lines += ["## Alarms in syslog", "", "| alarm | severity | text |", "|---|---|---|"]
    lines += [f"| {name} | {severity} | {text} |" for name, (severity, text) in ALARM_TEXTS.items()]
    return "\n".join(lines) + "\n"


def _fields(title: str, model: type[BaseModel]) -> list[str]:
    words = inspect.cleandoc(model.__doc__ or "") if model.__doc__ != BaseModel.__doc__ else ""
    lines = [f"## {title}", ""] + ([words, ""] if words else [])
    lines += ["| key | value | default | |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else _default(field.get_default(call_default_factory=True))
        text = _cell(field.description or "")
        lines.append(f"| `{field.alias or name}` | {_type(field.annotation)} | {default} | {text} |")
    return [*lines, ""]


def _default(value: object) -> str:
    if isinstance(value, BaseModel) or value in (None, [], {}, ""):
        return ""
    if isinstance(value, list):
        return ", ".join("one of each" if isinstance(item, BaseModel) else f"`{item}`" for item in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(annotation: Any) -> str:
    """A type as somebody who writes YAML would say it."""
    origin, inside = get_origin(annotation), get_args(annotation)
    if annotation is Step:
        return "[step](#steps)"
    if origin is Annotated:
        return _type(inside[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inside)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_type(part) for part in inside if part is not NoneType))
    if origin is list:
        return f"list of {_type(inside[0])}"
    if origin is dict:
        return f"{_type(inside[0])}: {_type(inside[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        name = _name(annotation)
        if annotation is LabConfig:
            return "[lab](lab-files.md)"
        return f"[{name}](#{name})"
    return {str: "text", int: "number", float: "number", bool: "true or false"}.get(annotation, str(annotation))


def _value_of(verb: type[Step]) -> Any:
    """The type of what stands behind the verb: its own fields, or another type."""
    if issubclass(verb, MappingStep):
        return verb
    assert issubclass(verb, BaseModel)
    return verb.model_fields["root"].annotation


def _models_in(*annotations: Any) -> list[type[BaseModel]]:
    """The models that values of these types are made of, without those of a lab for a step."""
    found: list[type[BaseModel]] = []

    def walk(annotation: Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if annotation not in found:
                found.append(annotation)
                for field in annotation.model_fields.values():
                    walk(field.annotation)
            return
        for part in get_args(annotation):
            walk(part)

    for annotation in annotations:
        walk(annotation)
    return found


def _name(model: type[BaseModel]) -> str:
    if issubclass(model, MappingStep):
        return model.verb
    return model.__name__.removesuffix("Config").lower()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def phone() -> str:
    lines = ["# The softphone", "", NOTE, "## States", "", "```mermaid", mermaid().strip(), "```", ""]
    lines += ["## Signing in", "", "```mermaid", sign_in_mermaid().strip(), "```", ""]
    lines += ["## Misbehaviours", "", "| name | what it does |", "|---|---|"]
    lines += [f"| `{behaviour}` | {text} |" for behaviour, text in DESCRIPTIONS.items()]
    return "\n".join(lines) + "\n"


def events() -> str:
    lines = ["# Events", "", NOTE, "| kind | fields |", "|---|---|"]
    for kind, cls in sorted(EVENTS.items()):
        lines.append(f"| `{kind}` | {', '.join(f'`{name}`' for name in cls.__dataclass_fields__)} |")
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "fidelity.md": fidelity,
    "token-mutations.md": mutations,
    "scenarios.md": scenarios,
    "softphone.md": phone,
    "events.md": events,
    "scenario-files.md": scenario_files,
    "lab-files.md": lab_files,
    "commands.md": commands,
    "reasons.md": causes,
}


def write_site(folder: Path) -> None:
    """Write the pages of the site into `folder`, which is emptied before."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__", "examples"))
    page_of = re.compile(re.escape(_PAGE_OF).replace(r"\{\}", r"([a-z0-9-]+)"))
    for page in folder.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        page.write_text(page_of.sub(r"handbook.md#\1", text), encoding="utf-8")
    (folder / "handbook.md").write_text(handbook(), encoding="utf-8")


def main(arguments: list[str]) -> None:
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
    if arguments:
        write_site(Path(arguments[0]))


if __name__ == "__main__":
    main(sys.argv[1:])

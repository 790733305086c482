"""Writes the reference pages that are made from tables: `python docs/generate.py`. A test keeps them true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from registrar.core.reasons import REPLIES
from registrar.core.tokens import MUTATIONS, OUTCOMES
from simulator.core.events import EVENTS
from simulator.lab import catalogue
from softphone.core.behaviours import DESCRIPTIONS
from softphone.core.diagram import mermaid

HERE = Path(__file__).parent
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
        "public shows it; a better trace corrects one row of `registrar/core/reasons.py` or of",
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
    lines = ["# Built-in scenarios", "", NOTE, "| id | what | TLS | ends with |", "|---|---|---|---|"]
    for s in catalogue.builtin():
        page = f"../scenarios/{s.id}/README.md"
        lines.append(f"| [{s.id}]({page}) | {s.title} | {', '.join(s.tls)} | {s.outcome} |")
    return "\n".join(lines) + "\n"


def phone() -> str:
    lines = ["# The softphone", "", NOTE, "## States", "", "```mermaid", mermaid().strip(), "```", ""]
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
}


def main() -> None:
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()

"""The phone's life as a Mermaid state diagram, drawn from the table the machine runs."""

from __future__ import annotations

from softphone.core.transitions import TRANSITIONS, State


def mermaid() -> str:
    """`stateDiagram-v2` text: one arrow for each (state, next state), labelled with its inputs."""
    arrows: dict[tuple[State, State], list[str]] = {}
    for (state, given), transition in TRANSITIONS.items():
        for target in transition.to:
            arrows.setdefault((state, target), []).append(given.value)
    lines = ["stateDiagram-v2", f"    [*] --> {State.IDLE}"]
    lines += [f"    {state} --> {target}: {', '.join(labels)}" for (state, target), labels in arrows.items()]
    return "\n".join(lines) + "\n"

"""How well a fact about the product is known; every table of facts says so in each row."""

from __future__ import annotations

from typing import Literal

Mark = Literal["documented", "observed", "assumed"]
"""documented: in a public document of the vendor. observed: in a published trace. assumed: inferred by us."""

"""AXL's refusals: fault code and text of each, as administration 1.4 lists them."""

from __future__ import annotations

from registrar.core.database.errors import DatabaseRefusal, QueryTooLarge, RuleError, SqlError, SubscriberError
from registrar.core.soap.envelope import make, render_fault

NOT_FOUND = 5007
"""[observed]"""
UPDATE_NOT_FOUND = 5003
"""[observed]"""
RULE = -746
"""A product rule, or a write on a subscriber: Informix's code for an exception its own procedures raise.
[assumed: administration 11.5]"""
INVALID = 5000
"""A request that is no valid AXL: unknown operation or element, bad value. [assumed]"""
ROW_LIMIT = 5006
"""[text observed, code assumed]"""


class AxlFault(Exception):
    """`code` is the axlcode, `text` both faultstring and axlmessage."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def not_found(label: str) -> AxlFault:
    """Make the fault of get, do and remove, and of a reference, to something that does not exist."""
    return AxlFault(NOT_FOUND, f"Item not valid: The specified {label} was not found")


def update_not_found(label: str) -> AxlFault:
    """Make the fault of an update or a removal of something that does not exist."""
    return AxlFault(UPDATE_NOT_FOUND, f"{label} not found")


def invalid(text: str) -> AxlFault:
    """Make the fault of a request that breaks the schema or a rule."""
    return AxlFault(INVALID, text)


def of_database(error: DatabaseRefusal) -> AxlFault:
    """Make the fault that says what the database refused."""
    if isinstance(error, SqlError):
        return AxlFault(error.code, error.text)
    if isinstance(error, QueryTooLarge):
        return AxlFault(ROW_LIMIT, str(error))
    if isinstance(error, (RuleError, SubscriberError)):
        return AxlFault(RULE, str(error))
    return AxlFault(INVALID, str(error))


def render(fault: AxlFault, operation: str) -> bytes:
    """Render a fault as a SOAP fault of `operation`, with the axlError that clients read."""
    detail = make(
        "axlError",
        children=(
            make("axlcode", str(fault.code)),
            make("axlmessage", fault.text),
            make("request", operation),
        ),
    )
    return render_fault(fault.text, detail=detail)

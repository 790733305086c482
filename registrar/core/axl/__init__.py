"""AXL, UCM's administrative XML service: objects, actions, and the HTTP service in front of them."""

from registrar.core.axl.call import PRODUCT_VERSIONS, AxlEnvironment
from registrar.core.axl.operations import OPERATIONS, Operation
from registrar.core.axl.service import PATH, AxlService, WriteThrottle

__all__ = [
    "OPERATIONS",
    "PATH",
    "PRODUCT_VERSIONS",
    "AxlEnvironment",
    "AxlService",
    "Operation",
    "WriteThrottle",
]

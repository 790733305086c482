"""The bench of the web services, which the AXL tests use as well."""

from tests.registrar.core.axl.conftest import web

__all__ = ["web"]

"""The platform CLI of a node: an interpreter that neither reads nor waits, over SSH or without."""

from registrar.core.platform_cli.administration import (
    Administration,
    AdministrationRefused,
    CertificateFile,
    Member,
    OpenPort,
    Reachability,
)
from registrar.core.platform_cli.cluster_administration import ClusterAdministration
from registrar.core.platform_cli.command_run import CommandRun, Result
from registrar.core.platform_cli.command_table import TABLE
from registrar.core.platform_cli.conversation import Wants
from registrar.core.platform_cli.session import CliSession, Output, PlatformCli

__all__ = [
    "TABLE",
    "Administration",
    "AdministrationRefused",
    "CertificateFile",
    "CliSession",
    "ClusterAdministration",
    "CommandRun",
    "Member",
    "OpenPort",
    "Output",
    "PlatformCli",
    "Reachability",
    "Result",
    "Wants",
]

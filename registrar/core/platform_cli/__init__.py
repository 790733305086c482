"""The platform CLI of a node: an interpreter that neither reads nor waits, over SSH or without."""

from registrar.core.platform_cli.administration import (
    AdministrationRefused,
    CertificateFile,
    Member,
    NodeAdministration,
    OpenPort,
    Reachability,
)
from registrar.core.platform_cli.cluster_administration import ClusterAdministration
from registrar.core.platform_cli.command_run import CommandResult, CommandRun
from registrar.core.platform_cli.command_table import TABLE
from registrar.core.platform_cli.conversation import Wants
from registrar.core.platform_cli.session import CliSession, Output, PlatformCli

__all__ = [
    "TABLE",
    "AdministrationRefused",
    "CertificateFile",
    "CliSession",
    "ClusterAdministration",
    "CommandResult",
    "CommandRun",
    "Member",
    "NodeAdministration",
    "OpenPort",
    "Output",
    "PlatformCli",
    "Reachability",
    "Wants",
]

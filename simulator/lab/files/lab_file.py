"""Reads LAB.yaml files."""

from __future__ import annotations

from pathlib import Path

from simulator.lab.config.lab import LabConfig
from simulator.lab.files import yaml_source
from simulator.lab.files.ucm_rules import check_rules
from simulator.lab.files.yaml_source import Loaded


def read_lab(path: Path) -> LabConfig:
    """Read a lab file. Raises yaml_source.SourceError, which names the file and the line."""
    return lab_of(yaml_source.read_file(path))


def lab_of(loaded: Loaded) -> LabConfig:
    """Build the lab that a loaded file, or `--set`, describes. Raises yaml_source.SourceError."""
    config = yaml_source.build(LabConfig, loaded)
    check_rules(config, loaded, ())
    return config

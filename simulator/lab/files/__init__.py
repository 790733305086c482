"""Lab and scenario files: reading YAML, overlays, validation with file and line, the catalogue."""

"""The report of a run: model, archive, artifacts on disk, HTML."""

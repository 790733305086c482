"""Parts of the pytest plugin, which `pytest_ucmsim` loads as its own (see there). They import none of ours."""

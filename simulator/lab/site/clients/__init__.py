"""The clients of a lab: its phones with their tokens, and foreign clients of a scenario."""

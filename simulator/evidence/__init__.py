"""Readers of the event stream: explanations, ladders, logs, captures, reports."""

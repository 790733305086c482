"""One folder a scenario: scenario.yaml and README.md (symptom, cause, how to see it on a real UCM, remedy)."""

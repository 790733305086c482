"""What a scenario may do: one verb a file in the folders below, and what they need of a driver."""

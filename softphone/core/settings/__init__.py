"""What a phone is given: profile, behaviours, tokens, back-off."""

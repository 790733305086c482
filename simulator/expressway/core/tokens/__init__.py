"""OAuth tokens at an Expressway: keys from UCM, and the check of each request's token."""

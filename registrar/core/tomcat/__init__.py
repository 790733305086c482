"""What the web applications of a node share: HTTP answers, users and their passwords."""

"""What lab and scenario files hold: typed models, without behaviour."""

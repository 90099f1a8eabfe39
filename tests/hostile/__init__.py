"""Plugins that misbehave, and what becomes of them."""

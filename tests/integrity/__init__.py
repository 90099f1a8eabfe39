"""Plugins that cheat, and scores that do not change."""

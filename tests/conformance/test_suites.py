"""Suites: for every rule one that it catches."""

from __future__ import annotations

from conforming import reported


def test_a_suite_that_names_nothing_installed_fails(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("""
        name = "mine"
        version = 1
        title = "Mine"
        [default_profile]
        cpu = "huge"
        [axes]
        dataset = ["nothing"]
        domain = ["a"]
        architecture = ["convnet"]
        method = ["source_only"]
    """)
    found = reported("suites", path)
    assert found["its default profiles exist"] == ("failed", "default profile ['huge'] is none of []")
    assert "unknown dataset 'nothing'" in found["its plan can be made"][1]

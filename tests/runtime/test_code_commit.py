"""Which commit runs, and a warning where results come from several."""

import subprocess

import pytest

import mmctr
from mmctr.runtime.code_commit import code_commit, warn_if_commits_differ

HASH = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of this name in a repository of its own."""
    code_commit.cache_clear()
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@b.c"]
    module = tmp_path / "__init__.py"
    module.write_text("")
    subprocess.run([*git, "init", "-q"], check=True)
    monkeypatch.setattr(mmctr, "__file__", str(module))
    yield git
    code_commit.cache_clear()


def test_the_commit_and_changes_since(package, tmp_path):
    assert code_commit() is None  # not part of the repository yet
    subprocess.run([*package, "add", "-A"], check=True)
    subprocess.run([*package, "commit", "-qm", "one"], check=True)
    code_commit.cache_clear()
    found = code_commit()
    assert found is not None and len(found) == 40
    (tmp_path / "__init__.py").write_text("changed = 1\n")
    assert code_commit() == found  # looked up once per process
    code_commit.cache_clear()
    assert code_commit() == f"{found}-dirty"


def test_without_git_the_commit_is_unknown(package, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert code_commit() is None


@pytest.mark.parametrize(
    ("commits", "warns"),
    [
        ([HASH, HASH], False),
        ([HASH, None], False),
        ([], False),
        ([HASH, f"{HASH}-dirty", HASH], True),
    ],
)
def test_results_of_several_commits_are_warned_about(caplog, commits, warns):
    warn_if_commits_differ(commits, "trials")
    assert ("trials: made by different commits" in caplog.text) == warns

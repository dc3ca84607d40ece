"""What is made when the site is built."""

from types import SimpleNamespace

from pages import on_config, on_page_content


def test_pages_that_the_navigation_does_not_name_are_added_to_it(tmp_path):
    for name in ("index.md", "tuning.md", "later.md"):
        (tmp_path / name).touch()
    nav = [
        {"What it is": "index.md"},
        {"Tasks": [{"Tune": "tuning.md"}]},
        {"Reference": ["parameters.md"]},
    ]
    config = on_config(SimpleNamespace(nav=nav, docs_dir=str(tmp_path)))
    assert config.nav[1]["Tasks"] == [{"Tune": "tuning.md"}, "later.md"]
    _, packages, nodes = config.nav[2]["Reference"]
    assert "api/content-quantizers.md" in packages["Packages"]
    assert "api/pipelines-embedding.md" in nodes["Nodes of pipelines"]


def test_roles_of_docstrings_are_shown_as_names():
    html = (
        "see :class:<code>~mmctr.ctr.Din</code>, :func:<code>fit</code> <code>~x</code>"
    )
    assert on_page_content(html, page=None) == (
        "see <code>Din</code>, <code>fit</code> <code>~x</code>"
    )

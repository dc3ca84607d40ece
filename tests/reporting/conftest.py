"""What tests of a report's words leave out."""

import pytest
from markupsafe import Markup


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are made and not written: that takes most of a report's time."""
    picture = Markup("<svg></svg>")
    monkeypatch.setattr("mmctr.reporting.blocks.inline_svg", lambda *_: picture)

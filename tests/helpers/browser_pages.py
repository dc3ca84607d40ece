"""What a browser says of the pages that it showed."""

import json
from typing import Any


def console_errors(browser: Any) -> list[str]:
    """What pages complained of since the last call."""
    return [x["message"] for x in browser.get_log("browser") if x["level"] == "SEVERE"]


def requested_urls(browser: Any) -> list[str]:
    """All that pages asked the network for since the last call."""
    events = [
        json.loads(x["message"])["message"] for x in browser.get_log("performance")
    ]
    return [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
        and event["params"]["request"]["url"].startswith(("http", "ws"))
    ]

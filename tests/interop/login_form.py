"""The page of the authorization server as a browser has it, and what the OAuth clients here ask for."""

from __future__ import annotations

from html.parser import HTMLParser

SCOPE = "UnifiedCommunications:readwrite"
VERIFIER = "a-verifier-of-more-than-forty-three-characters"


class Form(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.action = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found["action"]
        elif tag == "input":
            self.fields[found["name"]] = found.get("value", "")

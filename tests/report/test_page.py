import json
import re
from html.parser import HTMLParser

import pytest

from qkdctl.report.page import report_page
from qkdctl.report.verdict import verdict

VOID = {"meta"}


class Checked(HTMLParser):
    """Every element that opens closes; texts and tags are kept."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.text = [], set(), ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_everything_is_on_the_page(record):
    text = Checked(report_page(record)).text
    for words in (
        "400 secret bits", "emulated", "lim2014", "laser-dark", "Look at the laser.", "TDC1 EMU1",
        "s15-tdc1", "intensities[0].mean", "channel_loss_db", "clocks locked", "phase error 0.4 is above 0.042",
        "1e-10", "agreed limit 0.042",
    ):  # fmt: skip
        assert words in text, words


def test_the_page_needs_nothing_from_elsewhere(record):
    page = report_page(record)
    assert not {"script", "link", "img", "iframe"} & Checked(page).tags
    assert not re.findall(r"(?:src|href)=|url\(|@import|https?:", page)


def test_every_text_of_the_record_is_only_text(record):
    """Whatever an instrument, a scenario or a peer wrote, nothing of it becomes markup."""
    evil = '<script>alert("1")</script>'
    hostile = json.loads(
        json.dumps(record), object_hook=lambda table: {k: spoil(v, evil) for k, v in table.items()}
    )
    hostile["label"] = "emulated"
    page = Checked(report_page(hostile))
    assert "script" not in page.tags
    assert evil in page.text


def spoil(value, evil):
    if isinstance(value, str):
        return evil
    return [spoil(item, evil) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({}, "weak", "protect nothing"),
        ({"label": "secret"}, "good", "secret under the named proof"),
        ({"failures": {"bob": "bob.tagger: fell silent"}}, "bad", "bob.tagger: fell silent"),
    ],
)
def test_the_verdict(record, change, kind, words):
    found, sentences = verdict({**record, **change})
    assert found == kind
    assert words in " ".join(sentences)


def test_a_session_without_key_says_why(record):
    record["summary"]["secret_bits"] = 0
    kind, sentences = verdict(record)
    assert kind == "bad"
    assert "phase error 0.4 is above 0.042" in sentences


def test_unequal_keys_are_never_good(record):
    record["summary"]["keys_equal"] = False
    record["label"] = "secret"
    kind, sentences = verdict(record)
    assert kind == "bad"
    assert "Use none of them." in " ".join(sentences)

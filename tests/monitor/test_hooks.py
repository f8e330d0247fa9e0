import http.server
import json
import sys
import threading

import pytest

from qkdctl.monitor.hooks import Hooks, command, webhook


def after(hooks, board, *steps):
    hooks(board)
    for step in steps:
        step()
        hooks(board)
    hooks.close()


def test_each_change_is_told_once(board, busy):
    told = []
    hooks = Hooks([told.append], told.append)
    drop = {"name": "count-drop", "severity": "error", "what_to_do": "Look."}
    after(
        hooks,
        board,
        lambda: busy("bob", "alarm", "Bob's detectors", **drop),
        lambda: None,
        lambda: busy("bob", "relief", "Bob's detectors", name="count-drop"),
    )
    assert [(news["raised"], news["name"], news["session"]) for news in told] == [
        (True, "count-drop", "lab"), (False, "count-drop", "lab")
    ]  # fmt: skip


def test_a_hook_that_fails_is_named_and_the_next_is_called(board, busy):
    told, complaints = [], []
    hooks = Hooks([command([sys.executable, "-c", "raise SystemExit(3)"]), told.append], complaints.append)
    after(hooks, board, lambda: busy("bob", "block", "2", outcome="refused", reason="too few"))
    (complaint,) = complaints
    assert "block-without-key" in complaint
    assert len(told) == 1


def test_a_command_reads_the_news(tmp_path):
    path = tmp_path / "news"
    command([sys.executable, "-c", f"import sys; open({str(path)!r}, 'w').write(sys.stdin.read())"])(
        {"name": "x"}
    )
    assert json.loads(path.read_text()) == {"name": "x"}


def test_a_web_address_gets_the_news():
    told = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        webhook(f"http://127.0.0.1:{server.server_port}/x")({"name": "y"})
        thread.join()
    assert told == [{"name": "y"}]


def test_a_file_is_no_web_address():
    with pytest.raises(ValueError, match="expected an address that begins with http"):
        webhook("file:///etc/passwd")

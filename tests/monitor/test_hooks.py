import http.server
import json
import socket
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


@pytest.mark.parametrize(
    "url", ["http://chat.example.org:port/x", "http://a b/", "http://[::1/", "https://", "http://x:70000/"]
)
def test_an_address_that_could_never_be_called_is_refused_at_once(url):
    with pytest.raises(ValueError, match="is no web address"):
        webhook(url)


def test_a_command_names_a_program():
    with pytest.raises(ValueError, match="command is empty"):
        command([])


def test_what_answers_something_else_than_a_web_server_is_complained_of(board, busy):
    """As a port does that belongs to another service."""
    complaints = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            with server.accept()[0] as line:
                line.recv(4096)
                line.sendall(b"SSH-2.0\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        hooks = Hooks([webhook(f"http://127.0.0.1:{server.getsockname()[1]}/")], complaints.append)
        after(hooks, board, lambda: busy("bob", "block", "2", outcome="refused", reason="too few"))
        thread.join()
    (complaint,) = complaints
    assert "a hook for block-without-key failed" in complaint


def test_a_hook_that_hangs_holds_up_no_other_and_hears_everything_in_order(board, busy):
    told, heard, free = [], threading.Event(), threading.Event()

    def hangs(news):
        free.wait(60)
        told.append(news["raised"])

    def others(news):
        if not news["raised"]:
            heard.set()

    hooks = Hooks([hangs, others], told.append)
    hooks(board)
    for _ in range(5):
        busy("bob", "alarm", "Bob's detectors", name="count-drop", severity="error", what_to_do="Look.")
        hooks(board)
        busy("bob", "relief", "Bob's detectors", name="count-drop")
        hooks(board)
    assert heard.wait(60)
    assert told == []
    free.set()
    hooks.close()
    assert told == [True, False] * 5

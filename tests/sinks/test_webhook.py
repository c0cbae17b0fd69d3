"""Records posted to real web servers: taken, refused, slow, gone, redirecting, and with certificates."""

import http.server
import json
import ssl
import subprocess
import threading
import time
from collections import deque

import pytest

from tests.support.broker import free_port
from tests.support.wait import until
from watcher.secret import Secret
from watcher.sinks.options import WebhookOptions


class Server(http.server.ThreadingHTTPServer):
    """Answers with the statuses of `answers` in turn, then with 204; `posts` is what it was told."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port=0, context=None):
        super().__init__(("127.0.0.1", port), Answer)
        self.posts, self.answers, self.slow = [], deque(), 0.0
        self.fails_at = set()
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def handle_error(self, request, client_address):
        pass


class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, fields = self.server.answers.popleft() if self.server.answers else (204, {})
        if json.loads(body).get("id") in self.server.fails_at:
            status = 500
        self.server.posts.append((self.path, dict(self.headers), body, status))
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        for _ in range(int(self.server.slow / 0.05)):
            self.wfile.write(b".")
            threading.Event().wait(0.05)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    servers = []

    def start(*answers, **settings):
        server = Server(**settings)
        server.answers.extend(one if isinstance(one, tuple) else (one, {}) for one in answers)
        servers.append(server)
        return server

    yield start
    for one in servers:
        one.shutdown()
        one.server_close()


def record(number=0):
    return {"event_type": "started", "id": f"e{number}", "camera": "porch", "sequence": 0, "published_at": None}


def hook(server, path="/hook", scheme="http", **settings):
    return WebhookOptions(url=Secret(f"{scheme}://127.0.0.1:{server.port}{path}"), **settings)


def taken(server):
    return [json.loads(body)["id"] for _, _, body, status in server.posts if status < 300]


def test_the_payload_is_posted(server, sink):
    one = server()
    courier = sink(hook(one, "/hook?key=k", headers={"Authorization": Secret("Bearer t")}))
    courier.outbox.put("porch", record())
    until(lambda: courier.idle)
    ((path, headers, body, _),) = one.posts
    assert path == "/hook?key=k"
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Bearer t"
    assert headers["Idempotency-Key"] == "e0-0"
    told = json.loads(body)
    assert told["published_at"].endswith("Z")
    assert {**told, "published_at": None} == record()


def test_user_and_password_of_the_address_are_sent_and_never_shown(server, sink, caplog):
    one = server(500)
    options = WebhookOptions(url=Secret(f"http://me:hunter%32@127.0.0.1:{one.port}/secret/hunter2"))
    courier = sink(options)
    courier.outbox.put("porch", record())
    until(lambda: courier.idle, 10)
    assert one.posts[0][1]["Authorization"] == "Basic bWU6aHVudGVyMg=="
    assert f"http://127.0.0.1:{one.port} answers with status 500" in caplog.text
    assert "hunter" not in caplog.text + repr(options)


def test_it_is_tried_again_in_order_until_it_is_taken(server, sink, caplog):
    one = server(503, 500, (429, {"Retry-After": "1"}))
    courier = sink(hook(one))
    for number in range(5):
        courier.outbox.put("porch", record(number))
    until(lambda: courier.idle, 20)
    assert taken(one) == [f"e{number}" for number in range(5)]
    assert [json.loads(post[2])["id"] for post in one.posts[:4]] == ["e0"] * 4
    assert "it works again" in caplog.text or "trying again" in caplog.text


def test_a_server_that_comes_later(server, sink, caplog):
    port = free_port()
    courier = sink(WebhookOptions(url=Secret(f"http://127.0.0.1:{port}/")))
    courier.outbox.put("porch", record())
    until(lambda: "cannot be reached (Connection refused); trying again until it works" in caplog.text)
    one = server(port=port)
    until(lambda: courier.idle, 10)
    assert taken(one) == ["e0"]


def test_what_is_refused_for_itself_stands_in_nobodys_way(server, sink, caplog):
    one = server(422)
    courier = sink(hook(one))
    courier.outbox.put("porch", record(0))
    courier.outbox.put("porch", record(1))
    until(lambda: courier.idle)
    assert taken(one) == ["e1"]
    assert "refuses a record (status 422); it is left out" in caplog.text


def test_a_record_that_the_server_fails_at_for_ever_is_left_out_with_a_word(server, sink, caplog, monkeypatch):
    monkeypatch.setattr("watcher.sinks.courier.FIRST_WAIT", 0.001)
    one = server()
    one.fails_at = {"e0", "e2"}
    courier = sink(hook(one))
    for number in range(4):
        courier.outbox.put("porch", record(number))
    until(lambda: courier.idle)
    assert taken(one) == ["e1", "e3"]
    assert [line.split(": ", 1)[1].split(",")[0] for line in caplog.messages if "left out" in line] == [
        f"http://127.0.0.1:{one.port} answers with status 500"
    ] * 2
    assert "started of e0 is left out" in caplog.text


def test_a_server_that_fails_at_everything_loses_nothing(server, sink, monkeypatch):
    monkeypatch.setattr("watcher.sinks.courier.FIRST_WAIT", 0.001)
    monkeypatch.setattr("watcher.sinks.courier.LONGEST_WAIT", 0.01)
    one = server()
    one.fails_at = {"e0", "e1", "e2"}
    courier = sink(hook(one))
    for number in range(3):
        courier.outbox.put("porch", record(number))
    until(lambda: len(one.posts) > 20)
    assert courier.outbox.waiting() == 3
    one.fails_at = set()
    until(lambda: courier.idle)
    assert sorted(set(taken(one))) == ["e0", "e1", "e2"]


def test_a_server_that_drips_is_left_in_time(server, sink, caplog):
    one = server(200)
    one.slow = 30
    courier = sink(hook(one, timeout=0.4))
    courier.outbox.put("porch", record())
    begun = time.monotonic()
    until(lambda: "does not answer within 0.4 s" in caplog.text, 5)
    assert time.monotonic() - begun < 3
    one.slow = 0
    until(lambda: courier.idle, 10)


def test_a_post_follows_a_redirect_that_asks_for_a_post(server, sink):
    there = server()
    here = server((308, {"Location": f"http://localhost:{there.port}/new"}))
    courier = sink(hook(here, headers={"Authorization": Secret("Bearer t")}))
    courier.outbox.put("porch", record())
    until(lambda: courier.idle)
    path, headers, body, _ = there.posts[0]
    assert path == "/new"
    assert json.loads(body)["id"] == "e0"
    assert "Authorization" not in headers, "what is meant for one server is not told another"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((302, {"Location": "/elsewhere"}), "a redirect (status 302) that a post cannot follow"),
        ((307, {"Location": "file:///etc/passwd"}), "redirects to what is no web address"),
        ((307, {"Location": "/hook"}), "redirects more than 3 times"),
    ],
)
def test_a_redirect_that_makes_no_sense_is_said(server, sink, caplog, answer, sentence):
    one = server(*[answer] * 4)
    courier = sink(hook(one))
    courier.outbox.put("porch", record())
    until(lambda: sentence in caplog.text)
    until(lambda: courier.idle, 10)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return folder / "cert.pem", context


def test_the_server_has_to_be_who_it_says_unless_told_otherwise(server, sink, certificate, caplog):
    authority, context = certificate
    one = server(context=context)
    courier = sink(hook(one, scheme="https"))
    courier.outbox.put("porch", record(0))
    until(lambda: "shows a certificate that cannot be trusted" in caplog.text)
    assert one.posts == []
    for options in ({"ca": str(authority)}, {"verify_tls": False}):
        trusting = sink(hook(one, scheme="https", **options))
        trusting.outbox.put("porch", record(1))
        until(lambda trusting=trusting: trusting.idle)
    assert taken(one) == ["e1", "e1"]


def test_a_redirect_from_https_to_http_is_not_followed(server, sink, certificate, caplog):
    authority, context = certificate
    plain = server()
    one = server((307, {"Location": f"http://127.0.0.1:{plain.port}/"}), context=context)
    courier = sink(hook(one, scheme="https", ca=str(authority)))
    courier.outbox.put("porch", record())
    until(lambda: "from https to http; that is not followed" in caplog.text)
    assert plain.posts == []


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"url": Secret("ftp://host/")}, "url must be an address"),
        ({"url": Secret("https://")}, "url must be an address"),
        ({"url": Secret("https://host/a b")}, "url must be an address"),
        ({"url": Secret("http://h/"), "headers": {"Bad Name": Secret("x")}}, "name of a header field"),
        ({"url": Secret("http://h/"), "headers": {"Host": Secret("x")}}, "set by the program"),
        ({"url": Secret("http://h/"), "headers": {"X-A": Secret("a\r\nX-B: hunter2")}}, "value for X-A"),
    ],
)
def test_settings_that_make_no_sense(settings, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        WebhookOptions(**settings)
    assert "hunter2" not in str(caught.value)

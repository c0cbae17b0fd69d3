"""A network camera for the bench: python -m tests.bench.camera_server FOLDER; prints its port and serves."""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Stream(BaseHTTPRequestHandler):
    """Every request gets the folder's JPEGs again and again as multipart/x-mixed-replace."""

    pictures: tuple[bytes, ...] = ()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            while True:
                for data in self.pictures:
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                    self.wfile.write(head.encode() + data + b"\r\n")
        except ConnectionError:
            pass

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    Stream.pictures = tuple(path.read_bytes() for path in sorted(Path(sys.argv[1]).glob("*.jpg")))
    server = HTTPServer(("127.0.0.1", 0), Stream)
    print(server.server_port, flush=True)
    server.serve_forever()

"""A way to a server that ends its caller at a call of one's choosing: an HTTP proxy on loopback."""

import http.client
import http.server
import threading
import urllib.parse

READS = ("List", "Get", "Describe")
TIMEOUT_S = 60


class Interrupting:
    """Passes calls on to `server` from `endpoint`. `writes`: the operations that would change something, in their order."""

    def __init__(self, server):
        self.writes = []
        self._to = urllib.parse.urlsplit(server.endpoint).netloc
        self._kill = None
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # A reply leaves in one piece: in two, the second waits 40 ms for the first's acknowledgement.

            def do_POST(self):
                proxy._serve(self)

            def log_message(self, *_):
                pass

        self._listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._listener.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._listener.server_address[1]}"
        self._thread = threading.Thread(target=self._listener.serve_forever)
        self._thread.start()

    def kill_at_next_write(self, process, *, done):
        """SIGKILL for `process` at its next call that writes: after the server has `done` it, or before it sees it."""
        self._kill = (process, done)

    def _serve(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        operation = handler.headers["X-Amz-Target"].split(".")[-1]
        is_write = not operation.startswith(READS)
        kill = self._kill if is_write else None
        if is_write:
            self.writes.append(operation)
        if kill and not kill[1]:
            kill[0].kill()
            handler.close_connection = True
            return
        connection = http.client.HTTPConnection(self._to, timeout=TIMEOUT_S)
        try:
            connection.request("POST", handler.path, body=body, headers=dict(handler.headers.items()))
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        if kill:
            kill[0].kill()
            kill[0].wait()
            handler.close_connection = True
            return
        handler.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()

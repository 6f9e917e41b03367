"""A KMS client of a few lines, for what the command line is too well-behaved to send. Signs as AWS Signature Version 4 says."""

import base64
import datetime
import hashlib
import hmac
import http.client
import json
import urllib.parse

from keyfold_server import REGION

TIMEOUT_S = 30


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed_headers(host, credentials, operation, body, region=REGION, moment=None):
    """The headers of a signed call."""
    moment = moment or datetime.datetime.now(datetime.timezone.utc)
    stamp, day = moment.strftime("%Y%m%dT%H%M%SZ"), moment.strftime("%Y%m%d")
    headers = {"content-type": "application/x-amz-json-1.1", "host": host, "x-amz-date": stamp, "x-amz-target": f"TrentService.{operation}"}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{region}/kms/aws4_request"
    key = f"AWS4{credentials[1]}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = _hmac(key, text).hex()
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={credentials[0]}/{scope}, SignedHeaders={names}, Signature={signature}"
    return headers


def exchange(server, headers, body):
    """One request as it is; the reply's status, its id, and its JSON (or text)."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server.endpoint).netloc, timeout=TIMEOUT_S)
    try:
        connection.request("POST", "/", body=body, headers=headers)
        reply = connection.getresponse()
        text = reply.read()
    finally:
        connection.close()
    request_id = reply.getheader("x-amzn-requestid")
    try:
        return reply.status, request_id, json.loads(text or b"{}")
    except ValueError:
        return reply.status, request_id, text


def send(server, headers, body):
    """The same, without the id."""
    status, _, reply = exchange(server, headers, body)
    return status, reply


class Kms:
    """Calls a server as somebody. `answered`: the id of each call that succeeded, which its audit record has as well."""

    def __init__(self, server, credentials):
        self.server, self.credentials = server, credentials
        self.answered = []

    def call(self, operation, **request):
        """The status, and the reply or error."""
        body = json.dumps(request).encode()
        host = urllib.parse.urlsplit(self.server.endpoint).netloc
        status, request_id, reply = exchange(self.server, signed_headers(host, self.credentials, operation, body), body)
        if status == 200:
            self.answered.append(request_id)
        return status, reply

    def must(self, operation, **request):
        status, reply = self.call(operation, **request)
        if status != 200:
            raise AssertionError(f"{operation} answered {status}: {reply}")
        return reply

    def new_key(self, **request):
        return self.must("CreateKey", **request)["KeyMetadata"]["KeyId"]

    def encrypt(self, key, plaintext, **more):
        return self.must("Encrypt", KeyId=key, Plaintext=base64.b64encode(plaintext).decode(), **more)["CiphertextBlob"]

    def decrypt(self, blob, **more):
        return base64.b64decode(self.must("Decrypt", CiphertextBlob=blob, **more)["Plaintext"])


def error_of(reply):
    """The exception's bare name, as clients read it."""
    return reply["__type"].split("#")[-1]

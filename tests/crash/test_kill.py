"""kill -9 at random moments under eight writers: nothing acknowledged is lost, every ciphertext ever returned decrypts, and the audit
log has a record of every answer. (50 moments with KEYFOLD_FULL=1, else 8.)"""

import base64
import json
import os
import random
import tempfile
import threading
import time
import unittest

from keyfold_server import Production, cli

MOMENTS = 50 if os.environ.get("KEYFOLD_FULL") == "1" else 8
WRITERS = 8
GRANTEE = "arn:aws:iam::111122223333:root"
CALLS_MOST = 120  # Acknowledged between a start and its kill.
PATIENCE_S = 60


class Writer(threading.Thread):
    """Makes keys, describes them anew, grants and revokes, encrypts, until the server is gone; remembers what was acknowledged."""

    def __init__(self, number, server, credentials, keys, stop, acknowledged):
        super().__init__()
        self.number, self.server, self.credentials, self.keys, self.stop = number, server, credentials, keys, stop
        self.made, self.descriptions, self.ciphertexts = [], {}, []
        self.grants, self.revoked = [], []  # (key, grant id): of both what is certain.
        self.tried, self.answered = set(), set()  # (operation, tag), (operation, tag, key id): each call has a tag of its own.
        self.acknowledged = acknowledged  # A semaphore of all writers.
        self.failed_call = None  # When the call began that had no answer.

    def call(self, operation, tag, **request):
        begun = time.monotonic()
        self.tried.add((operation, tag))
        done = cli("call", operation, "-", server=self.server, credentials=self.credentials, check=False, timeout=60,
                   input=json.dumps(request).encode())
        if done.returncode != 0:
            self.failed_call = begun
            return None
        answer = json.loads(done.stdout or b"{}")
        self.answered.add((operation, tag, request.get("KeyId") or answer["KeyMetadata"]["KeyId"]))
        self.acknowledged.release()
        return answer

    def run(self):
        count = 0
        while not self.stop.is_set():
            count += 1
            tag = f"call {count} of writer {self.number}"
            if count % 6 == 1:
                answer = self.call("CreateKey", tag, Description=tag)
                if answer is None:
                    return
                self.made.append(answer["KeyMetadata"]["KeyId"])
            key = self.made[-1] if self.made else self.keys[0]
            if count % 6 == 2:
                if self.call("UpdateKeyDescription", tag, KeyId=key, Description=tag) is None:
                    self.descriptions.pop(key, None)  # Not acknowledged: either is right.
                    return
                self.descriptions[key] = tag
                continue
            if count % 6 == 3:
                answer = self.call("CreateGrant", tag, KeyId=key, GranteePrincipal=GRANTEE, Operations=["Decrypt"],
                                   Name=tag.replace(" ", "-"))
                if answer is None:
                    return
                self.grants.append((key, answer["GrantId"]))
                continue
            if count % 6 == 4 and len(self.grants) > 1:
                key, grant = self.grants.pop(0)
                if self.call("RevokeGrant", grant, KeyId=key, GrantId=grant) is None:
                    return  # Not acknowledged: it may be there, or not.
                self.revoked.append((key, grant))
                continue
            answer = self.call("Encrypt", tag, KeyId=key, EncryptionContext={"call": tag},
                               Plaintext=base64.b64encode(tag.encode()).decode())
            if answer is None:
                return
            self.ciphertexts.append((key, answer["CiphertextBlob"], tag))


def identity_of(event):
    """Of a call, as its writer knows it: operation, tag, key id."""
    request = event["requestParameters"]
    tag = (request.get("encryptionContext", {}).get("call") or request.get("description") or
           request.get("name", "").replace("-", " ") or request.get("grantId", ""))
    return event["eventName"], tag, event["resources"][0]["ARN"].rsplit("/", 1)[1]


class KillNine(unittest.TestCase):
    def test_nothing_acknowledged_is_lost(self):
        chance = random.Random(20261124)
        keys, descriptions, ciphertexts, tried, answered, awaited, in_flight = [], {}, [], set(), set(), 0, 0
        grants, revoked = [], []
        with tempfile.TemporaryDirectory(prefix="keyfold-crash-") as folder:
            production = Production(folder)
            for moment in range(MOMENTS):
                with production.start() as server:
                    credentials = production.credentials()
                    if not keys:
                        done = cli("call", "CreateKey", server=server, credentials=credentials)
                        keys.append(json.loads(done.stdout)["KeyMetadata"]["KeyId"])
                        tried.add(("CreateKey", ""))
                        answered.add(("CreateKey", "", keys[0]))
                    stop, acknowledged = threading.Event(), threading.Semaphore(0)
                    writers = [Writer(moment * WRITERS + i, server, credentials, keys, stop, acknowledged) for i in range(WRITERS)]
                    for writer in writers:
                        writer.start()
                    calls = chance.randint(1, CALLS_MOST)
                    awaited += calls
                    for _ in range(calls):
                        self.assertTrue(acknowledged.acquire(timeout=PATIENCE_S), "the writers do not get on")
                    time.sleep(chance.uniform(0, 0.02))  # The moment; nothing waits for it.
                    killed = time.monotonic()
                    server.kill()
                    stop.set()
                    for writer in writers:
                        writer.join()
                        keys += writer.made
                        descriptions.update(writer.descriptions)
                        ciphertexts += writer.ciphertexts
                        grants += writer.grants
                        revoked += writer.revoked
                        tried |= writer.tried
                        answered |= writer.answered
                        in_flight += writer.failed_call is not None and writer.failed_call < killed
                # A writer's last, unanswered change of an earlier key may stand as well.
            with production.start() as server:
                checked = self.check(server, production.credentials(), keys, descriptions, ciphertexts, grants, revoked)
                self.assertEqual(server.stop(), 0)
            unanswered = self.check_audit(production.data / "audit", tried, answered | checked)
        print(f"{MOMENTS} kills under {in_flight} calls, {unanswered} of them recorded and not answered: "
              f"{len(keys)} keys, {len(descriptions)} descriptions, {len(ciphertexts)} ciphertexts, {len(grants)} grants, all there; "
              f"{len(revoked)} grants revoked")
        # Of every six calls of a writer one makes a key, one describes it, one grants, two or three encrypt. Half of that is enough.
        self.assertGreaterEqual(len(keys), awaited // 12)
        self.assertGreaterEqual(len(descriptions), awaited // 12)
        self.assertGreaterEqual(len(grants) + len(revoked), awaited // 16)
        self.assertGreaterEqual(len(ciphertexts), awaited // 6)
        self.assertGreaterEqual(in_flight, MOMENTS, "the kills hit a server that had nothing to do")
        self.assertGreater(unanswered, 0, "no kill came between a record and its answer")

    def check(self, server, credentials, keys, descriptions, ciphertexts, grants, revoked):
        def call(operation, **request):
            done = cli("call", operation, "-", server=server, credentials=credentials, input=json.dumps(request).encode())
            return json.loads(done.stdout)

        for key in keys:
            metadata = call("DescribeKey", KeyId=key)["KeyMetadata"]
            if key in descriptions:
                self.assertEqual(metadata["Description"], descriptions[key])
        for _, blob, tag in ciphertexts:
            opened = call("Decrypt", CiphertextBlob=blob, EncryptionContext={"call": tag})
            self.assertEqual(base64.b64decode(opened["Plaintext"]), tag.encode())
        for key, grant in grants + revoked:
            listed = call("ListGrants", KeyId=key, GrantId=grant)["Grants"]
            self.assertEqual([entry["GrantId"] for entry in listed], [] if (key, grant) in revoked else [grant])
        return {("DescribeKey", "", key) for key in keys} | {("Decrypt", tag, key) for key, _, tag in ciphertexts}

    def check_audit(self, directory, tried, answered):
        done = cli("audit", "show", directory)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        ids = [event["eventID"] for event in events]
        self.assertEqual(len(ids), len(set(ids)), "an event recorded twice")
        names = {name for name, _, _ in answered}
        recorded = [identity_of(event) for event in events if event["eventName"] in names and not event.get("errorCode")]
        self.assertEqual(len(recorded), len(set(recorded)), "a call recorded twice")
        self.assertEqual(answered - set(recorded), set(), "answers without a record")
        unanswered = set(recorded) - answered
        self.assertEqual({(name, tag) for name, tag, _ in unanswered} - tried, set(), "records of what nobody called")
        return len(unanswered)


if __name__ == "__main__":
    unittest.main()

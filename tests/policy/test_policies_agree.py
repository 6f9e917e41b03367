"""The server's policy engine and the naive one, written from AWS's documentation, decide alike: 100,000 random requests
(KEYFOLD_FULL: 1,000,000) under random policies and grants, and examples that AWS's documentation works through."""

import collections
import json
import multiprocessing
import os
import pathlib
import random
import re
import subprocess
import unittest

import naive_policy
import random_facts
import random_policies
import shrink
import what_matters

FULL = os.environ.get("KEYFOLD_FULL") == "1"
CASES = 1_000_000 if FULL else 100_000
REQUESTS = 20  # Of one case: for the same policies.
CHUNK = 500  # Cases at a time.
POLICIES = ("key", "identity", "boundary", "session")
SOURCES = pathlib.Path(__file__).resolve().parents[2] / "src/keyfold"


def verdicts_of_server(cases):
    """A text for each case, of a letter for each request; or why a policy was refused."""
    lines = []
    for case in cases:
        policies = {kind: [json.dumps(policy) for policy in case[kind]] for kind in ("identity", "boundary", "session")}
        key = None if case["key"] is None else json.dumps(case["key"])
        lines.append(json.dumps({"key": key, **policies, "requests": case["requests"]}))
    program = pathlib.Path(os.environ["KEYFOLD_BIN"]) / "policy_verdicts"
    done = subprocess.run([program], input="\n".join(lines) + "\n", text=True, capture_output=True, check=True)
    return done.stdout.splitlines()


def naive_verdict(case, request):
    return naive_policy.decide_and_say(case["key"], case["identity"], case["boundary"], case["session"], request)


def disagrees(case):
    """Of a case with one request."""
    server = verdicts_of_server([case])[0]
    return server in ("a", "d") and server != naive_verdict(case, case["requests"][0])[0][0]


def examined(seed):
    """A chunk of cases: what was counted, and what went wrong."""
    world, chance = random_policies.World(seed), random.Random(f"changes {seed}")
    cases = [world.case(REQUESTS) for _ in range(CHUNK)]
    counts, wrong = collections.Counter(), []
    for case, server in zip(cases, verdicts_of_server(cases), strict=True):
        if len(server) != REQUESTS:
            wrong.append(f"{server}: {json.dumps(case)}")
            continue
        changes = [what_matters.changed(case, chance) for _ in range(4)]
        for request, letter in zip(case["requests"], server):
            verdict, why = naive_verdict(case, request)
            counts[verdict] += 1
            counts[f"{verdict}: {why}"] += 1
            if letter != verdict[0]:
                wrong.append({**case, "requests": [request]})
            for names, other in changes:
                counts.update({f"mattered: {name}": naive_verdict(other, request)[0] != verdict for name in names})
            change = what_matters.changed_request(request, chance)
            if change:
                counts[f"mattered: {change[0]}"] += naive_verdict(case, change[1])[0] != verdict
    return counts, wrong


class Agreement(unittest.TestCase):
    def test_random_requests_are_decided_alike(self):
        seeds = [chunk * CHUNK for chunk in range(CASES // (CHUNK * REQUESTS))]
        counts, wrong = collections.Counter(), []
        with multiprocessing.Pool(2 if FULL else 1) as pool:
            for some, others in pool.imap_unordered(examined, seeds):
                counts += some
                wrong += others
        for name, count in sorted(counts.items()):
            print(f"{count:8} {name}")
        for case in wrong[:5]:
            print(case if isinstance(case, str) else json.dumps(shrink.shrunk(case, disagrees)))
        self.assertEqual(len(wrong), 0)
        self.assertEqual(counts["allow"] + counts["deny"], CASES)
        self.check_world(counts)

    def check_world(self, counts):
        for verdict in ("allow", "deny"):
            self.assertGreater(counts[verdict], CASES // 10, verdict)
        for name in [*random_policies.OPERATORS, *what_matters.EVERYTHING]:
            self.assertGreater(counts[f"mattered: {name}"], 0, name)
        for rule in RULES:
            self.assertGreater(counts[rule], 0, rule)


RULES = [
    *(f"deny: explicit deny in {kind} policy{granted}" for kind in POLICIES for granted in ("", ", although granted")),
    "deny: the key policy names nobody that the caller is",
    *(f"allow: named by {way}" for way in ("own ARN", "role", "everyone", "not listed")),
    *(f"deny: named by {way}: no {limit} allows" for way in ("role", "everyone", "not listed") for limit in ("boundary", "session policy")),
    *(f"allow: {way}: {why}" for way in ("delegated", "cross account", "no key") for why in ("root", "an identity policy allows")),
    *(
        f"deny: {way}: no {what} allows"
        for way in ("delegated", "cross account", "no key")
        for what in ("identity policy", "boundary", "session policy")
    ),
    "deny: no key: another account's",
    *(
        f"allow: {granted}: {why}"
        for granted in ("granted", "granted cross account")
        for why in ("named by own ARN", "named by role", "delegated: root", "delegated: an identity policy allows")
    ),
    *(
        f"deny: {granted}: {why}"
        for granted in ("granted", "granted cross account")
        for why in (
            "delegated: no identity policy allows",
            *(f"{way}: no {limit} allows" for way in ("named by role", "delegated") for limit in ("boundary", "session policy")),
        )
    ),
]


class ConditionKeys(unittest.TestCase):
    def test_a_policy_that_asks_for_a_key_that_there_is_not_is_refused(self):
        not_keys = ["kms:EncryptionContxt:team", "kms:EncryptionContext:", "aws:PrincipalTag/", "aws:SourceIP4", "kms:Grantee", "iam:x",
                    "sts:x", "KMS:KeySpecs", "aws:ResourceTag", "team", ":team", "kms:", ""]
        for key in not_keys:
            self.assertIn("refused", verdicts_of_server([asking_for(key)])[0], key)

    def test_a_key_that_there_is_may_be_asked_for_in_any_case(self):
        keys = [key for kind in random_facts.KINDS.values() for key in kind.keys]
        for key in [spelled for key in keys for spelled in (key, key.lower(), key.upper())]:
            self.assertEqual(verdicts_of_server([asking_for(key)])[0], "", key)

    def test_every_key_that_the_server_supplies_is_asked_for_in_the_random_world(self):
        header = (SOURCES / "kms/policy/known_keys.h").read_text()
        supplied = {key.lower() for key in re.findall(r'string_view \w+ =\s+"([^"]+)"', header)}
        asked = {key for operator in random_policies.OPERATORS.values() for key in operator} | set(random_facts.KIND_OF_KEY)
        self.assertGreater(len(supplied), 40)
        for key in supplied:
            self.assertTrue(any(one.lower().startswith(key) for one in asked), key)


def asking_for(key):
    """A case without requests."""
    statement = {"Effect": "Deny", "Action": "kms:*", "Resource": "*", "Condition": {"StringEquals": {key: "red"}}}
    return {**EMPTY, "identity": [{"Version": "2012-10-17", "Statement": statement}], "requests": []}


class Examples(unittest.TestCase):
    def test_examples_of_the_documentation_have_their_outcome(self):
        examples = json.loads((pathlib.Path(__file__).parent / "examples.json").read_text())
        self.assertGreaterEqual(len(examples), 60)
        cases = [{**EMPTY, **example, "requests": [request_of(example)]} for example in examples]
        for example, case, letter in zip(examples, cases, verdicts_of_server(cases), strict=True):
            with self.subTest(section=example["section"], title=example["title"]):
                self.assertEqual(naive_verdict(case, case["requests"][0])[0], example["expected"], "the naive engine")
                self.assertEqual(letter, example["expected"][0], "the server")


EMPTY = {"key": None, "identity": [], "boundary": [], "session": []}


def request_of(example):
    """Who calls is named by the ARN and, of a session, by the role; the rest of who and whose it is follows."""
    request = example["request"]
    fields, role = request["arn"].split(":"), request.get("role", "")
    kind = "role_session" if role else "root" if fields[5] == "root" else "user"
    resource = request.get("resource", "*")
    owner = resource.split(":")[4] if resource != "*" else fields[4]
    return {"context": [], **request, "account": fields[4], "type": kind, "role": role, "resource": resource, "resource_account": owner}


if __name__ == "__main__":
    unittest.main()

"""Random policies and requests, from a seed, out of a small world: few names, in several spellings, so that they meet."""

import random

import random_facts
import random_grants
from random_facts import ABROAD, HOME, ORDERS


def caller(arn, account, kind, role=""):
    return {"arn": arn, "account": account, "type": kind, "role": role}


def session_of(account, role, name):
    short = role.split("/")[-1]
    return caller(f"arn:aws:sts::{account}:assumed-role/{short}/{name}", account, "role_session", f"arn:aws:iam::{account}:role/{role}")


ROOTS = [caller(f"arn:aws:iam::{account}:root", account, "root") for account in (HOME, ABROAD)]
USERS = [
    caller(f"arn:aws:iam::{account}:user/{name}", account, "user")
    for account, name in ((HOME, "alice"), (HOME, "bob"), (HOME, "ops/carol"), (ABROAD, "alice"))
]
SESSIONS = [
    session_of(HOME, "reader", "alice"), session_of(HOME, "reader", "night"), session_of(HOME, "service/auditor", "night"),
    session_of(ABROAD, "reader", "alice"),
]
CALLERS = {"root": ROOTS, "user": USERS, "role_session": SESSIONS}

KEYS = {
    HOME: [f"arn:aws:kms:us-west-2:{HOME}:key/alice", f"arn:aws:kms:eu-central-1:{HOME}:key/1234abcd"],
    ABROAD: [f"arn:aws:kms:us-west-2:{ABROAD}:key/red"],
}
KEY_ACTIONS = [*(f"kms:{operation}" for operation in random_grants.USES), "kms:Decrypt", "kms:CreateGrant", "kms:RetireGrant",
               "kms:PutKeyPolicy"]
OTHER_ACTIONS = ["kms:CreateKey", "kms:ListKeys", "kms:CreateAlias"]
ALIASES = [f"arn:aws:kms:us-west-2:{account}:alias/{name}" for account, name in ((HOME, "alice"), (HOME, "bob"), (ABROAD, "red"))]

ARNS = [f"arn:aws:iam::{HOME}:role/reader", f"arn:aws:iam::{HOME}:user/alice", "arn:aws:sns:us-west-2:1:red:blue", "arn:aws:s3:::red"]

# What the encryption context may have: names, each in several spellings, and values.
CONTEXT = {
    "team": ["red", "blue", "Red", "re*", "équipe", "${*}", "r"],
    "who": ["alice", "bob", "Alice", HOME, "arn:aws:iam::1:user/alice"],
    "size": ["5", "5.0", "12", "-3", "0.25", "big"],
    "when": ["2026-11-24T05:50:00Z", "2026-11-24", "2026-11-24T06:50:00.250+01:00", "1795499400", "soon"],
    "from": ["203.0.113.7", "203.0.113.200", "2001:db8::1", "elsewhere", "192.0.2.1"],
    "flag": ["true", "True", "false", "maybe"],
    "blob": ["hello", "aGVsbG8=", "\x00", "red"],
    "source": ARNS,
}
SPELLINGS = {name: [name, name.capitalize(), name.upper()] for name in CONTEXT}

TEXTS = ["red", "blue", "RED", "alice", "r*", "re?", "?quipe", "*", "", "re${*}", "${$}{${*}}", "${aws:username}",
         "${kms:EncryptionContext:who}", "${aws:username, 'red'}", "${kms:EncryptionContext:team, 'blue'}", "arn:*:user/${aws:username}",
         "${aws:PrincipalTag/team}", "${aws:PrincipalTag/who, 'alice'}"]
NUMBERS = ["5", "12", "-3", "0.25", 5, 5.5]
DATES = ["2026-11-24T05:50:00Z", "2026-11-24", "2026-11-24T05:50:00.250Z", "1795499400", "2026-11-25T00:00+02:00"]
RANGES = ["203.0.113.0/24", "203.0.113.7", "203.0.113.128/25", "2001:db8::/32", "::/0", "0.0.0.0/0"]
ARN_PATTERNS = [
    *ARNS, "*", "arn:aws:iam::*:role/*", f"arn:aws:iam::{HOME}:*", "arn:*:sns:*:blue", "arn:aws:iam", "arn:aws:sns:*:*:*:blue",
    "arn:aws:s3:::${kms:EncryptionContext:team}", "arn:aws:iam::${aws:PrincipalAccount}:user/*", "arn:aws:iam::*:user/${aws:username}",
]
ACCOUNTS = [HOME, ABROAD, "1111*", "${aws:PrincipalAccount}", "${aws:ResourceAccount}"]
NAMES = ["team", "Team", "who", "size", "t*", "?rom", "*", "${kms:EncryptionContext:who}"]
CALLER_ARNS = [one["role"] or one["arn"] for one in ROOTS + USERS + SESSIONS]


def of_context(*names):
    return [f"kms:EncryptionContext:{spelling}" for name in names for spelling in SPELLINGS[name]]


STRING_KEYS = {  # And the values to compare with.
    **{key: TEXTS for key in of_context("team", "who", "blob")},
    "kms:EncryptionContextKeys": NAMES,
    "KMS:encryptioncontextKEYS": NAMES,
    "kms:CallerAccount": ACCOUNTS,
    "aws:PrincipalAccount": ACCOUNTS,
    "aws:ResourceAccount": ACCOUNTS,
    "aws:PrincipalType": ["User", "AssumedRole", "Account", "user", "*"],
    "aws:username": ["alice", "bob", "ALICE", "c?rol", "${kms:EncryptionContext:who}"],
    "aws:PrincipalArn": CALLER_ARNS + ["arn:aws:iam::*:user/*", "*reader"],
    "s3:prefix": TEXTS,
}
ARN_KEYS = {
    **{key: ARN_PATTERNS for key in of_context("source", "who")},
    "aws:PrincipalArn": CALLER_ARNS + ARN_PATTERNS,
    "kms:CallerAccount": ["*", "arn:aws:iam"],
}

NULL_KEYS = {key: ["true", "false", True, False] for key in [*of_context("team"), *STRING_KEYS]}
OPERATORS = {
    **{name: STRING_KEYS for name in random_facts.STRINGS},
    **{name: ARN_KEYS for name in random_facts.OPERATORS["arn"]},
    **{f"Numeric{order}": {key: NUMBERS for key in of_context("size")} for order in ORDERS},
    **{f"Date{order}": {key: DATES for key in of_context("when")} for order in ORDERS},
    "Bool": {key: ["true", "False", True] for key in of_context("flag")},
    "BinaryEquals": {key: ["aGVsbG8=", "cmVk", "AA=="] for key in of_context("blob", "team")},
    "IpAddress": {key: RANGES for key in of_context("from")},
    "NotIpAddress": {key: RANGES for key in of_context("from")},
    "Null": NULL_KEYS,
}
QUALIFIERS = ["", "", "", "ForAllValues:", "ForAnyValue:"]

ACTION_PATTERNS = [*KEY_ACTIONS, *OTHER_ACTIONS, "kms:*", "*", "kms:GenerateDataKey*", "KMS:?ncrypt", "kms:*crypt", "s3:GetObject"]
GRANTEES = CALLER_ARNS + [one["arn"] for one in SESSIONS]
PRINCIPALS = [*GRANTEES, *(one["role"] for one in SESSIONS), HOME, ABROAD, f"arn:aws:iam::{ABROAD}:user/bob", "*"]
RESOURCE_PATTERNS = [
    *(arn for arns in KEYS.values() for arn in arns), *ALIASES, "arn:aws:kms", "arn:aws:kms:us-west-2:*:key/*", "arn:aws:kms:*:*:*/red",
    f"arn:aws:kms:*:{HOME}:*", "arn:aws:kms:us-*:*:key/${aws:username}", "arn:aws:kms:*:*:alias/${aws:username, 'red'}",
    "arn:aws:kms:?u-central-1:*:key/1234*", "arn:aws:kms:*:*:key/${kms:EncryptionContext:who}",
    "arn:aws:kms:${aws:RequestedRegion}:*:*", "arn:aws:kms:*:*:*/${aws:PrincipalTag/who}",
    "arn:aws:kms:*:*:*/${aws:PrincipalTag/team, 'red'}",
]


class World:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.topics = random_facts.Topics(self.random)
        self.grants = random_grants.Grants(self.random, GRANTEES)

    def maybe(self, chance):
        return self.random.random() < chance

    def some_of(self, among, most=3):
        """One, as itself or in an array, or several."""
        count = self.random.choice([1, 1, 1, 2, most])
        chosen = [self.random.choice(among) for _ in range(count)]
        return chosen[0] if count == 1 and self.maybe(0.6) else chosen

    def condition(self):
        if self.maybe(0.5):
            name, key, among = self.topics.condition()
        else:
            name = self.random.choice(list(OPERATORS))
            key = self.random.choice(list(OPERATORS[name]))
            among = OPERATORS[name][key]
        wanted = self.some_of(among)
        if name != "Null":
            name = self.random.choice(QUALIFIERS) + name + ("IfExists" if self.maybe(0.25) else "")
        return name, key, wanted

    def conditions(self):
        made = {}
        for _ in range(self.random.choice([0, 0, 1, 1, 1, 2, 3])):
            name, key, wanted = self.condition()
            if key.lower() not in map(str.lower, made.get(name, {})):  # Twice, in two spellings, is refused.
                made.setdefault(name, {})[key] = wanted
        return made

    def statement(self, with_principal):
        made = {"Effect": "Allow" if self.maybe(0.7) else "Deny"}
        if with_principal:
            made["NotPrincipal" if self.maybe(0.15) else "Principal"] = self.principal()
        made["NotAction" if self.maybe(0.15) else "Action"] = "kms:*" if self.maybe(0.4) else self.some_of(ACTION_PATTERNS)
        made["NotResource" if self.maybe(0.12) else "Resource"] = "*" if self.maybe(0.5) else self.some_of(RESOURCE_PATTERNS)
        if with_principal and self.maybe(0.02):
            made.pop(self.random.choice([name for name in made if name.endswith(("Action", "Resource"))]))
        conditions = self.conditions()
        if conditions:
            made["Condition"] = conditions
        return made

    def principal(self):
        if self.maybe(0.15):
            return "*"
        if self.maybe(0.1):
            return {"Service": "logs.amazonaws.com"}
        listed = [self.random.choice(PRINCIPALS) for _ in range(self.random.choice([1, 1, 2, 3]))]
        for one in ROOTS + USERS + SESSIONS:  # What NotPrincipal must list to spare somebody.
            if one["arn"] in listed and self.maybe(0.6):
                listed += [one["account"]] + [one["role"]] * bool(one["role"])
        return {"AWS": listed[0] if len(listed) == 1 else listed}

    def policy(self, with_principal=False, statements_max=3):
        made = {}
        if self.maybe(0.9):
            made["Version"] = "2012-10-17" if self.maybe(0.85) else "2008-10-17"
        count = self.random.randint(1, statements_max)
        made["Statement"] = [self.statement(with_principal) for _ in range(count)]
        if count == 1 and self.maybe(0.3):
            made["Statement"] = made["Statement"][0]
        return made

    def policies(self, chance, most=1):
        """None, or some; half of them with a statement that allows everything, so that others matter."""
        if not self.maybe(chance):
            return []
        made = [self.policy() for _ in range(self.random.randint(1, most))]
        if self.maybe(0.6):
            made[0]["Statement"] = listed(made[0]) + [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]
        return made

    def key_policy(self, account):
        made = self.policy(with_principal=True, statements_max=4)
        if self.maybe(0.55):
            everything = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
            made["Statement"] = [everything] + listed(made)
        return made

    def context(self):
        pairs = {}
        for _ in range(self.random.choice([0, 2, 3, 4, 6, 8])):
            name = self.random.choice(list(CONTEXT))
            pairs[self.random.choice(SPELLINGS[name])] = self.random.choice(CONTEXT[name])
            if self.maybe(0.15):
                pairs[self.random.choice(SPELLINGS[name])] = self.random.choice(CONTEXT[name])
        return [[key, value] for key, value in pairs.items()]

    def request(self, kind, account):
        """About a key of the account; None: about none."""
        by = self.random.choice(CALLERS[kind])
        if account is None:
            resource = self.random.choice(["*", *ALIASES])
            owner = by["account"] if resource == "*" else resource.split(":")[4]
            return {**by, "action": self.random.choice(OTHER_ACTIONS), "resource": resource, "resource_account": owner, "context": [],
                    "facts": self.topics.facts()}
        made = {**by, "action": self.random.choice(KEY_ACTIONS), "resource": self.random.choice(KEYS[account]),
                "resource_account": account, "context": self.context(), "facts": self.topics.facts()}
        if self.maybe(0.5):
            self.grants.add_to(made)
        return made

    def case(self, requests):
        """The policies that apply, and so many requests that they are asked about."""
        self.topics = random_facts.Topics(self.random)
        kind = self.random.choice(["root"] + ["user"] * 4 + ["role_session"] * 4)
        account = None if self.maybe(0.12) else HOME if self.maybe(0.75) else ABROAD
        return {
            "key": None if account is None else self.key_policy(account),
            "identity": [] if kind == "root" else self.policies(0.85, most=2),
            "boundary": [] if kind == "root" else self.policies(0.35),
            "session": self.policies(0.4, most=2) if kind == "role_session" else [],
            "requests": [self.request(kind, account) for _ in range(requests)],
        }


def listed(policy):
    return policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]

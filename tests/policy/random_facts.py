"""Condition keys besides those of the encryption context and the caller's names: what requests have for them, and what
policies ask of them. (KMS Developer Guide: Condition keys; IAM User Guide: AWS global condition context keys)"""

from dataclasses import dataclass, field

HOME, ABROAD = "111122223333", "444455556666"

TAGS = ["red", "blue", "Red", "alice", "re*", "cmVk"]
PATTERNS = ["r*", "?ed", "*", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/team, 'red'}", "${aws:ResourceTag/Team, 'blue'}",
            "${AWS:requestedregion}", "*${aws:userid}", "${aws:username}", "${kms:ResourceAliases}", "${aws:PrincipalTag/who}*"]
ALIASES = ["alias/red", "alias/Red", "alias/blue", "alias/team/alice", "alias/us-west-2"]
ARNS = [f"arn:aws:iam::{HOME}:role/reader", f"arn:aws:iam::{HOME}:user/alice", f"arn:aws:iam::{ABROAD}:user/bob", "elsewhere"]
TIMES = ["2026-11-24T05:50:00Z", "2026-11-24", "2026-11-24T05:50:00.250Z", "1795499400", "soon"]
SECONDS = ["1795499400", "1795499401", "1795478400", "-1"]
ADDRESSES = ["203.0.113.7", "203.0.113.200", "2001:db8::1", "2001:db8:1::1", "192.0.2.1", "::ffff:203.0.113.7", "elsewhere"]
NUMBERS = ["7", "30", "90", "many"]
TRUTHS = ["true", "false", "True", "maybe"]

# What policies compare with, by the type of the operator.
WANTED = {
    "number": ["7", "30", "90.0", 30, 7.5, "1795499400", 1795499401],
    "date": ["2026-11-24T05:50:00Z", "2026-11-24", "2026-11-24T06:50:00+01:00", "1795499400", "2026-11-24T02:00+02:00"],
    "truth": ["true", "false", "False", True, False],
    "address": ["203.0.113.0/24", "203.0.113.7", "2001:db8::/32", "2001:db8::1/128", "::/0", "0.0.0.0/0", "203.0.113.128/25"],
    "arn": [*ARNS[:3], "arn:aws:iam::*:role/*", f"arn:aws:iam::{HOME}:*", "arn:aws:iam::*:user/${aws:PrincipalTag/who}", "*",
            "arn:aws:iam::${aws:PrincipalTag/account, '111122223333'}:user/alice"],
    "binary": ["cmVk", "AA=="],
}


@dataclass
class Kind:
    """Keys of one class: what requests have for them, and by operators of which types policies ask of them."""

    keys: list
    values: list
    types: list = field(default_factory=lambda: ["text"])
    several: bool = False  # Whether they may have several values.

    def wanted(self, kind):
        return WANTED[kind] if kind != "text" else [*self.values, *PATTERNS]


def of_tags(prefix):
    """Their names are compared without case."""
    return [prefix + name for name in ("team", "Team", "TEAM", "who")]


KINDS = {
    "tags of the caller": Kind(of_tags("aws:PrincipalTag/"), TAGS, ["text", "text", "binary"]),
    "tags of the key": Kind(of_tags("aws:ResourceTag/"), TAGS),
    "tags of a role": Kind(of_tags("iam:ResourceTag/"), TAGS),
    "tags of the request": Kind(of_tags("aws:RequestTag/"), TAGS),
    "aws:TagKeys": Kind(["aws:TagKeys"], ["team", "Team", "who", "red"], several=True),
    "kms:ResourceAliases": Kind(["kms:ResourceAliases"], ALIASES, several=True),
    "kms:RequestAlias": Kind(["kms:RequestAlias"], ALIASES),
    "kms:GrantOperations": Kind(["kms:GrantOperations"], ["Encrypt", "Decrypt", "ReEncryptTo", "CreateGrant"], several=True),
    "kms:GrantConstraintType": Kind(["kms:GrantConstraintType"], ["EncryptionContextEquals", "EncryptionContextSubset"]),
    "principals of a grant": Kind(["kms:GranteePrincipal", "kms:RetiringPrincipal"], ARNS, ["text", "arn", "arn"]),
    "policies of IAM": Kind(["iam:PolicyARN", "iam:PermissionsBoundary"], ARNS, ["arn"]),
    "names in STS": Kind(["sts:ExternalId", "sts:RoleSessionName"], TAGS),
    "sts:TransitiveTagKeys": Kind(["sts:TransitiveTagKeys"], ["team", "Team", "who"], several=True),
    "aws:SourceIp": Kind(["aws:SourceIp"], ADDRESSES, ["address", "address", "text"]),
    "times": Kind(["aws:CurrentTime", "aws:TokenIssueTime"], TIMES, ["date"]),
    "aws:EpochTime": Kind(["aws:EpochTime"], SECONDS, ["date", "number"]),
    "numbers": Kind(["kms:RotationPeriodInDays", "kms:ScheduleKeyDeletionPendingWindowInDays", "sts:DurationSeconds"], NUMBERS,
                    ["number"]),
    "aws:SecureTransport": Kind(["aws:SecureTransport"], TRUTHS, ["truth"]),
    "truths of the call": Kind(["aws:ViaAWSService", "aws:PrincipalIsAWSService", "aws:MultiFactorAuthPresent",
                                "kms:GrantIsForAWSResource", "kms:BypassPolicyLockoutSafetyCheck", "kms:ReEncryptOnSameKey"],
                               TRUTHS, ["truth"]),
    "kms:MultiRegion": Kind(["kms:MultiRegion"], TRUTHS, ["truth", "text"]),
    "aws:RequestedRegion": Kind(["aws:RequestedRegion"], ["us-west-2", "eu-central-1", "us-east-1", "US-WEST-2"]),
    "aws:userid": Kind(["aws:userid"], ["AIDAEXAMPLE", "AROAEXAMPLE:alice", "AROAEXAMPLE:night", HOME]),
    "headers": Kind(["aws:UserAgent", "aws:Referer"], ["red/1.0", "blue/2 (alice)", "https://example.com/red"]),
    "properties of the key": Kind(["kms:KeySpec", "kms:CustomerMasterKeySpec", "kms:KeyUsage", "kms:CustomerMasterKeyUsage",
                                   "kms:KeyOrigin", "kms:MultiRegionKeyType", "kms:EncryptionAlgorithm"],
                                  ["SYMMETRIC_DEFAULT", "RSA_4096", "ENCRYPT_DECRYPT", "AWS_KMS", "PRIMARY"]),
    "never there": Kind(["kms:ViaService", "aws:SourceVpc", "aws:PrincipalOrgID", "aws:CalledVia", "kms:RecipientAttestation:PCR0",
                         "kms:ValidTo", "s3:prefix"], [], ["text", "truth", "address", "number", "date", "arn"]),
}
KIND_OF_KEY = {key.lower(): name for name, kind in KINDS.items() for key in kind.keys}

STRINGS = ["StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike"]
ORDERS = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
OPERATORS = {
    "text": STRINGS,
    "arn": ["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"],
    "number": [f"Numeric{order}" for order in ORDERS],
    "date": [f"Date{order}" for order in ORDERS],
    "truth": ["Bool"],
    "binary": ["BinaryEquals"],
    "address": ["IpAddress", "NotIpAddress"],
}


class Topics:
    """What a case's conditions are about, and what its requests have facts of: a few keys, so that they meet."""

    def __init__(self, random):
        self.random = random
        names = random.sample(list(KINDS), 3) + ["tags of the caller"] * (random.random() < 0.4)
        self.keys = [(KINDS[name], key) for name in names for key in random.choices(KINDS[name].keys, k=2)]

    def spelled(self, key):
        way = self.random.random()
        return key if way < 0.8 else key.lower() if way < 0.9 else key.upper()

    def condition(self):
        """An operator, a key and all that it may be compared with."""
        kind, key = self.random.choice(self.keys)
        if self.random.random() < 0.08:
            return "Null", self.spelled(key), ["true", "false", True, False]
        operand = self.random.choice(kind.types)
        return self.random.choice(OPERATORS[operand]), self.spelled(key), kind.wanted(operand)

    def facts(self):
        made = {}
        for kind, key in self.keys:
            if kind.values and self.random.random() < 0.75:
                count = self.random.choice([0, 1, 1, 2, 3]) if kind.several else 1
                made[key if "Tag/" in key else self.spelled(key)] = self.random.sample(kind.values, count)
        return made

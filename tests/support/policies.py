"""Key policies, as text."""

import json

from keyfold_server import ACCOUNT

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def statement(sid, principal, *actions, effect="Allow", condition=None):
    made = {"Sid": sid, "Effect": effect, "Principal": {"AWS": principal}, "Action": list(actions), "Resource": "*"}
    if condition:
        made["Condition"] = condition
    return made


def policy_of(*statements):
    """The account keeps everything; and these."""
    everything = statement("Root", ROOT, "kms:*")
    return json.dumps({"Version": "2012-10-17", "Statement": [everything, *statements]})

"""Round trips drawn from everything that can be combined: a message that one side seals and the other opens. 200 of them, or 2,000 with
KEYFOLD_FULL=1; KEYFOLD_SEED draws the same ones again."""

import os
import random
import secrets
import sys
from typing import NamedTuple

from both_ways import CONTEXTS, OLDER_SUITES, PADDINGS, SUITES, Keyring, WithSdk, policy_to_open, policy_to_seal
from two_regions import DUBLIN, FRANKFURT

COUNT = 2000 if os.environ.get("KEYFOLD_FULL") == "1" else 200
BY = ("keyfold", "sdk")
ALL_CONTEXTS = (*CONTEXTS, {"größe": "é" * 2000}, {f"key{n:02}": f"value {n}" for n in range(40)},
                {'"quoted"\n': "tab\t\\ ", "😀": "🔑", "e\u0301": "\u00e9", "\u00e9": "e\u0301"})
# Bytes a frame, bytes of data.
EDGES = (*((frame, size) for frame in (128, 4096, 65536) for size in (0, 1, frame - 1, frame, frame + 1, 2 * frame, 10 * frame + 1)),
         *((1, size) for size in (0, 1, 3)), *((17, size) for size in (16, 17, 34)), (4097, 10_000), (1 << 20, (1 << 20) + 1))
NON_FRAMED = tuple((0, size) for size in (0, 1, 4096, 100_001))
KINDS = {"raw-aes", *(f"raw-rsa {padding}" for padding in PADDINGS), "kms", "kms-discovery", "kms-mrk", "kms-mrk-discovery", "kms-mrk-multi",
         "failover", "branch-key"}


class Case(NamedTuple):
    by: str
    suite: str
    edge: tuple
    context: dict
    sealing: Keyring
    opening: Keyring
    options: dict  # Of the SDK.


def wrappings(bench):
    """Each keyring that seals, with one that must open what it sealed."""
    yield from ((keyring, keyring) for keyring in (bench.raw_keyring(size, name="große Schlüssel ☃") for size in (16, 24, 32)))
    for padding in PADDINGS:
        yield bench.rsa_keyrings(padding)
    for opening in (bench.kms, bench.two_kms, bench.discovery()):
        yield bench.kms, opening
    for opening in (bench.kms, bench.other_kms, bench.discovery()):
        yield bench.two_kms, opening
    related = [make(region) for region in (FRANKFURT, DUBLIN) for make in (bench.mrk, bench.mrk_discovery)]
    for sealing in (*(bench.mrk(region) for region in (FRANKFURT, DUBLIN)), bench.mrk(DUBLIN, kind="kms"), bench.failover()):
        for opening in (*related, bench.failover()):
            yield sealing, opening
    for opening in (bench.mrk(DUBLIN), bench.mrk_multi(DUBLIN), bench.other_kms):
        yield bench.mrk_multi(FRANKFURT), opening
    aes, (public, private) = bench.raw_keyring(), bench.rsa_keyrings("oaep-sha256")
    for opening in (bench.kms, aes, private, bench.multi(bench.other_kms, bench.raw_keyring(), private)):
        yield bench.multi(bench.kms, aes, public), opening
    yield bench.multi(aes, bench.kms), bench.kms
    branch_key, related = bench.branch_keyring(rotations=1), bench.branch_keyring(multi_region=True)
    yield branch_key, branch_key
    yield related, bench.keyring(**{**related.says, "key": bench.mrk(DUBLIN).says["key"]})
    for opening in (branch_key, bench.raw):
        yield bench.multi(bench.raw, branch_key), opening


class Deck:
    """Deals in a random order, and no card again before all others have been."""

    def __init__(self, draw, cards):
        self._draw, self._cards, self._left = draw, list(cards), []

    def deal(self):
        if not self._left:
            self._left = self._draw.sample(self._cards, len(self._cards))
        return self._left.pop()


class RoundTrips(WithSdk):
    def possible(self, by):
        """What a case can be made of, when `by` seals."""
        cannot_seal, cannot_open = ((), self.sdk.cannot_open) if by == "keyfold" else (self.sdk.cannot_seal, ())
        edges = EDGES if by == "keyfold" else tuple(edge for edge in (*EDGES, *NON_FRAMED) if self.sdk.writes(edge[0]))
        pairs = [(sealing, opening) for sealing, opening in self.pairs
                 if sealing.kinds.isdisjoint(cannot_seal) and opening.kinds.isdisjoint(cannot_open)]
        return SUITES + OLDER_SUITES, edges, list(filter(self.sdk.takes, ALL_CONTEXTS)), pairs

    def drawn(self, draw):
        """The cases, half of them sealed by each."""
        for by in BY:
            decks = [Deck(draw, cards) for cards in self.possible(by)]
            for _ in range(COUNT // 2):
                suite, edge, context, (sealing, opening) = (deck.deal() for deck in decks)
                yield Case(by, suite, edge, context, sealing, opening, self.sdk.drawn_options(draw, context, sealing))

    def check_covered(self, cases):
        """Each side seals under every suite, edge, context and pair of keyrings that there can be, and every kind of keyring is there."""
        for by in BY:
            suites, edges, contexts, pairs = self.possible(by)
            sealed = [case for case in cases if case.by == by]
            self.assertEqual({case.suite for case in sealed}, set(suites))
            self.assertEqual({case.edge for case in sealed}, set(edges))
            self.assertEqual({str(case.context) for case in sealed}, {str(context) for context in contexts})
            self.assertEqual({(case.sealing, case.opening) for case in sealed}, set(pairs))
        self.assertEqual({kind for case in cases for kind in case.sealing.kinds}, KINDS - {"kms-discovery", "kms-mrk-discovery"})
        self.assertEqual({kind for case in cases for kind in case.opening.kinds}, KINDS)

    def trip(self, case, data):
        frame_length, _ = case.edge
        if case.by == "keyfold":
            sealed = self.bench.seal(case.sealing, case.suite, case.context, data, frame_length)
            opened = self.sdk.decrypt(case.opening, case.context, sealed, policy_to_open(case.suite), **case.options)
        else:
            sealed = self.sdk.encrypt(case.sealing, case.suite, case.context, data, frame_length, policy_to_seal(case.suite), **case.options)
            opened = self.bench.open(case.opening, case.context, sealed, policy=policy_to_open(case.suite))
        self.assertIn(sealed[:4].hex(), (f"0180{case.suite}", f"02{case.suite}{sealed[3]:02x}"))
        self.assertTrue(opened == data, f"{len(opened)} bytes, not the same as the {len(data)} sealed")

    def test_round_trips_of_every_suite_edge_context_and_keyring(self):
        seed = int(os.environ.get("KEYFOLD_SEED") or secrets.randbits(32))
        draw = random.Random(seed)
        self.pairs = list(wrappings(self.bench))
        cases = list(self.drawn(draw))
        self.assertEqual(len(cases), COUNT)
        self.check_covered(cases)
        for case in cases:
            with self.subTest(KEYFOLD_SEED=seed, **case._asdict()):
                self.trip(case, draw.randbytes(case.edge[1]))
        print(f"{COUNT} round trips, KEYFOLD_SEED={seed}", file=sys.stderr, flush=True)

#!/usr/bin/env python3
"""Times the Encryption SDKs for Python and JavaScript beside ours: the same sizes and suites, a raw AES keyring, in memory.

sdk.py [--bin DIR] [--rounds N]     An SDK that cannot be had (tests/interop/prepare says why) is left out.
"""

import argparse
import datetime
import itertools
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
SHAPES = ((64, 4096), (1024, 4096), (8 << 20, 4096), (8 << 20, 65536), (8 << 20, 1 << 20))  # Those of envelope.cpp.
REPEATS = {64: 50, 1024: 50, 8 << 20: 1}


def python_worker(rounds):
    """Runs in the environment that holds the SDK; prints a line of JSON per case, as envelope.cpp does."""
    import aws_encryption_sdk
    from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
    from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
    from aws_cryptographic_material_providers.mpl.models import AesWrappingAlg, CreateRawAesKeyringInput

    providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
    keyring = providers.create_raw_aes_keyring(CreateRawAesKeyringInput(
        key_namespace="bench", key_name="one", wrapping_key=bytes(32), wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16))
    client = aws_encryption_sdk.EncryptionSDKClient()
    suites = {False: aws_encryption_sdk.Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
              True: aws_encryption_sdk.Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384}

    for (signed, algorithm), (message, frame) in itertools.product(suites.items(), SHAPES):
        plaintext = os.urandom(message)

        def seal():
            return client.encrypt(source=plaintext, keyring=keyring, algorithm=algorithm, encryption_context={"tenant": "4711"},
                                  frame_length=frame)[0]

        sealed = seal()
        for case, work in (("seal", seal), ("open", lambda: client.decrypt(source=sealed, keyring=keyring)[0])):
            times = []
            for _ in range(rounds):
                before = time.process_time()
                for _ in range(REPEATS[message]):
                    work()
                times.append((time.process_time() - before) * 1e6 / REPEATS[message])
            print(json.dumps({"case": case, "message": message, "frame": frame, "signed": signed, "us": statistics.median(times)}), flush=True)


def prepared(name):
    """The folder of other people's clients, or None when they cannot be had."""
    done = subprocess.run([HERE.parent / "tests/interop/prepare", name], stdout=subprocess.PIPE, text=True, check=False)
    return pathlib.Path(done.stdout.strip().split("=", 1)[1]) if done.returncode == 0 else None


def rows(command, **environment):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, **environment})
    return [json.loads(line) for line in done.stdout.splitlines()]


def by_case(found):
    return {(row["case"], row["message"], row["frame"], row["signed"]): row for row in found}


def size_of(count):
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count >> 10} KiB" if count >= 1 << 10 else f"{count} B"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=HERE.parent / "build/bench/bin")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return python_worker(options.rounds)
    ours = rows([options.bin / "bench_envelope", options.rounds])
    others = {}
    if folder := prepared("python"):
        others["Python"] = by_case(rows([folder / "bin/python", __file__, "--worker", "--rounds", options.rounds], PYTHONDONTWRITEBYTECODE="1"))
    if folder := prepared("npm"):
        others["JavaScript"] = by_case(rows(["node", HERE / "sdk.mjs", options.rounds], KEYFOLD_NODE_MODULES=str(folder / "node_modules")))
    print(f"{datetime.date.today()}, load average {os.getloadavg()[0]:.1f}, medians of {options.rounds} runs, CPU time")
    print(f"| message | frames | data key | | | Keyfold, OpenSSL = 1 | Keyfold µs | "
          f"{''.join(f'SDK for {name}, Keyfold = 1 | ' for name in others)}".rstrip())
    print("|---" * (7 + len(others)) + "|")
    for row in (row for row in ours if "us" in row):
        found = [other.get((row["case"], row["message"], row["frame"], row["signed"])) for other in others.values()]
        beside = "".join(f"{other['us'] / row['us']:.1f} | " if other else "| " for other in found)
        print(f"| {size_of(row['message'])} | {size_of(row['frame'])} | {row['data_key']} | {'signed' if row['signed'] else ''} | {row['case']} | "
              f"{row['ratio']:.3g} | {row['us']:.1f} | {beside}".rstrip())
    print("\n| frames | | | two threads, one = 1 |\n|---|---|---|---|")
    for row in (row for row in ours if "gain" in row):
        print(f"| {size_of(row['frame'])} | {'signed' if row['signed'] else ''} | {row['case']} | {row['gain']:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

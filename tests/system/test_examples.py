"""examples/client-side and examples/server-side keep the same recipes: what a thief of the storage, the operator of the service and a
stolen application credential can each read in either design, and what the audit log says of it afterwards."""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from keyfold_server import BIN, REGION, Production, cli
from kms_client import Kms
from policies import policy_of, statement

WITHIN_S = 60
RECIPES = {"rye": b"rye 600, water 480, salt 12: a loaf that nobody else bakes", "spelt": b"spelt 500, water 310, honey 20",
           "stollen": b"flour 1000, butter 450, almonds 200, and a secret"}
OTHERS = {"bill": b"flour 25 kg, of the bakery's neighbour"}


def contents(folder):
    """Of every file, whatever it is."""
    return {path: path.read_bytes() for path in pathlib.Path(folder).rglob("*") if path.is_file()}


class Example(unittest.TestCase):
    """A KMS with a key for the example. `operator` runs the storage. `courier` is somebody with a name and no rights."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="keyfold-examples-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.storage = self.folder / "storage"
        self.storage.mkdir()
        self.production = Production(folder.name)
        self.server = self.production.start()
        self.addCleanup(self.server.__exit__)
        root = Kms(self.server, self.production.credentials())
        self.key = root.must("CreateKey")["KeyMetadata"]["Arn"]
        self.credentials, users = {}, {}
        for name in (self.KMS_USER, "operator", "courier"):
            said = json.loads(self.admin("user", "add", "--name", name))
            users[name], self.credentials[name] = said["arn"], (said["access_key_id"], said["secret_access_key"])
        self.user = users[self.KMS_USER]
        root.must("PutKeyPolicy", KeyId=self.key, PolicyName="default",
                  Policy=policy_of(statement("Example", self.user, "kms:GenerateDataKey", "kms:Decrypt", condition=self.CONDITION)))

    def admin(self, *arguments):
        return cli("admin", *arguments, "--data", self.production.data).stdout

    def settings_of(self, name):
        """The environment of a program that is `name` to the KMS."""
        key_id, secret = self.credentials[name]
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret,
                "AWS_REGION": REGION, "AWS_ENDPOINT_URL_KMS": self.server.endpoint}

    def stolen_storage(self):
        """A copy, as a backup tape or a discarded disk is."""
        return shutil.copytree(self.storage, self.folder / "stolen")

    def decrypt(self, path, name):
        """What `name` can do about a stored file with the key at hand: exit status, what was opened, what was said."""
        done = cli("decrypt", "--key", self.key, "-i", path, server=self.server, credentials=self.credentials[name], check=False)
        return done.returncode, done.stdout, done.stderr.decode()

    def decrypts_on_record(self):
        """Who opened what, and with which result."""
        events = [json.loads(line) for line in cli("audit", "show", self.production.data / "audit").stdout.splitlines()]
        return [(event["userIdentity"]["arn"], event["requestParameters"].get("encryptionContext"), event.get("errorCode"))
                for event in events if event["eventName"] == "Decrypt"]

    def assert_the_thief_reads_nothing(self):
        """Names, sizes and which key it is he does learn."""
        stolen = contents(self.stolen_storage())
        self.assertEqual(len(stolen), self.STORED)
        for path, sealed in stolen.items():
            for plain in (*RECIPES.values(), *OTHERS.values()):
                self.assertFalse(any(plain[at:at + 8] in sealed for at in range(len(plain) - 7)), path)
            self.assertIn(self.key, cli("inspect", path).stdout.decode())
            status, opened, said = self.decrypt(path, "courier")
            self.assertEqual((status, opened), (1, b""))
            self.assertIn("is not authorized to perform: kms:Decrypt", said)
            self.credentials["nobody"] = ("AKIAKEYFOLDNOBODY000", "invented")
            self.assertEqual(self.decrypt(path, "nobody")[:2], (1, b""))


class ClientSide(Example):
    KMS_USER = "recipe-book"
    CONDITION = {"StringEquals": {"kms:EncryptionContext:application": "recipe-book"}}
    STORED = len(RECIPES)

    def setUp(self):
        super().setUp()
        for name, recipe in RECIPES.items():
            self.assertEqual(self.recipe_book("put", name, recipe), (0, b"", ""))

    def recipe_book(self, what, name, data=None):
        done = subprocess.run([BIN / "recipe_book", what, self.storage, self.key, name], input=data, env=self.settings_of("recipe-book"),
                              capture_output=True, timeout=WITHIN_S, check=False)
        return done.returncode, done.stdout, done.stderr.decode()

    def test_the_application_reads_its_recipes(self):
        for name, recipe in RECIPES.items():
            self.assertEqual(self.recipe_book("get", name), (0, recipe, ""))
        self.assertEqual(self.recipe_book("get", "tart")[0], 1)
        self.assertEqual(self.recipe_book("get", "../server.log")[:2], (1, b""))

    def test_a_thief_of_the_storage_reads_nothing(self):
        self.assert_the_thief_reads_nothing()

    def test_the_operator_reads_nothing_and_is_seen_trying(self):
        for name in RECIPES:
            status, opened, said = self.decrypt(self.storage / name, "operator")
            self.assertEqual((status, opened), (1, b""))
            self.assertIn("user/operator is not authorized to perform: kms:Decrypt", said)
        operator = self.user.replace("recipe-book", "operator")
        self.assertEqual([(who, failed) for who, _, failed in self.decrypts_on_record()], [(operator, "AccessDenied")] * len(RECIPES))

    def test_the_operator_cannot_pass_one_recipe_for_another(self):
        (self.storage / "rye").write_bytes((self.storage / "spelt").read_bytes())
        status, opened, said = self.recipe_book("get", "rye")
        self.assertEqual((status, opened), (1, b""))
        self.assertIn("record", said)

    def test_a_stolen_credential_with_the_storage_reads_what_it_asks_for_and_each_is_on_record(self):
        stolen = self.stolen_storage()
        for name in ("rye", "stollen"):
            self.assertEqual(self.decrypt(stolen / name, "recipe-book")[:2], (0, RECIPES[name]))
        self.assertEqual(self.decrypts_on_record(),
                         [(self.user, {"application": "recipe-book", "record": name}, None) for name in ("rye", "stollen")])

    def test_the_stolen_credential_is_worth_nothing_once_it_is_off(self):
        stolen = self.stolen_storage()
        self.admin("user", "key", "deactivate", "--access-key-id", self.credentials["recipe-book"][0])
        self.assertEqual(self.decrypt(stolen / "rye", "recipe-book")[:2], (1, b""))
        self.credentials["recipe-book"] = self.new_access_key("recipe-book")
        self.assertEqual(self.recipe_book("get", "rye"), (0, RECIPES["rye"], ""))

    def new_access_key(self, name):
        said = json.loads(self.admin("user", "key", "add", "--name", name))
        return said["access_key_id"], said["secret_access_key"]


class ServerSide(Example):
    KMS_USER = "storage-service"
    CONDITION = None
    STORED = len(RECIPES) + len(OTHERS)

    def setUp(self):
        super().setUp()
        self.tokens = {"recipe-book": "token of the recipe book", "ledger": "token of the ledger"}
        self.start_service()
        for name, recipe in RECIPES.items():
            self.assertEqual(self.ask("PUT", name, "recipe-book", recipe)[0], 201)
        self.assertEqual(self.ask("PUT", "bill", "ledger", OTHERS["bill"])[0], 201)

    def start_service(self):
        tokens = self.folder / "tokens"
        tokens.write_text("".join(f"{name} {hashlib.sha256(token.encode()).hexdigest()}\n" for name, token in self.tokens.items()))
        self.log = open(self.folder / "service.log", "ab")
        self.service = subprocess.Popen([BIN / "storage_service", self.storage, self.key, tokens], env=self.settings_of("storage-service"),
                                        stdout=subprocess.PIPE, stderr=self.log)
        self.addCleanup(self.stop_service)
        self.address = self.service.stdout.readline().decode().strip()
        self.assertTrue(self.address.startswith("http://127.0.0.1:"), self.address)

    def stop_service(self):
        self.service.kill()
        self.service.wait()
        self.service.stdout.close()
        self.log.close()

    def ask(self, method, name, application, data=None):
        """The status, and the body."""
        return self.ask_with(self.tokens[application], method, name, data)

    def ask_with(self, token, method, name, data=None):
        request = urllib.request.Request(f"{self.address}/{name}", data=data, method=method, headers={"Authorization": f"Bearer {token}"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=WITHIN_S) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def test_applications_read_their_own_and_nothing_else(self):
        for name, recipe in RECIPES.items():
            self.assertEqual(self.ask("GET", name, "recipe-book"), (200, recipe))
        self.assertEqual(self.ask("GET", "bill", "ledger"), (200, OTHERS["bill"]))
        self.assertEqual(self.ask("GET", "rye", "ledger")[0], 404)
        self.assertEqual(self.ask("GET", "tart", "recipe-book")[0], 404)
        self.assertEqual(self.ask("GET", "../ledger/bill", "recipe-book")[0], 404)
        self.assertEqual(self.ask("GET", "%2e%2e/ledger/bill", "recipe-book")[0], 404)
        for token in ("", "token of nobody", hashlib.sha256(self.tokens["ledger"].encode()).hexdigest()):
            self.assertEqual(self.ask_with(token, "GET", "bill")[0], 401)
            self.assertEqual(self.ask_with(token, "PUT", "bill", b"forged")[0], 401)
        self.assertEqual(self.ask("PUT", "large", "ledger", bytes((1 << 20) + 1))[0], 413)
        self.assertEqual(self.ask("PUT", "empty", "ledger", b"")[0], 201)
        self.assertEqual(self.ask("GET", "empty", "ledger"), (200, b""))

    def test_a_thief_of_the_storage_reads_nothing(self):
        self.assert_the_thief_reads_nothing()

    def test_the_operator_reads_everything_with_the_service_s_own_credential(self):
        read = {path.name: self.decrypt(path, "storage-service")[1] for path in contents(self.storage)}
        self.assertEqual(read, RECIPES | OTHERS)
        on_record = self.decrypts_on_record()  # As the service: the log cannot tell him from it.
        self.assertEqual({(who, context["application"], context["object"]) for who, context, _ in on_record},
                         {(self.user, "recipe-book", name) for name in RECIPES} | {(self.user, "ledger", "bill")})
        self.assertEqual(self.decrypt(self.storage / "recipe-book" / "rye", "operator")[:2], (1, b""))  # Not as himself.

    def test_one_object_does_not_pass_for_another(self):
        shutil.copy(self.storage / "recipe-book" / "rye", self.storage / "ledger" / "bill")
        self.assertEqual(self.ask("GET", "bill", "ledger"), (500, b"it cannot be sealed or opened\n"))
        self.assertIn("ledger/bill: ", (self.folder / "service.log").read_text())

    def test_a_stolen_token_reads_that_application_s_objects_and_each_is_on_record(self):
        token = self.tokens["recipe-book"]
        for name in ("rye", "stollen"):
            self.assertEqual(self.ask_with(token, "GET", name), (200, RECIPES[name]))
        self.assertEqual(self.ask_with(token, "GET", "bill")[0], 404)
        self.assertEqual(self.decrypts_on_record(),
                         [(self.user, {"application": "recipe-book", "object": name}, None) for name in ("rye", "stollen")])
        for path in contents(self.stolen_storage()):  # To the KMS it is nothing.
            self.credentials["token"] = (token, token)
            self.assertEqual(self.decrypt(path, "token")[:2], (1, b""))

    def test_the_stolen_token_is_worth_nothing_once_it_is_off(self):
        stolen, self.tokens["recipe-book"] = self.tokens["recipe-book"], "a new token of the recipe book"
        self.stop_service()
        self.start_service()
        self.assertEqual(self.ask_with(stolen, "GET", "rye")[0], 401)
        self.assertEqual(self.ask("GET", "rye", "recipe-book"), (200, RECIPES["rye"]))

    def test_without_the_kms_nothing_is_read_and_nothing_is_lost(self):
        self.server.kill()
        self.assertEqual(self.ask("GET", "rye", "recipe-book"), (503, b"later, please\n"))
        self.assertEqual(self.ask("PUT", "rye", "recipe-book", b"half a recipe")[0], 503)
        self.assertEqual(len(contents(self.storage)), self.STORED)


del Example  # Not to be collected: it is nobody's test.

if __name__ == "__main__":
    unittest.main()

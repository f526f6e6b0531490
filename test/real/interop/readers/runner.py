"""Apps with Python's SDKs and the AWS CLI, told nothing but their environment: a JSON question on each line of stdin, one
answer out. The argument says which: boto3, cli, crt or minio."""

import contextlib
import hashlib
import io
import json
import os
import sys

KEPT = {}


def digest(value):
    return hashlib.sha256(value.encode()).hexdigest()


def keys_of(key_id, secret, token, account=None, expires=None):
    """Keys never leave in the clear: digests are compared."""
    keys = {"id": key_id, "secret": digest(secret), "token": digest(token) if token else token}
    if account:
        keys["account"] = account
    if expires:
        keys["expires"] = expires if isinstance(expires, str) else expires.isoformat()
    return {"keys": keys}


def read_sections(loader):
    """The parser drops a file's lines that it cannot read only by failing on all."""
    return lambda question: {"sections": loader.raw_config_parse(question["path"])}


class Boto3:
    def __init__(self):
        import boto3
        import botocore.configloader

        self.boto3 = boto3
        self.version = boto3.__version__
        self.asks = {"sections": read_sections(botocore.configloader), "providers": self.providers}

    def start(self):
        return self.boto3.Session()

    def credentials(self, session):
        found = session.get_credentials()
        if found is None:
            raise LookupError("no credentials")
        frozen = found.get_frozen_credentials()
        expires = getattr(found, "_expiry_time", None)
        account = getattr(frozen, "account_id", None)
        return keys_of(frozen.access_key, frozen.secret_key, frozen.token, account, expires)

    def use(self, session, question):
        if "ahead" in question:
            set_ahead(session.get_credentials(), question["ahead"])
        answer = {"arn": session.client("sts").get_caller_identity()["Arn"]}
        if question.get("buckets"):
            answer["buckets"] = [bucket["Name"] for bucket in session.client("s3").list_buckets()["Buckets"]]
        return answer

    def providers(self, question):
        """Where it would take each profile's keys from. Deferred ones are left alone: they would call AWS."""
        return {"providers": {name: attempt(lambda: self.provider(name)) for name in question["profiles"]}}

    def provider(self, profile):
        found = self.boto3.Session(profile_name=profile).get_credentials()
        if found is None:
            return None
        if found.method in ("shared-credentials-file", "custom-process"):
            frozen = found.get_frozen_credentials()
            return [found.method, keys_of(frozen.access_key, frozen.secret_key, frozen.token)["keys"]]
        return [found.method]


def set_ahead(credentials, seconds):
    """Has botocore take its credentials for older than they are; what it signs has the machine's time."""
    import datetime

    import botocore.credentials

    ahead = datetime.timedelta(seconds=seconds)
    credentials._time_fetcher = lambda: botocore.credentials._local_now() + ahead


class Cli:
    """The commands as they are, in a process that has loaded them already."""

    def __init__(self):
        import awscli
        import awscli.clidriver

        try:
            import awscli.botocore.configloader as configloader
        except ImportError:
            import botocore.configloader as configloader

        self.driver = awscli.clidriver
        self.version = awscli.__version__
        self.asks = {"sections": read_sections(configloader)}

    def start(self):
        """Each command is an app of its own."""

    def run(self, *command):
        out, err = io.StringIO(), io.StringIO()
        out.buffer, err.buffer = io.BytesIO(), io.BytesIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = self.driver.create_clidriver().main([*command, "--output", "json"])
        if code != 0:
            raise RuntimeError((err.getvalue() or err.buffer.getvalue().decode()).strip())
        return json.loads(out.getvalue() or out.buffer.getvalue())

    def credentials(self, _app):
        # `configure export-credentials` of 2.9 has no account, and neither has it for keys of a file.
        driver = self.driver.create_clidriver()
        found = driver.session.get_credentials()
        if found is None:
            raise LookupError("no credentials")
        frozen = found.get_frozen_credentials()
        expires = getattr(found, "_expiry_time", None)
        return keys_of(frozen.access_key, frozen.secret_key, frozen.token, expires=expires)

    def use(self, _app, question):
        endpoint = ["--endpoint-url", os.environ["AWS_ENDPOINT_URL_STS"]]
        answer = {"arn": self.run("sts", "get-caller-identity", *endpoint)["Arn"]}
        if question.get("buckets"):
            endpoint = ["--endpoint-url", os.environ["AWS_ENDPOINT_URL_S3"]]
            found = self.run("s3api", "list-buckets", *endpoint)
            answer["buckets"] = [bucket["Name"] for bucket in found["Buckets"]]
        return answer


class Crt:
    def __init__(self):
        import awscrt
        import awscrt.auth
        import awscrt.io

        self.auth = awscrt.auth
        self.version = awscrt.__version__
        group = awscrt.io.EventLoopGroup(1)
        self.bootstrap = awscrt.io.ClientBootstrap(group, awscrt.io.DefaultHostResolver(group))
        self.asks = {}

    def start(self):
        return self.auth.AwsCredentialsProvider.new_default_chain(self.bootstrap)

    def credentials(self, provider):
        found = provider.get_credentials().result(30)
        return keys_of(
            found.access_key_id, found.secret_access_key, found.session_token, expires=found.expiration
        )

    def use(self, _provider, _question):
        raise NotImplementedError("CRT signs and has no services")


class Minio:
    def __init__(self):
        import minio
        import minio.credentials

        self.minio = minio
        self.version = minio.__version__
        self.asks = {}

    def start(self):
        """The address of the metadata service is the app's to pass."""
        given = self.minio.credentials
        imds = os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT")
        return given.ChainedProvider([given.AWSConfigProvider(), given.IamAwsProvider(custom_endpoint=imds)])

    def credentials(self, chain):
        found = chain.retrieve()
        return keys_of(found.access_key, found.secret_key, found.session_token, expires=getattr(found, '_expiration', None))

    def use(self, chain, _question):
        address = os.environ["AWS_ENDPOINT_URL_S3"].removeprefix("http://")
        client = self.minio.Minio(
            endpoint=address, credentials=chain, secure=False, region=os.environ["AWS_REGION"]
        )
        return {"buckets": [bucket.name for bucket in client.list_buckets()]}


def attempt(read):
    """What was read, or the name of the error that the reader raised."""
    try:
        return {"value": read()}
    except Exception as error:
        return {"error": type(error).__name__}


def set_environment(given, wanted):
    for name in given:
        os.environ.pop(name, None)
    os.environ.update(wanted)
    return wanted


def answer_to(sdk, question):
    ask = question["ask"]
    if ask == "version":
        return {"version": sdk.version}
    if ask in sdk.asks:
        return sdk.asks[ask](question)
    if "count" in question:
        return {"answers": fresh_apps(sdk, question)}
    name = question.get("kept")
    app = KEPT.get(name) or sdk.start()
    if name is not None:
        KEPT[name] = app
    return ask_app(sdk, app, question)


def ask_app(sdk, app, question):
    return sdk.use(app, question) if question["ask"] == "use" else sdk.credentials(app)


def or_error(read):
    try:
        return read()
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}"}


def fresh_apps(sdk, question):
    """As so many apps that begin in one moment: they share nothing."""
    import threading

    count = question["count"]
    apps = [sdk.start() for _ in range(count)]
    answers = [None] * count
    together = threading.Barrier(max(count, 1))

    def run(index):
        together.wait()
        answers[index] = or_error(lambda: ask_app(sdk, apps[index], question))

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def main():
    sdk = {"boto3": Boto3, "cli": Cli, "crt": Crt, "minio": Minio}[sys.argv[1]]()
    # Whatever an SDK prints is no answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    given = {}
    for line in sys.stdin:
        question = json.loads(line)
        given = set_environment(given, question.get("env", {}))
        print(json.dumps(or_error(lambda: answer_to(sdk, question))), file=answers, flush=True)


main()

"""Calls of AWS by boto3, one JSON line each on stdin, and what came of it as one JSON line on stdout."""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# The server's own bounds are to be seen, and every attempt is to be counted.
CONFIG = Config(parameter_validation=False, retries={"total_max_attempts": int(sys.argv[1]), "mode": "standard"})
clients = {}


def client(service):
    if service not in clients:
        clients[service] = boto3.client(service, config=CONFIG)
    return clients[service]


def outcome(service, method, params):
    try:
        if method.startswith("every_"):
            pages = client(service).get_paginator(method.removeprefix("every_")).paginate(**params)
            return {"pages": list(pages)}
        answer = getattr(client(service), method)(**params)
        answer.pop("ResponseMetadata", None)
        return {"answer": answer}
    except ClientError as error:
        found = error.response
        status = found["ResponseMetadata"]["HTTPStatusCode"]
        return {"error": found["Error"]["Code"], "message": found["Error"]["Message"], "status": status}
    except BotoCoreError as error:
        return {"error": type(error).__name__, "message": str(error), "status": 0}


for line in sys.stdin:
    print(json.dumps(outcome(*json.loads(line)), default=str), flush=True)

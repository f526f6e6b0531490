"""An app with boto3, told nothing but its environment: a JSON line for each question on stdin, one with its answers out."""

import datetime
import json
import sys
import threading

import boto3
import botocore.credentials


def look(session, buckets):
    try:
        answer = {"arn": session.client("sts").get_caller_identity()["Arn"]}
        if buckets:
            answer["buckets"] = [bucket["Name"] for bucket in session.client("s3").list_buckets()["Buckets"]]
        return answer
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def set_ahead(credentials, seconds):
    """Has botocore take its credentials for older than they are; what it signs has the machine's time."""
    ahead = datetime.timedelta(seconds=seconds)
    credentials._time_fetcher = lambda: botocore.credentials._local_now() + ahead


def fresh_apps(count, buckets):
    """As so many apps that begin in one moment: sessions share nothing."""
    sessions = [boto3.Session() for _ in range(count)]
    answers = [None] * count
    together = threading.Barrier(max(count, 1))

    def run(index):
        together.wait()
        answers[index] = look(sessions[index], buckets)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


kept = boto3.Session()
for line in sys.stdin:
    question = json.loads(line)
    buckets = question.get("buckets", False)
    if question["app"] == "fresh":
        answers = fresh_apps(question.get("count", 1), buckets)
    else:
        if "ahead" in question:
            set_ahead(kept.get_credentials(), question["ahead"])
        answers = [look(kept, buckets)]
    print(json.dumps(answers), flush=True)

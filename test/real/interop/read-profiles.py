"""Credentials files as the AWS CLI and boto3 read them: a list of {path, profile} in, a list of views for each out."""

import json
import os
import sys

import awscli.botocore.configloader
import awscli.clidriver
import boto3
import botocore.configloader


def keys(credentials):
    frozen = credentials.get_frozen_credentials()
    return [frozen.access_key, frozen.secret_key, frozen.token]


def attempt(read):
    """What was read, or the name of the error that the reader raised."""
    try:
        return {"value": read()}
    except Exception as error:
        return {"error": type(error).__name__}


def boto3_keys(profile):
    return keys(boto3.Session(profile_name=profile).get_credentials())


def cli_keys(profile):
    driver = awscli.clidriver.create_clidriver()
    driver.session.set_config_variable("profile", profile)
    return keys(driver.session.get_credentials())


def provider(profile):
    """Where boto3 would take a profile's keys from. Deferred ones are left alone: they would call AWS."""
    credentials = boto3.Session(profile_name=profile).get_credentials()
    if credentials is None:
        return None
    if credentials.method in ("shared-credentials-file", "custom-process"):
        return [credentials.method, *keys(credentials)]
    return [credentials.method]


def view(file, load, read_keys, with_providers):
    os.environ["AWS_SHARED_CREDENTIALS_FILE"] = file["path"]
    sections = attempt(lambda: load(file["path"]))
    names = sections.get("value", {}) if with_providers else {}
    return {
        "sections": sections,
        "keys": attempt(lambda: read_keys(file["profile"])),
        "providers": {name: attempt(lambda: provider(name)) for name in names if name != file["profile"]},
    }


files = json.load(sys.stdin)
json.dump(
    {
        "AWS CLI": [view(file, awscli.botocore.configloader.raw_config_parse, cli_keys, False) for file in files],
        "boto3": [view(file, botocore.configloader.raw_config_parse, boto3_keys, True) for file in files],
    },
    sys.stdout,
)

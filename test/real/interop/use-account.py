"""An app with boto3 that is told nothing but its endpoint: the credentials come from the file."""

import sys

import boto3

client = {"endpoint_url": sys.argv[1], "region_name": "eu-central-1"}
print("caller identity:", boto3.client("sts", **client).get_caller_identity()["Arn"])
buckets = boto3.client("s3", **client).list_buckets()["Buckets"]
print("buckets:", ", ".join(bucket["Name"] for bucket in buckets))

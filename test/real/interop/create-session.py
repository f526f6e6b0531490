"""Credentials by iam-rolesanywhere-session, used once at STS: arguments on stdin, who we are or the refusal out."""

import json
import sys

from iam_rolesanywhere_session import CredentialsRetrievalError, IAMRolesAnywhereSession

given = json.load(sys.stdin)
session = IAMRolesAnywhereSession(
    profile_arn=given["profileArn"],
    role_arn=given["roleArn"],
    trust_anchor_arn=given["anchorArn"],
    certificate=given["certificate"].encode(),
    private_key=given["privateKey"].encode(),
    certificate_chain=given["chain"].encode() or None,
    region=given["region"],
    endpoint=given["endpoint"],
    verify=given["authorityFile"],
    role_session_name=given.get("sessionName"),
).get_session()
try:
    sts = session.client("sts", endpoint_url=given["sts"])
    print(json.dumps({"arn": sts.get_caller_identity()["Arn"]}))
except CredentialsRetrievalError as error:
    print(json.dumps({"status": error.status_code, "message": error.message}))

"""The job of aws-iam-ra with public packages, in a script of a few dozen lines. The key stays in memory."""

import os
import pathlib

import hvac
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from iam_rolesanywhere_session import IAMRolesAnywhereSession

env = os.environ
token = pathlib.Path(env["SERVICE_ACCOUNT_TOKEN_FILE"]).read_text().strip()
vault = hvac.Client(url=env["VAULT_ADDR"], verify=env.get("VAULT_CACERT", True))
vault.auth.kubernetes.login(role=env["VAULT_ROLE"], jwt=token)

if env["KEY_TYPE"] == "rsa-2048":
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
else:
    key = ec.generate_private_key(ec.SECP256R1())
subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, env["VAULT_CERT_CN"])])
csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
issued = vault.secrets.pki.sign_certificate(
    name=env["VAULT_CERT_NAME"],
    csr=csr.public_bytes(serialization.Encoding.PEM).decode(),
    common_name=env["VAULT_CERT_CN"],
)["data"]

session = IAMRolesAnywhereSession(
    profile_arn=env["PROFILE_ARN"],
    role_arn=env["ROLE_ARN"],
    trust_anchor_arn=env["ANCHOR_ARN"],
    certificate=issued["certificate"].encode(),
    certificate_chain=issued["issuing_ca"].encode(),
    private_key=key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ),
    region=env["ANCHOR_ARN"].split(":")[3],
    endpoint=env["AWS_ENDPOINT_URL_ROLESANYWHERE"].removeprefix("https://"),
    verify=env.get("AWS_CA_BUNDLE", True),
)
credentials = session.get_refreshable_credentials().get_frozen_credentials()

path = pathlib.Path(env["AWS_SHARED_CREDENTIALS_FILE"])
path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
draft = path.with_name(".draft")
with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
    file.write(
        "[default]\n"
        f"aws_access_key_id = {credentials.access_key}\n"
        f"aws_secret_access_key = {credentials.secret_key}\n"
        f"aws_session_token = {credentials.token}\n"
    )
    file.flush()
    os.fsync(file.fileno())
draft.rename(path)
vault.auth.token.revoke_self()

#!/bin/sh
# The job of aws-iam-ra with the Vault CLI, openssl, curl and jq. VAULT names the CLI; HOME is in memory.
#
# No secret is in an argument or an environment variable: the CLI reads the service-account token from its file
# and its own from HOME, where this script puts it, and curl takes the signed request from its stdin. But openssl signs
# only with a key in a file, so the private key is in HOME during the run.
set -eu
umask 077
cd "$HOME"
region=$(echo "$ANCHOR_ARN" | cut -d: -f4)
# The CLI ignores the job's other variables, such as AWS's CA.
"$VAULT" write -format=json auth/kubernetes/login role="$VAULT_ROLE" jwt=@"$SERVICE_ACCOUNT_TOKEN_FILE" |
  jq -rj .auth.client_token >.vault-token

case $KEY_TYPE in
rsa-2048) algorithm=RSA kind='-newkey rsa:2048' ;;
*) algorithm=ECDSA kind='-newkey ec -pkeyopt ec_paramgen_curve:P-256' ;;
esac
# shellcheck disable=SC2086
openssl req -new $kind -nodes -sha256 -subj "/CN=$VAULT_CERT_CN" -keyout key.pem -out request.pem 2>request.log ||
  { cat request.log >&2; exit 1; }
"$VAULT" write -format=json pki/sign/"$VAULT_CERT_NAME" csr=@request.pem >issued.json
"$VAULT" token revoke -self >revoked.log 2>&1 &
revoking=$!

jq -r .data.certificate issued.json >leaf.pem
jq -r .data.issuing_ca issued.json >issuer.pem
leaf=$(grep -v -e ----- leaf.pem | tr -d '\n')
issuer=$(grep -v -e ----- issuer.pem | tr -d '\n')
# From hexadecimal to decimal; no shell counts that far.
serial=$(openssl x509 -in leaf.pem -noout -serial | cut -d= -f2 | awk '{
  for (at = 1; at <= length($1); at++) {
    carry = index("0123456789ABCDEF", substr($1, at, 1)) - 1
    for (place = 0; place < 60; place++) { sum = digit[place] * 16 + carry; digit[place] = sum % 10; carry = int(sum / 10) }
  }
  for (place = 59; place >= 0; place--) text = text digit[place]
  sub(/^0+/, "", text); print text }')

url=$AWS_ENDPOINT_URL_ROLESANYWHERE/sessions
host=${AWS_ENDPOINT_URL_ROLESANYWHERE#*://}
date=$(date -u +%Y%m%dT%H%M%SZ)
scope=${date%T*}/$region/rolesanywhere/aws4_request
names='content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain'
jq -nj --arg p "$PROFILE_ARN" --arg r "$ROLE_ARN" --arg t "$ANCHOR_ARN" \
  '{profileArn: $p, roleArn: $r, trustAnchorArn: $t} | tojson' >body.json
headers="content-type:application/json
host:$host
x-amz-date:$date
x-amz-x509:$leaf
x-amz-x509-chain:$issuer"
body=$(sha256sum <body.json | cut -d' ' -f1)
canonical=$(printf 'POST\n/sessions\n\n%s\n\n%s\n%s' "$headers" "$names" "$body" | sha256sum | cut -d' ' -f1)
signature=$(printf 'AWS4-X509-%s-SHA256\n%s\n%s\n%s' "$algorithm" "$date" "$scope" "$canonical" |
  openssl dgst -sha256 -sign key.pem | od -An -v -tx1 | tr -d ' \n')
authorization="AWS4-X509-$algorithm-SHA256 Credential=$serial/$scope, SignedHeaders=$names, Signature=$signature"
{
  echo "$headers" | grep -v ^host: | sed 's/.*/header = "&"/'
  echo "header = \"authorization: $authorization\""
  test -z "${AWS_CA_BUNDLE-}" || echo "cacert = \"$AWS_CA_BUNDLE\""
} | curl --silent --show-error --fail --data-binary @body.json --output session.json --config - "$url"

mkdir -p -m 700 "${AWS_SHARED_CREDENTIALS_FILE%/*}"
draft=$AWS_SHARED_CREDENTIALS_FILE.draft
jq -r '.credentialSet[0].credentials | "[default]
aws_access_key_id = \(.accessKeyId)
aws_secret_access_key = \(.secretAccessKey)
aws_session_token = \(.sessionToken)"' session.json >"$draft"
sync "$draft"
mv "$draft" "$AWS_SHARED_CREDENTIALS_FILE"
wait $revoking || { cat revoked.log >&2; exit 1; }

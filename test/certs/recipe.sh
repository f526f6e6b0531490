#!/usr/bin/env bash
# Makes every certificate of this folder with the OpenSSL command line, 3.0 or newer. The names, dates, serials and
# extensions are the same on each run; the keys are new, and the private ones are thrown away at the end.
set -euo pipefail

out=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
umask 077

from=20260101000000Z
to=21260101000000Z
subject=/CN=orders.shop.prod
names=DNS:orders.shop.example,URI:spiffe://prod/ns/shop/sa/orders

cat >ca.cnf <<'CONFIG'
[ca]
default_ca = any
[any]
database = index.txt
new_certs_dir = .
serial = serial
unique_subject = no
policy = anything
email_in_dn = no
[anything]
organizationName = optional
commonName = optional
[req]
distinguished_name = empty
[empty]
CONFIG
touch index.txt

ca_extensions='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid'

leaf_extensions="keyUsage=critical,digitalSignature
extendedKeyUsage=clientAuth
subjectAltName=$names
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid"

# key NAME ALGORITHM [OPTION…]: a private key, in the working folder only.
key() {
  local name=$1
  shift
  openssl genpkey -algorithm "$@" -out "$name.key" 2>/dev/null
}

ec_key() { key "$1" EC -pkeyopt "ec_paramgen_curve:${2:-P-256}" -pkeyopt ec_param_enc:named_curve; }

# issue NAME KEY SUBJECT ISSUER EXTENSIONS [OPTION…]: NAME.pem for KEY, by ISSUER (its own NAME makes a root).
# The serials count up; SERIAL, FROM, TO and MD override one certificate's own.
next_serial=4096
issue() {
  local name=$1 key=$2 subject=$3 issuer=$4 extensions=$5
  shift 5
  local signer=(-cert "$issuer.pem" -keyfile "$issuer.key")
  if [ "$issuer" = "$name" ]; then signer=(-selfsign -keyfile "$key.key"); fi
  next_serial=$((next_serial + 1))
  echo "${SERIAL:-$(printf '%X' "$next_serial")}" >serial
  printf '%s\n' "$extensions" >extensions.cnf
  openssl req -new -config ca.cnf -key "$key.key" -subj "$subject" -out request.csr
  openssl ca -batch -notext -config ca.cnf "${signer[@]}" -in request.csr -out "$name.pem" -extfile extensions.cnf \
    -startdate "${FROM:-$from}" -enddate "${TO:-$to}" -md "${MD:-sha256}" "$@" 2>ca.log || { cat ca.log >&2; exit 1; }
  # A CA whose certificate bears another name than its key signs as that name.
  [ -e "$name.key" ] || cp "$key.key" "$name.key"
}

leaf() { issue "$1" our "$subject" int2 "${2-$leaf_extensions}" "${@:3}"; }
without() { printf '%s\n' "$leaf_extensions" | grep -v "^$1="; }

# The issuers: root → int1 → int2, and a second root for cross-signing.
ec_key root
ec_key root-b
ec_key int1
ec_key int2
issue root root '/O=Test/CN=Root' root "$ca_extensions"
issue root-b root-b '/O=Test/CN=Root B' root-b "$ca_extensions"
issue int1 int1 '/O=Test/CN=Intermediate 1' root "$ca_extensions"
issue int2 int2 '/O=Test/CN=Intermediate 2' int1 "$ca_extensions"
issue root-cross root '/O=Test/CN=Root' root-b "$ca_extensions"
issue root-b-cross root-b '/O=Test/CN=Root B' root "$ca_extensions"
MD=sha1 issue root-sha1 root '/O=Test/CN=Root' root-sha1 "$ca_extensions"
ec_key root-rolled
issue root-rolled root-rolled '/O=Test/CN=Root' root "$ca_extensions"
issue int1-cross int1 '/O=Test/CN=Intermediate 1' root-b "$ca_extensions"
TO=20260201000000Z issue int1-cross-expired int1 '/O=Test/CN=Intermediate 1' root-b "$ca_extensions"
ec_key int2-other-key
issue int2-other-key int2-other-key '/O=Test/CN=Intermediate 2' int1 "$ca_extensions"
key int-rsa RSA -pkeyopt rsa_keygen_bits:2048
issue int-rsa int-rsa '/O=Test/CN=Intermediate RSA' root "$ca_extensions"
key int-ed25519 ED25519
issue int-ed25519 int-ed25519 '/O=Test/CN=Intermediate Ed25519' root "$ca_extensions"

# Good leaves.
ec_key our
openssl pkey -in our.key -pubout -out our-key.pem
leaf good-p256
ec_key p384 P-384
issue good-p384 p384 "$subject" int2 "$leaf_extensions"
key rsa-2048 RSA -pkeyopt rsa_keygen_bits:2048
issue good-rsa-2048 rsa-2048 "$subject" int2 "$leaf_extensions"
MD=sha384 leaf sha384
issue pss-sha256 our "$subject" int-rsa "$leaf_extensions" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
MD=null issue ed25519-issued our "$subject" int-ed25519 "$leaf_extensions"
issue root-issued our "$subject" root "$leaf_extensions"
issue root-rolled-issued our "$subject" root-rolled "$leaf_extensions"
leaf other-name "$(without subjectAltName)
subjectAltName=$names,otherName:1.2.3.4;UTF8:badge"
leaf dns-upper-case "$(without subjectAltName)
subjectAltName=DNS:ORDERS.Shop.example,URI:spiffe://prod/ns/shop/sa/orders"
SERIAL=F0E1D2C3B4A5968778695A4B3C2D1E0F00112233 leaf top-bit-serial
TO=20491231235959Z leaf utc-time
FROM=20500101000000Z leaf generalized-time

# Leaves with one thing wrong.
ec_key other
issue other-key other "$subject" int2 "$leaf_extensions"
issue wrong-issuer-signature our "$subject" int2-other-key "$leaf_extensions"
issue renamed int2 '/O=Test/CN=Renamed' int1 "$ca_extensions"
issue wrong-issuer-name our "$subject" renamed "$leaf_extensions"
TO=20260201000000Z leaf expired
FROM=21000101000000Z leaf not-yet-valid
leaf no-key-usage "$(without keyUsage)"
leaf no-digital-signature "keyUsage=critical,keyEncipherment,keyAgreement
$(without keyUsage)"
leaf ca-true "basicConstraints=critical,CA:TRUE
$leaf_extensions"
issue empty-subject our / int2 "$(without subjectAltName)
subjectAltName=critical,$names"
MD=sha1 leaf sha1
MD=md5 issue md5 our "$subject" int-rsa "$leaf_extensions"
MD=sha1 issue pss-sha1 our "$subject" int-rsa "$leaf_extensions" -sigopt rsa_padding_mode:pss \
  -sigopt rsa_pss_saltlen:digest
key rsa-1024 RSA -pkeyopt rsa_keygen_bits:1024
issue rsa-1024 rsa-1024 "$subject" int2 "$leaf_extensions"
key ed25519 ED25519
issue ed25519-key ed25519 "$subject" int2 "$leaf_extensions"
issue cn-differs our /CN=billing.shop.prod int2 "$leaf_extensions"
issue cn-twice our "$subject/CN=billing.shop.prod" int2 "$leaf_extensions"
issue cn-missing our /O=Test int2 "$leaf_extensions"
leaf san-missing "$(without subjectAltName)"
leaf dns-missing "$(without subjectAltName)
subjectAltName=URI:spiffe://prod/ns/shop/sa/orders"
leaf uri-missing "$(without subjectAltName)
subjectAltName=DNS:orders.shop.example"
leaf san-unreadable "$(without subjectAltName)
2.5.29.17=DER:04:01:00"
SERIAL=00 leaf zero-serial
SERIAL=7FE1D2C3B4A5968778695A4B3C2D1E0F0011223344 leaf long-serial

# ca refuses to give a negative serial; x509 -req does not.
openssl req -new -config ca.cnf -key our.key -subj "$subject" -out request.csr
printf '%s\n' "$leaf_extensions" >extensions.cnf
openssl x509 -req -in request.csr -CA int2.pem -CAkey int2.key -set_serial -5 -days 36500 -sha256 \
  -extfile extensions.cnf -out negative-serial.pem 2>/dev/null

# It also makes version 1 where no extensions are given; newer releases have a switch for it.
v1=()
if openssl x509 -help 2>&1 | grep -q -- -x509v1; then v1=(-x509v1); fi
openssl x509 -req -in request.csr -CA int2.pem -CAkey int2.key -set_serial 8192 -days 36500 -sha256 "${v1[@]}" \
  -out version-1.pem 2>/dev/null
openssl x509 -in version-1.pem -noout -text | grep -q 'Version: 1 '

# Other certificates for int2's key and name, each with one thing wrong: good-p256 verifies with all of them.
intermediate() { issue "$1" int2 '/O=Test/CN=Intermediate 2' "${3:-int1}" "${2:-$ca_extensions}"; }
TO=20260201000000Z intermediate intermediate-expired
FROM=21000101000000Z intermediate intermediate-not-yet-valid
intermediate intermediate-not-ca "basicConstraints=critical,CA:FALSE
keyUsage=critical,keyCertSign"
intermediate intermediate-no-cert-sign "basicConstraints=critical,CA:TRUE
keyUsage=critical,digitalSignature"
MD=sha1 intermediate intermediate-sha1
MD=md5 intermediate intermediate-md5 "$ca_extensions" int-rsa
ec_key int1-other-key
issue int1-other-key int1-other-key '/O=Test/CN=Intermediate 1' root "$ca_extensions"
intermediate intermediate-wrong-signature "$ca_extensions" int1-other-key

# The same for int1's, which is above the leaf's issuer.
upper() { issue "$1" int1 '/O=Test/CN=Intermediate 1' root "${2:-$ca_extensions}"; }
TO=20260201000000Z upper int1-expired
FROM=21000101000000Z upper int1-not-yet-valid
upper int1-not-ca "basicConstraints=critical,CA:FALSE
keyUsage=critical,keyCertSign"
upper int1-no-cert-sign "basicConstraints=critical,CA:TRUE
keyUsage=critical,digitalSignature"
MD=sha1 upper int1-sha1

# A leaf six intermediates below the root, and the six, from the root's side to the leaf's.
above=root
for depth in 1 2 3 4 5 6; do
  ec_key "deep$depth"
  issue "deep$depth" "deep$depth" "/O=Test/CN=Deep $depth" "$above" "$ca_extensions"
  above=deep$depth
done
issue six-deep our "$subject" deep6 "$leaf_extensions"
cat deep{1,2,3,4,5,6}.pem >six-deep-chain.pem

# The good leaf in other clothes.
sed 's/$/\r/' good-p256.pem >crlf.pem
{
  openssl x509 -in good-p256.pem -noout -subject -issuer
  echo '  issued for the tests'
  cat good-p256.pem
  echo 'and nothing after it'
} >text-around.pem
{
  echo '-----BEGIN CERTIFICATE-----'
  echo 'this is! not base64'
  echo '-----END CERTIFICATE-----'
} >garbage.pem
{
  echo '-----BEGIN CERTIFICATE-----'
  openssl x509 -in good-p256.pem -outform DER | head -c 300 | openssl base64
  echo '-----END CERTIFICATE-----'
} >truncated-der.pem

# Working parts that no test needs stay out: only what is listed is copied, and no private key is among it.
made=(
  root root-b int1 int2 root-cross root-b-cross root-sha1 root-rolled
  int1-cross int1-cross-expired int2-other-key int-rsa int-ed25519
  our-key good-p256 good-p384 good-rsa-2048 sha384 pss-sha256 ed25519-issued root-issued root-rolled-issued other-name
  dns-upper-case top-bit-serial utc-time generalized-time
  other-key wrong-issuer-signature wrong-issuer-name expired not-yet-valid no-key-usage no-digital-signature ca-true
  empty-subject sha1 md5 pss-sha1 rsa-1024 ed25519-key cn-differs cn-twice cn-missing san-missing dns-missing
  uri-missing san-unreadable zero-serial negative-serial long-serial version-1
  intermediate-expired intermediate-not-yet-valid intermediate-not-ca intermediate-no-cert-sign intermediate-sha1
  intermediate-md5 intermediate-wrong-signature int1-expired int1-not-yet-valid int1-not-ca int1-no-cert-sign int1-sha1
  six-deep six-deep-chain crlf text-around garbage truncated-der
)
umask 022
for name in "${made[@]}"; do
  if grep -q PRIVATE "$name.pem"; then
    echo "$name.pem holds a private key" >&2
    exit 1
  fi
  cat "$name.pem" >"$out/$name.pem"
done
echo "${#made[@]} files"

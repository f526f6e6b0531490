#!/usr/bin/env bash
# Makes every key and certificate of this folder with the OpenSSL command line, 3.0 or newer. Names, dates and forms are the
# same on each run; the keys are new.
set -euo pipefail

out=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
umask 077

cat >ca.cnf <<'CONFIG'
[ca]
default_ca = any
[any]
database = index.txt
new_certs_dir = .
serial = serial
unique_subject = no
policy = anything
[anything]
commonName = supplied
[req]
distinguished_name = empty
[empty]
CONFIG
touch index.txt
echo 1000 >serial
cat >authority.cnf <<'EXTENSIONS'
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
EXTENSIONS
echo 'keyUsage=critical,digitalSignature' >leaf.cnf

# key NAME ALGORITHM [OPTION…]: NAME-pkcs8.pem
key() {
  local name=$1
  shift
  openssl genpkey -algorithm "$@" -out "$name-pkcs8.pem" 2>/dev/null
}

# issue NAME ISSUER EXTENSIONS [SUBJECT]: NAME.pem for the key of that name, by ISSUER (its own NAME makes a root).
issue() {
  local signer=(-cert "$2.pem" -keyfile "$2-pkcs8.pem")
  if [ "$2" = "$1" ]; then signer=(-selfsign -keyfile "$1-pkcs8.pem"); fi
  openssl req -new -config ca.cnf -key "$1-pkcs8.pem" -subj "/CN=${4:-$1}" -out request.csr
  openssl ca -batch -notext -config ca.cnf "${signer[@]}" -in request.csr -out "$1.pem" -extfile "$3" \
    -startdate 20260101000000Z -enddate 21260101000000Z -md sha256 2>ca.log || { cat ca.log >&2; exit 1; }
}

ec() { key "$1" EC -pkeyopt "ec_paramgen_curve:$2" -pkeyopt ec_param_enc:named_curve; }
rsa() { key "$1" "${3:-RSA}" -pkeyopt "rsa_keygen_bits:$2"; }

ec root P-256
ec intermediate P-256
issue root root authority.cnf
issue intermediate root authority.cnf

# Keys that can be used, in each of their forms.
for curve in 256 384 521; do
  ec "p$curve" "P-$curve"
  openssl ec -in "p$curve-pkcs8.pem" -out "p$curve-sec1.pem" 2>/dev/null
done
# As `openssl ecparam -genkey` writes it: the curve's name in a block of its own before the key.
{
  openssl ecparam -name prime256v1
  cat p256-sec1.pem
} >p256-parameters.pem
for bits in 2048 3072; do
  rsa "rsa-$bits" "$bits"
  openssl rsa -in "rsa-$bits-pkcs8.pem" -traditional -out "rsa-$bits-pkcs1.pem" 2>/dev/null
done

# One key in other forms of SEC 1 and of X9.62, and the certificates that come of them.
for form in compressed hybrid; do
  openssl ec -in p256-pkcs8.pem -conv_form "$form" -out "p256-$form-sec1.pem" 2>/dev/null
done
openssl ec -in p256-pkcs8.pem -param_enc explicit -out p256-explicit-sec1.pem 2>/dev/null
openssl ec -in p256-pkcs8.pem -no_public -out p256-no-public-sec1.pem 2>/dev/null
openssl ec -in intermediate-pkcs8.pem -conv_form compressed -out intermediate-compressed-sec1.pem 2>/dev/null
for name in p256-compressed p256-hybrid p256-explicit p256-no-public intermediate-compressed; do
  openssl pkcs8 -topk8 -nocrypt -in "$name-sec1.pem" -out "$name-pkcs8.pem"
done
for form in compressed hybrid explicit; do issue "p256-$form" intermediate leaf.cnf p256; done
issue intermediate-compressed root authority.cnf intermediate

# Keys that cannot.
openssl pkcs8 -topk8 -in p256-pkcs8.pem -passout pass:unknown -out p256-encrypted.pem
openssl rsa -in rsa-2048-pkcs8.pem -traditional -aes256 -passout pass:unknown -out rsa-2048-encrypted.pem 2>/dev/null
key ed25519 ED25519
ec secp256k1 secp256k1
rsa rsa-pss 2048 RSA-PSS
rsa rsa-1024 1024

for name in p256 p384 p521 rsa-2048 rsa-3072 ed25519 secp256k1 rsa-pss rsa-1024; do
  issue "$name" intermediate leaf.cnf
done

made=(
  root intermediate
  p256 p256-pkcs8 p256-sec1 p256-parameters p256-encrypted p384 p384-pkcs8 p384-sec1 p521 p521-pkcs8 p521-sec1
  p256-compressed p256-compressed-pkcs8 p256-compressed-sec1 p256-hybrid p256-hybrid-pkcs8 p256-hybrid-sec1
  p256-explicit p256-explicit-pkcs8 p256-explicit-sec1 p256-no-public-pkcs8 p256-no-public-sec1 intermediate-compressed
  rsa-2048 rsa-2048-pkcs8 rsa-2048-pkcs1 rsa-2048-encrypted rsa-3072 rsa-3072-pkcs8 rsa-3072-pkcs1
  ed25519 ed25519-pkcs8 secp256k1 secp256k1-pkcs8 rsa-pss rsa-pss-pkcs8 rsa-1024 rsa-1024-pkcs8
)
umask 022
for name in "${made[@]}"; do cat "$name.pem" >"$out/$name.pem"; done
echo "${#made[@]} files"

module iam-ra/test/real/servers/vault
go 1.26
require github.com/hashicorp/vault v1.19.0
replace github.com/hashicorp/vault/sdk => github.com/hashicorp/vault/sdk v0.15.2
replace github.com/99designs/keyring => github.com/Jeffail/keyring v1.2.3
replace github.com/ma314smith/signedxml v1.1.1 => github.com/moov-io/signedxml v1.1.1

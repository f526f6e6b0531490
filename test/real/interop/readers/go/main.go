// Apps with Go's SDKs, told nothing but their environment: a JSON question on each line of stdin, one answer out.
// The argument says which SDK: v2, v1 or minio.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

type question struct {
	Ask string            `json:"ask"`
	Env map[string]string `json:"env"`
	// Whether an app that was asked before under this name is asked again.
	Kept string `json:"kept"`
}

// Keys never leave in the clear: digests are compared.
type keys struct {
	ID      string  `json:"id"`
	Secret  string  `json:"secret"`
	Token   *string `json:"token"`
	Account string  `json:"account,omitempty"`
	Expires string  `json:"expires,omitempty"`
}

// What an SDK makes of its environment.
type app interface {
	credentials() (*keys, error)
	// Whom STS, or which buckets S3, shows to what the SDK signs.
	use() (map[string]any, error)
}

var sdks = map[string]struct {
	module string
	start  func() (app, error)
}{
	"v2":    {"github.com/aws/aws-sdk-go-v2/config", startV2},
	"v1":    {"github.com/aws/aws-sdk-go", startV1},
	"minio": {"github.com/minio/minio-go/v7", startMinio},
}

func digest(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])
}

func keysOf(id, secret, token, account string, expires time.Time) *keys {
	found := &keys{ID: id, Secret: digest(secret), Account: account}
	// Go's SDKs do not tell an empty token from none.
	if token != "" {
		hashed := digest(token)
		found.Token = &hashed
	}
	if !expires.IsZero() {
		found.Expires = expires.UTC().Format(time.RFC3339)
	}
	return found
}

func version(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, one := range info.Deps {
		if one.Path == module {
			return one.Version
		}
	}
	return "unknown"
}

func main() {
	sdk := sdks[os.Args[1]]
	kept := map[string]app{}
	given := map[string]string{}
	out := json.NewEncoder(os.Stdout)
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked question
		if err := json.Unmarshal(line, &asked); err != nil {
			panic(err)
		}
		for name := range given {
			os.Unsetenv(name)
		}
		given = asked.Env
		for name, value := range given {
			os.Setenv(name, value)
		}
		answer, err := answerTo(asked, sdk.module, sdk.start, kept)
		if err != nil {
			answer = map[string]string{"error": err.Error()}
		}
		out.Encode(answer)
	}
}

func answerTo(asked question, module string, start func() (app, error), kept map[string]app) (any, error) {
	if asked.Ask == "version" {
		return map[string]string{"version": version(module)}, nil
	}
	one, found := kept[asked.Kept]
	if !found {
		started, err := start()
		if err != nil {
			return nil, err
		}
		one = started
		if asked.Kept != "" {
			kept[asked.Kept] = one
		}
	}
	switch asked.Ask {
	case "credentials":
		found, err := one.credentials()
		return map[string]*keys{"keys": found}, err
	case "use":
		return one.use()
	}
	return nil, fmt.Errorf("no such question: %s", asked.Ask)
}

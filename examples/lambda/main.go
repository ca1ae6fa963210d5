// Command lambda is an AWS Lambda function that signs links with a secret key. It
// reads the key itself, without files and without the credrender binary. README.md
// explains how to build it.
package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/awsconfig"
	"github.com/credrender/credrender/pkg/source/dynamo"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/store"
)

func main() {
	log.SetOutput(awsconfig.Redact(os.Stderr)) // net/http logs what a server answers
	key, err := source.Parse(os.Getenv("SIGNING_KEY"), nil)
	if err != nil {
		log.Fatal(err)
	}
	secrets, err := open(context.Background(), os.Getenv("CREDSTASH_DEFAULT_TABLE"))
	if err != nil {
		log.Fatal(err)
	}
	s := &signer{secrets: secrets, key: key, now: time.Now}
	lambda.Start(s.sign)
}

// open returns a source of the table's secrets. A program that only reads needs no KMS
// key: each item states which key opens it.
func open(ctx context.Context, table string) (source.Source, error) {
	cfg, err := awsconfig.Load(ctx, awsconfig.Options{})
	if err != nil {
		return nil, err
	}
	return store.New(store.Options{Reader: dynamo.New(cfg.AWS, table), Decrypter: kms.New(cfg.KMS, "")}), nil
}

// maxAge is how long a key is used before it is fetched again.
const maxAge = 5 * time.Minute

// signer keeps the key between invocations.
type signer struct {
	secrets source.Source
	key     source.Ref
	now     func() time.Time

	mu      sync.Mutex
	held    source.Result
	fetched time.Time
}

type request struct {
	Path string `json:"path"`
}

type response struct {
	Signature string `json:"signature"`
}

func (s *signer) sign(ctx context.Context, r request) (response, error) {
	key, err := s.signingKey(ctx)
	if err != nil {
		return response{}, err
	}
	mac := hmac.New(sha256.New, key.Reveal())
	mac.Write([]byte(r.Path))
	return response{hex.EncodeToString(mac.Sum(nil))}, nil
}

// signingKey returns the key. While AWS does not answer it returns the one it has,
// since that is better than no service. A key that was deleted or denied is an error.
func (s *signer) signingKey(ctx context.Context) (source.Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fetched.IsZero() || s.now().Sub(s.fetched) >= maxAge {
		result := s.secrets.Fetch(ctx, []source.Ref{s.key})[s.key]
		if result.Err == nil {
			s.held, s.fetched = result, s.now()
		} else if s.fetched.IsZero() || !source.Unanswered(result.Err) {
			return source.Secret{}, fmt.Errorf("fetch signing key: %w", result.Err)
		}
	}
	return s.held.Secret, nil
}

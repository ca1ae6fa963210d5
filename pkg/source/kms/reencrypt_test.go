package kms_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/credrender/credrender/pkg/source"
	"github.com/credrender/credrender/pkg/source/kms"
	"github.com/credrender/credrender/pkg/store"
	"github.com/credrender/credrender/test/awsfake"
)

var _ store.ReEncrypter = (*kms.Keys)(nil)

func TestReEncrypt(t *testing.T) {
	srv := awsfake.Start(t)
	k := open(t, srv)
	other := kms.New(srv.Client(t, awsfake.OneAttempt), "alias/other")
	if _, err := other.EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	dev, prod := map[string]string{"env": "dev"}, map[string]string{"env": "prod"}
	plain, wrapped, err := k.GenerateDataKey(t.Context(), 64, dev)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		under    *kms.Keys
		from, to map[string]string
		moved    bool
		err      error
	}{
		{"another key", other, dev, dev, true, nil},
		{"another context", k, dev, prod, true, nil},
		{"no context", k, dev, nil, true, nil},
		{"as it is", k, dev, map[string]string{"env": "dev"}, false, nil},
		{"wrong context", other, prod, prod, false, source.ErrWrongContext},
		{"no such key", kms.New(srv.Client(t, awsfake.OneAttempt), "alias/none"), dev, dev, false, source.ErrNoStore},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			again, moved, err := tt.under.ReEncrypt(t.Context(), wrapped, tt.from, tt.to)
			if moved != tt.moved || !errors.Is(err, tt.err) {
				t.Fatalf("moved %v, %v", moved, err)
			}
			if err != nil {
				return
			}
			if got, err := k.Decrypt(t.Context(), again, tt.to); !bytes.Equal(got, plain) || err != nil {
				t.Errorf("it does not open: %v", err)
			}
		})
	}
}

// TestReEncryptTakesBothRights: from the one key and context, and to the other.
func TestReEncryptTakesBothRights(t *testing.T) {
	const worker, role = "AKIAWORKER0000000000", "arn:aws:iam::" + awsfake.Account + ":role/worker"
	const policy = `{"Version":"2012-10-17","Statement":[{"Sid":"Admin","Effect":"Allow","Principal":{"AWS":["` + awsfake.User + `"]},"Action":"kms:*","Resource":"*"}]}`
	srv := awsfake.New(awsfake.Options{Principals: map[string]string{worker: role}})
	t.Cleanup(srv.Close)
	cfg := srv.Client(t, awsfake.OneAttempt)
	admin := awskms.NewFromConfig(cfg.Config)
	made, err := admin.CreateKey(t.Context(), &awskms.CreateKeyInput{Policy: aws.String(policy)})
	if err != nil {
		t.Fatal(err)
	}
	id := *made.KeyMetadata.KeyId
	dev, prod := map[string]string{"env": "dev"}, map[string]string{"env": "prod"}
	_, wrapped, err := kms.New(cfg, id).GenerateDataKey(t.Context(), 64, dev)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Credentials = credentials.NewStaticCredentialsProvider(worker, "secret", "")
	k := kms.New(cfg, id)
	for i, op := range []types.GrantOperation{"", types.GrantOperationReEncryptFrom, types.GrantOperationReEncryptTo} {
		if op != "" {
			context := dev
			if op == types.GrantOperationReEncryptTo {
				context = prod
			}
			_, err := admin.CreateGrant(t.Context(), &awskms.CreateGrantInput{
				KeyId: &id, GranteePrincipal: aws.String(role), Operations: []types.GrantOperation{op},
				Constraints: &types.GrantConstraints{EncryptionContextEquals: context},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		_, moved, err := k.ReEncrypt(t.Context(), wrapped, dev, prod)
		if i < 2 && !errors.Is(err, source.ErrDenied) || i == 2 && (err != nil || !moved) {
			t.Errorf("with %d rights: moved %v, %v", i, moved, err)
		}
	}
	if _, _, err := k.ReEncrypt(t.Context(), wrapped, dev, map[string]string{"env": "other"}); !errors.Is(err, source.ErrDenied) {
		t.Errorf("to a context without a grant: %v", err)
	}
}

// keyless takes the keys out of answers, as some emulators leave them out.
type keyless struct{ aws.HTTPClient }

func (k keyless) Do(r *http.Request) (*http.Response, error) {
	answer, err := k.HTTPClient.Do(r)
	if err != nil {
		return nil, err
	}
	var fields map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&fields); err != nil {
		return nil, err
	}
	delete(fields, "SourceKeyId")
	delete(fields, "KeyId")
	body, err := json.Marshal(fields)
	answer.Body, answer.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return answer, err
}

// TestReEncryptWithoutKeys: a rekey must not take two unknown keys for the same one and
// report that nothing is left to do.
func TestReEncryptWithoutKeys(t *testing.T) {
	srv := awsfake.Start(t)
	_, wrapped, err := open(t, srv).GenerateDataKey(t.Context(), 64, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := srv.Client(t, awsfake.OneAttempt)
	if _, err := kms.New(client, "alias/other").EnsureKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	client.HTTPClient = keyless{client.HTTPClient}
	if _, moved, err := kms.New(client, "alias/other").ReEncrypt(t.Context(), wrapped, nil, nil); !moved || err != nil {
		t.Errorf("moved %v, %v", moved, err)
	}
}

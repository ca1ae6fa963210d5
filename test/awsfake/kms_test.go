package awsfake_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/credrender/credrender/test/awsfake"
)

func TestDecryptContext(t *testing.T) {
	c, _ := withKey(t, awsfake.Start(t))
	made, err := c.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{
		KeyId: aws.String("alias/credstash"), NumberOfBytes: aws.Int32(64),
		EncryptionContext: map[string]string{"app": "web", "Env.Name": "prod"},
	})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		context map[string]string
		opens   bool
	}{
		{"same", map[string]string{"Env.Name": "prod", "app": "web"}, true},
		{"missing", nil, false},
		{"part of it", map[string]string{"app": "web"}, false},
		{"more", map[string]string{"app": "web", "Env.Name": "prod", "x": "y"}, false},
		{"key's case", map[string]string{"app": "web", "env.name": "prod"}, false},
		{"value's case", map[string]string{"app": "Web", "Env.Name": "prod"}, false},
		{"same letters, other split", map[string]string{"ap": "pweb", "Env.Name": "prod"}, false},
		{"swapped values", map[string]string{"app": "prod", "Env.Name": "web"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: made.CiphertextBlob, EncryptionContext: tt.context})
			if !tt.opens {
				wantCode(t, err, "InvalidCiphertextException", "")
				return
			}
			if err != nil || !bytes.Equal(out.Plaintext, made.Plaintext) || len(out.Plaintext) != 64 {
				t.Errorf("got %d bytes, %v", len(out.Plaintext), err)
			}
		})
	}
}

func TestDamagedBlob(t *testing.T) {
	c, _ := withKey(t, awsfake.Start(t))
	out, err := c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String("alias/credstash"), Plaintext: []byte("x")})
	if err != nil {
		t.Fatal(err)
	}
	blob := out.CiphertextBlob
	flipped := bytes.Clone(blob)
	flipped[len(flipped)-1] ^= 1
	for name, b := range map[string][]byte{"flipped": flipped, "cut": blob[:len(blob)-1], "short": blob[:40], "garbage": []byte("garbage"), "one byte": {1}} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: b})
			wantCode(t, err, "InvalidCiphertextException", "")
		})
	}
}

func TestKeys(t *testing.T) {
	srv := awsfake.Start(t)
	c, id := withKey(t, srv)
	arn := "arn:aws:kms:eu-west-1:123456789012:key/" + id
	for _, ref := range []string{id, arn, "alias/credstash", "arn:aws:kms:eu-west-1:123456789012:alias/credstash"} {
		out, err := c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String(ref)})
		if err != nil {
			t.Fatal(err)
		}
		if *out.KeyMetadata.Arn != arn {
			t.Errorf("%s is %s, want %s", ref, *out.KeyMetadata.Arn, arn)
		}
	}
	_, err := c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/none")})
	wantCode(t, err, "NotFoundException", "Alias arn:aws:kms:eu-west-1:123456789012:alias/none is not found.")
	_, err = c.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String("alias/credstash"), TargetKeyId: aws.String(id)})
	wantCode(t, err, "AlreadyExistsException", "")
	_, err = c.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{KeyId: aws.String(id), NumberOfBytes: aws.Int32(1025)})
	wantCode(t, err, "ValidationException", "")
	_, err = c.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{KeyId: aws.String(id)})
	wantCode(t, err, "ValidationException", "")
	_, err = c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String(id), Plaintext: []byte(strings.Repeat("x", 4097))})
	wantCode(t, err, "ValidationException", "")
	if _, err := c.EnableKeyRotation(t.Context(), &kms.EnableKeyRotationInput{KeyId: aws.String(id)}); err != nil {
		t.Fatal(err)
	}
	status, err := c.GetKeyRotationStatus(t.Context(), &kms.GetKeyRotationStatusInput{KeyId: aws.String(id)})
	if err != nil || !status.KeyRotationEnabled {
		t.Errorf("rotation is %v, %v", status.KeyRotationEnabled, err)
	}
	list, err := c.ListAliases(t.Context(), &kms.ListAliasesInput{KeyId: aws.String(id)})
	if err != nil || len(list.Aliases) != 1 || *list.Aliases[0].AliasName != "alias/credstash" {
		t.Errorf("got aliases %v, %v", list.Aliases, err)
	}
}

func TestKeyStates(t *testing.T) {
	c, id := withKey(t, awsfake.Start(t))
	made, err := c.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{KeyId: aws.String(id), NumberOfBytes: aws.Int32(32)})
	if err != nil {
		t.Fatal(err)
	}
	decrypt := func(keyID *string) error {
		_, err := c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: made.CiphertextBlob, KeyId: keyID})
		return err
	}
	other, err := c.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	if err := decrypt(aws.String(id)); err != nil {
		t.Error(err)
	}
	wantCode(t, decrypt(other.KeyMetadata.KeyId), "IncorrectKeyException", "")
	if _, err := c.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: aws.String(id)}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, decrypt(nil), "DisabledException", "arn:aws:kms:eu-west-1:123456789012:key/"+id+" is disabled.")
	if _, err := c.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: aws.String(id)}); err != nil {
		t.Fatal(err)
	}
	if err := decrypt(nil); err != nil {
		t.Error(err)
	}
	if _, err := c.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: aws.String(id)}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, decrypt(nil), "KMSInvalidStateException", "")
}

func TestReEncrypt(t *testing.T) {
	c, id := withKey(t, awsfake.Start(t))
	old, err := c.Encrypt(t.Context(), &kms.EncryptInput{KeyId: aws.String(id), Plaintext: []byte("data key"), EncryptionContext: map[string]string{"a": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	in := &kms.ReEncryptInput{
		CiphertextBlob: old.CiphertextBlob, DestinationKeyId: aws.String("alias/credstash"),
		DestinationEncryptionContext: map[string]string{"c": "d"},
	}
	_, err = c.ReEncrypt(t.Context(), in)
	wantCode(t, err, "InvalidCiphertextException", "")
	in.SourceEncryptionContext = map[string]string{"a": "b"}
	out, err := c.ReEncrypt(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: out.CiphertextBlob, EncryptionContext: map[string]string{"c": "d"}})
	if err != nil || string(plain.Plaintext) != "data key" {
		t.Errorf("got %q, %v", plain.Plaintext, err)
	}
}

// Keys and tables live in one region, and blobs name their key.
func TestRegions(t *testing.T) {
	srv := awsfake.Start(t)
	c, id := withKey(t, srv)
	made, err := c.GenerateDataKey(t.Context(), &kms.GenerateDataKeyInput{KeyId: aws.String(id), NumberOfBytes: aws.Int32(32)})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := func(o *kms.Options) { o.Region = "us-east-1" }
	_, err = c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/credstash")}, elsewhere)
	wantCode(t, err, "NotFoundException", "")
	_, err = c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("arn:aws:kms:eu-west-1:123456789012:key/" + id)}, elsewhere)
	wantCode(t, err, "NotFoundException", "Invalid arn us-east-1")
	_, err = c.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: made.CiphertextBlob}, elsewhere)
	wantCode(t, err, "AccessDeniedException", "")
}

package main

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/credrender/credrender/test/awsfake"
)

// cmdSneaker stores an object in the bucket as sneaker does: sneaker KEY VALUE
// [PAIR=VALUE]...; sneaker pack FILE makes a pack of a file.
func cmdSneaker(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: sneaker KEY VALUE [PAIR=VALUE]... | sneaker pack FILE [PAIR=VALUE]...")
	}
	pairs := map[string]string{}
	for _, p := range args[2:] {
		k, v, _ := strings.Cut(p, "=")
		pairs[k] = v
	}
	if args[0] == "pack" {
		key, wrapped, arn := dataKey(ts, pairs)
		ts.Check(os.WriteFile(ts.MkAbs(args[1]+".pack"), sealLikeSneaker(ts, key, wrapped, arn, []byte(ts.ReadFile(args[1]))), 0o600))
		return
	}
	pairs["Path"] = "s3://bucket/" + args[0]
	key, wrapped, arn := dataKey(ts, pairs)
	_, err := fieldOf(ts).s3.Put("bucket", args[0], sealLikeSneaker(ts, key, wrapped, arn, []byte(args[1])))
	ts.Check(err)
}

// cmdBiscuit appends a secret to a file of biscuit, encrypted under KMS: biscuit FILE NAME
// VALUE.
func cmdBiscuit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: biscuit FILE NAME VALUE")
	}
	key, wrapped, arn := dataKey(ts, map[string]string{"SecretName": args[1]})
	nonce := bytes.Repeat([]byte("n"), 12)
	sealed := append(newGCM(ts, key).Seal(nil, nonce, []byte(args[2]), nil), nonce...)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	_, err = fmt.Fprintf(f, "%s:\n- key_id: %s\n  key_manager: kms\n  algorithm: aesgcm256\n  key_ciphertext: %s\n  ciphertext: %s\n", args[1], arn,
		base64.StdEncoding.EncodeToString(wrapped), base64.StdEncoding.EncodeToString(sealed))
	ts.Check(err)
	ts.Check(f.Close())
}

// dataKey makes a data key of 32 bytes under the store's key.
func dataKey(ts *testscript.TestScript, pairs map[string]string) (key, wrapped []byte, arn string) {
	client := kms.New(kms.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(server(ts).URL(awsfake.KMS)),
		Credentials: credentials.NewStaticCredentialsProvider(ts.Getenv("AWS_ACCESS_KEY_ID"), ts.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
	})
	out, err := client.GenerateDataKey(context.Background(), &kms.GenerateDataKeyInput{
		KeyId: aws.String("alias/credstash"), NumberOfBytes: aws.Int32(32), EncryptionContext: pairs,
	})
	ts.Check(err)
	return out.Plaintext, out.CiphertextBlob, *out.KeyId
}

func sealLikeSneaker(ts *testscript.TestScript, key, wrapped []byte, arn string, value []byte) []byte {
	nonce := bytes.Repeat([]byte("n"), 12)
	out := binary.BigEndian.AppendUint32(nil, uint32(len(wrapped)))
	out = append(append(out, wrapped...), nonce...)
	return newGCM(ts, key).Seal(out, nonce, value, []byte(arn))
}

func newGCM(ts *testscript.TestScript, key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	ts.Check(err)
	aead, err := cipher.NewGCM(block)
	ts.Check(err)
	return aead
}

package contract

import (
	"bytes"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// Where AWS documents KMS.
const (
	kmsGuide = "https://docs.aws.amazon.com/kms/latest/developerguide/"
	kmsAPI   = "https://docs.aws.amazon.com/kms/latest/APIReference/"
)

func cryptCases() []Case {
	return []Case{
		{
			Service: serviceKMS, Name: "opens a blob only in its own encryption context, case included", Source: kmsGuide + "encrypt_context.html",
			check: checkContext,
		},
		{
			Service: serviceKMS, Name: "keeps the pairs of a context apart", Source: kmsGuide + "encrypt_context.html",
			Differs: map[string]string{Moto: "joins them: `{app: web}` opens as `{ap: pweb}`"},
			check:   checkPairs,
		},
		{
			Service: serviceKMS, Name: "refuses damaged blobs", Source: kmsAPI + "API_Decrypt.html",
			check: checkDamage,
		},
		{
			Service: serviceKMS, Name: "opens a blob by its own key alone: IncorrectKeyException", Source: kmsAPI + "API_Decrypt.html",
			Differs: map[string]string{Moto: "AccessDeniedException"},
			check:   checkIncorrectKey,
		},
		{
			Service: serviceKMS, Name: "makes data keys of 1 to 1,024 bytes, by number or by spec", Source: kmsAPI + "API_GenerateDataKey.html",
			check: checkDataKey,
		},
		{
			Service: serviceKMS, Name: "encrypts 4,096 bytes, and not one more", Source: kmsAPI + "API_Encrypt.html",
			check: checkPlaintextLimit,
		},
		{
			Service: serviceKMS, Name: "re-encrypts from one key and context to others", Source: kmsAPI + "API_ReEncrypt.html",
			check: checkReEncrypt,
		},
	}
}

func checkContext(w *world) {
	key := w.key()
	blob := w.encrypt(key, pairs{"app": "web", "Env.Name": "prod"})
	w.must(w.decrypt(blob, pairs{"Env.Name": "prod", "app": "web"}))
	for what, context := range map[string]pairs{
		"none": nil, "part of it": {"app": "web"}, "more": {"app": "web", "Env.Name": "prod", "x": "y"},
		"a key's case": {"app": "web", "env.name": "prod"}, "a value's case": {"app": "Web", "Env.Name": "prod"},
		"swapped values": {"app": "prod", "Env.Name": "web"},
	} {
		w.refused(what, w.decrypt(blob, context), "InvalidCiphertextException")
	}
	bare := w.encrypt(key, nil)
	w.must(w.decrypt(bare, nil))
	w.refused("a context where none was", w.decrypt(bare, pairs{"a": "b"}), "InvalidCiphertextException")
}

func checkPairs(w *world) {
	blob := w.encrypt(w.key(), pairs{"app": "web"})
	w.refused("ap: pweb", w.decrypt(blob, pairs{"ap": "pweb"}), "InvalidCiphertextException")
}

func checkDamage(w *world) {
	blob := w.encrypt(w.key(), nil)
	flipped := bytes.Clone(blob)
	flipped[len(flipped)-1] ^= 1
	w.refused("a flipped bit", w.decrypt(flipped, nil), "InvalidCiphertextException")
	w.refused("a byte less", w.decrypt(blob[:len(blob)-1], nil), "InvalidCiphertextException")
	w.refused("garbage", w.decrypt([]byte("garbage"), nil), "InvalidCiphertextException")
}

func checkIncorrectKey(w *world) {
	key, other := w.key(), w.key()
	blob := w.encrypt(key, nil)
	alias := "alias/" + unique("contract")
	_, err := w.kms.CreateAlias(w.ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: &key})
	w.must(err)
	for _, id := range []string{key, alias} {
		out, err := w.kms.Decrypt(w.ctx, &kms.DecryptInput{CiphertextBlob: blob, KeyId: aws.String(id)})
		w.must(err)
		equal(w, "plaintext", string(out.Plaintext), "secret")
	}
	_, err = w.kms.Decrypt(w.ctx, &kms.DecryptInput{CiphertextBlob: blob, KeyId: &other})
	w.refused("another key", err, "IncorrectKeyException")
}

func checkDataKey(w *world) {
	key := w.key()
	for _, n := range []int32{1, 64, 1024} {
		out, err := w.kms.GenerateDataKey(w.ctx, &kms.GenerateDataKeyInput{KeyId: &key, NumberOfBytes: aws.Int32(n)})
		w.must(err)
		equal(w, "length", len(out.Plaintext), int(n))
		opened, err := w.kms.Decrypt(w.ctx, &kms.DecryptInput{CiphertextBlob: out.CiphertextBlob})
		w.must(err)
		if !bytes.Equal(opened.Plaintext, out.Plaintext) {
			w.fail("a data key of %d bytes opened as another", n)
		}
	}
	for what, in := range map[string]kms.GenerateDataKeyInput{
		"1,025 bytes": {NumberOfBytes: aws.Int32(1025)}, "nothing": {},
		"a number and a spec": {NumberOfBytes: aws.Int32(32), KeySpec: types.DataKeySpecAes256},
	} {
		in.KeyId = &key
		_, err := w.kms.GenerateDataKey(w.ctx, &in)
		w.refused(what, err, "ValidationException")
	}
}

func checkPlaintextLimit(w *world) {
	key := w.key()
	_, err := w.kms.Encrypt(w.ctx, &kms.EncryptInput{KeyId: &key, Plaintext: bytes.Repeat([]byte("x"), 4096)})
	w.must(err)
	_, err = w.kms.Encrypt(w.ctx, &kms.EncryptInput{KeyId: &key, Plaintext: bytes.Repeat([]byte("x"), 4097)})
	w.refused("4,097 bytes", err, "ValidationException")
}

func checkReEncrypt(w *world) {
	from, to := w.key(), w.key()
	in := &kms.ReEncryptInput{
		CiphertextBlob: w.encrypt(from, pairs{"a": "b"}), DestinationKeyId: &to, DestinationEncryptionContext: pairs{"c": "d"},
	}
	_, err := w.kms.ReEncrypt(w.ctx, in)
	w.refused("without its context", err, "InvalidCiphertextException")
	in.SourceEncryptionContext = pairs{"a": "b"}
	out, err := w.kms.ReEncrypt(w.ctx, in)
	w.must(err)
	w.must(w.decrypt(out.CiphertextBlob, pairs{"c": "d"}))
	w.refused("the old context", w.decrypt(out.CiphertextBlob, pairs{"a": "b"}), "InvalidCiphertextException")
}

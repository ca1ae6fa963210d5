package contract

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func keyCases() []Case {
	return []Case{
		{
			Service: serviceKMS, Name: "finds a key by id, ARN and alias, and says NotFoundException of others", Source: kmsGuide + "concepts.html#key-id",
			check: checkKeyIDs,
		},
		{
			Service: serviceKMS, Name: "refuses a second alias of one name", Source: kmsAPI + "API_CreateAlias.html",
			check: checkAliasTwice,
		},
		{
			Service: serviceKMS, Name: "uses no disabled key: DisabledException, until it is enabled", Source: kmsGuide + "key-state.html",
			Differs: map[string]string{Moto: "uses it"},
			check:   checkDisabled,
		},
		{
			Service: serviceKMS, Name: "uses no key that waits for its deletion, and leaves it disabled when that is cancelled", Source: kmsGuide + "key-state.html",
			Differs: map[string]string{Moto: "uses it"},
			check:   checkDeletion,
		},
		{
			Service: serviceKMS, Name: "waits 7 to 30 days before it deletes a key", Source: kmsAPI + "API_ScheduleKeyDeletion.html",
			Differs: map[string]string{Moto: "any"},
			check:   checkWindow,
		},
		{
			Service: serviceKMS, Name: "opens old blobs when a key rotates", Source: kmsGuide + "rotate-keys.html",
			check: checkRotation,
		},
		{
			Service: serviceKMS, Name: "lets nobody use a key whose policy names somebody else", Source: kmsGuide + "key-policies.html",
			Differs: map[string]string{Moto: "never enforced"},
			check:   checkPolicy,
		},
	}
}

func checkKeyIDs(w *world) {
	key, alias := w.key(), "alias/"+unique("contract")
	_, err := w.kms.CreateAlias(w.ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: &key})
	w.must(err)
	arn := w.arn(key)
	for _, ref := range []string{key, arn, alias, strings.Replace(arn, "key/"+key, alias, 1)} {
		equal(w, ref, w.arn(ref), arn)
	}
	for _, ref := range []string{"alias/" + unique("absent"), "00000000-0000-0000-0000-000000000000"} {
		_, err = w.kms.DescribeKey(w.ctx, &kms.DescribeKeyInput{KeyId: &ref})
		w.refused("DescribeKey of "+ref, err, "NotFoundException")
		_, err = w.kms.GenerateDataKey(w.ctx, &kms.GenerateDataKeyInput{KeyId: &ref, NumberOfBytes: aws.Int32(64)})
		w.refused("GenerateDataKey with "+ref, err, "NotFoundException")
	}
}

func (w *world) arn(key string) string {
	out, err := w.kms.DescribeKey(w.ctx, &kms.DescribeKeyInput{KeyId: &key})
	w.must(err)
	return *out.KeyMetadata.Arn
}

func (w *world) state(key string) types.KeyState {
	out, err := w.kms.DescribeKey(w.ctx, &kms.DescribeKeyInput{KeyId: &key})
	w.must(err)
	return out.KeyMetadata.KeyState
}

func checkAliasTwice(w *world) {
	key, alias := w.key(), "alias/"+unique("contract")
	_, err := w.kms.CreateAlias(w.ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: &key})
	w.must(err)
	_, err = w.kms.CreateAlias(w.ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: &key})
	w.refused("again", err, "AlreadyExistsException")
}

func checkDisabled(w *world) {
	key := w.key()
	blob := w.encrypt(key, nil)
	_, err := w.kms.DisableKey(w.ctx, &kms.DisableKeyInput{KeyId: &key})
	w.must(err)
	w.refused("Decrypt", w.decrypt(blob, nil), "DisabledException")
	_, err = w.kms.GenerateDataKey(w.ctx, &kms.GenerateDataKeyInput{KeyId: &key, NumberOfBytes: aws.Int32(64)})
	w.refused("GenerateDataKey", err, "DisabledException")
	_, err = w.kms.EnableKey(w.ctx, &kms.EnableKeyInput{KeyId: &key})
	w.must(err)
	w.must(w.decrypt(blob, nil))
}

func checkDeletion(w *world) {
	key := w.key()
	blob := w.encrypt(key, nil)
	_, err := w.kms.ScheduleKeyDeletion(w.ctx, &kms.ScheduleKeyDeletionInput{KeyId: &key, PendingWindowInDays: aws.Int32(7)})
	w.must(err)
	equal(w, "state", w.state(key), types.KeyStatePendingDeletion)
	w.refused("Decrypt", w.decrypt(blob, nil), "KMSInvalidStateException")
	_, err = w.kms.EnableKey(w.ctx, &kms.EnableKeyInput{KeyId: &key})
	w.refused("EnableKey", err, "KMSInvalidStateException")
	_, err = w.kms.CancelKeyDeletion(w.ctx, &kms.CancelKeyDeletionInput{KeyId: &key})
	w.must(err)
	equal(w, "state when cancelled", w.state(key), types.KeyStateDisabled)
	w.refused("Decrypt when cancelled", w.decrypt(blob, nil), "DisabledException")
}

func checkWindow(w *world) {
	key := w.key()
	for _, days := range []int32{6, 31} {
		_, err := w.kms.ScheduleKeyDeletion(w.ctx, &kms.ScheduleKeyDeletionInput{KeyId: &key, PendingWindowInDays: &days})
		w.refused("a window too short or long", err, "ValidationException")
	}
}

func checkRotation(w *world) {
	key := w.key()
	blob := w.encrypt(key, nil)
	_, err := w.kms.EnableKeyRotation(w.ctx, &kms.EnableKeyRotationInput{KeyId: &key})
	w.must(err)
	out, err := w.kms.GetKeyRotationStatus(w.ctx, &kms.GetKeyRotationStatusInput{KeyId: &key})
	w.must(err)
	equal(w, "enabled", out.KeyRotationEnabled, true)
	w.must(w.decrypt(blob, nil))
}

func checkPolicy(w *world) {
	key := w.guardedKey()
	blob := w.encrypt(key, nil)
	role, _ := w.as(unique("contract"))
	w.refused("Decrypt", decrypt(w.ctx, role, blob, nil), "AccessDeniedException")
	_, err := role.GenerateDataKey(w.ctx, &kms.GenerateDataKeyInput{KeyId: &key, NumberOfBytes: aws.Int32(64)})
	w.refused("GenerateDataKey", err, "AccessDeniedException")
	w.must(w.decrypt(blob, nil))
}

// guardedKey makes a key whose policy names the caller alone, and does not let
// IAM decide: only grants open it to others.
func (w *world) guardedKey() string {
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + w.identity() + `"},"Action":"kms:*","Resource":"*"}]}`
	out, err := w.kms.CreateKey(w.ctx, &kms.CreateKeyInput{Policy: &policy})
	w.must(err)
	return *out.KeyMetadata.KeyId
}

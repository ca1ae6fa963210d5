package contract

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

func grantCases() []Case {
	return []Case{
		{
			Service: serviceKMS, Name: "lets a grantee do what its grant names, and nothing else", Source: kmsGuide + "grants.html",
			Differs: map[string]string{Moto: "never enforced"},
			check:   checkGrantOperations,
		},
		{
			Service: serviceKMS, Name: "lets a grant without constraints use any context", Source: kmsAPI + "API_GrantConstraints.html",
			Differs: map[string]string{Moto: "never enforced"},
			check:   checkUnconstrained,
		},
		{
			Service: serviceKMS, Name: "enforces EncryptionContextEquals: these pairs and no others", Source: kmsAPI + "API_GrantConstraints.html",
			Differs: map[string]string{Moto: "never enforced"},
			check:   checkGrantEquals,
		},
		{
			Service: serviceKMS, Name: "enforces EncryptionContextSubset: these pairs at least", Source: kmsAPI + "API_GrantConstraints.html",
			Differs: map[string]string{Moto: "never enforced"},
			check:   checkGrantSubset,
		},
		{
			Service: serviceKMS, Name: "compares a constraint's keys in any case, its values in theirs", Source: kmsAPI + "API_GrantConstraints.html",
			Differs: map[string]string{Moto: "never enforced"},
			check:   checkGrantCase,
		},
		{
			Service: serviceKMS, Name: "ends a grant when it is revoked or retired", Source: kmsGuide + "grant-manage.html",
			Differs: map[string]string{Moto: "never enforced"},
			check:   checkGrantEnd,
		},
		{
			Service: serviceKMS, Name: "lists a key's grants by grantee, in pages, with their constraints", Source: kmsAPI + "API_ListGrants.html",
			Differs: map[string]string{Moto: "lists all of them at once"},
			check:   checkListGrants,
		},
		{
			Service: serviceKMS, Name: "makes no second grant of one name and one set of parameters", Source: kmsAPI + "API_CreateGrant.html",
			Differs: map[string]string{Moto: "makes another"},
			check:   checkGrantTwice,
		},
		{
			Service: serviceKMS, Name: "refuses grants without operations, to nobody, or by an alias", Source: kmsAPI + "API_CreateGrant.html",
			Differs: map[string]string{Moto: "takes them"},
			check:   checkGrantRefusals,
		},
		{
			Service: serviceKMS, Name: "says NotFoundException of a grant that is not there", Source: kmsAPI + "API_RevokeGrant.html",
			check: checkNoGrant,
		},
	}
}

// grant makes a grant and returns its id.
func (w *world) grant(key, grantee string, c *types.GrantConstraints, operations ...types.GrantOperation) string {
	out, err := w.kms.CreateGrant(w.ctx, &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: &grantee, Operations: operations, Constraints: c})
	w.must(err)
	return *out.GrantId
}

func checkGrantOperations(w *world) {
	key := w.guardedKey()
	blob := w.encrypt(key, nil)
	reader, readerARN := w.as(unique("reader"))
	other, _ := w.as(unique("other"))
	w.grant(key, readerARN, nil, types.GrantOperationDecrypt)
	w.must(decrypt(w.ctx, reader, blob, nil))
	_, err := reader.GenerateDataKey(w.ctx, &kms.GenerateDataKeyInput{KeyId: &key, NumberOfBytes: aws.Int32(64)})
	w.refused("an operation not granted", err, "AccessDeniedException")
	w.refused("another role", decrypt(w.ctx, other, blob, nil), "AccessDeniedException")
}

func checkUnconstrained(w *world) {
	key := w.guardedKey()
	reader, arn := w.as(unique("reader"))
	blob := w.encrypt(key, pairs{"env": "prod"})
	w.refused("before the grant", decrypt(w.ctx, reader, blob, pairs{"env": "prod"}), "AccessDeniedException")
	w.grant(key, arn, nil, types.GrantOperationDecrypt)
	w.must(decrypt(w.ctx, reader, blob, pairs{"env": "prod"}))
	w.must(decrypt(w.ctx, reader, w.encrypt(key, nil), nil))
	w.refused("another context than the blob's", decrypt(w.ctx, reader, blob, nil), "InvalidCiphertextException")
}

// reads tells, for a grant with constraints, which contexts it opens and which
// it does not: each is the context of a blob.
func (w *world) reads(c types.GrantConstraints, opens, refuses []pairs) {
	key := w.guardedKey()
	reader, arn := w.as(unique("reader"))
	w.grant(key, arn, &c, types.GrantOperationDecrypt, types.GrantOperationGenerateDataKey)
	for _, context := range opens {
		w.must(decrypt(w.ctx, reader, w.encrypt(key, context), context))
	}
	for _, context := range refuses {
		w.refused(fmt.Sprintf("Decrypt in %v", context), decrypt(w.ctx, reader, w.encrypt(key, context), context), "AccessDeniedException")
		_, err := reader.GenerateDataKey(w.ctx, &kms.GenerateDataKeyInput{KeyId: &key, NumberOfBytes: aws.Int32(64), EncryptionContext: context})
		w.refused(fmt.Sprintf("GenerateDataKey in %v", context), err, "AccessDeniedException")
	}
}

func checkGrantEquals(w *world) {
	w.reads(types.GrantConstraints{EncryptionContextEquals: pairs{"env": "prod", "app": "web"}},
		[]pairs{{"env": "prod", "app": "web"}},
		[]pairs{{"env": "prod", "app": "web", "x": "y"}, {"env": "prod"}, {"env": "dev", "app": "web"}, nil})
}

func checkGrantSubset(w *world) {
	w.reads(types.GrantConstraints{EncryptionContextSubset: pairs{"env": "prod"}},
		[]pairs{{"env": "prod"}, {"env": "prod", "app": "web"}},
		[]pairs{{"env": "dev"}, {"app": "web"}, nil})
}

func checkGrantCase(w *world) {
	w.reads(types.GrantConstraints{EncryptionContextEquals: pairs{"Env": "prod"}},
		[]pairs{{"env": "prod"}, {"ENV": "prod"}}, []pairs{{"Env": "Prod"}})
	w.reads(types.GrantConstraints{EncryptionContextSubset: pairs{"Env": "prod"}},
		[]pairs{{"env": "prod", "app": "web"}}, []pairs{{"Env": "Prod", "app": "web"}})
}

func checkGrantEnd(w *world) {
	key := w.guardedKey()
	blob := w.encrypt(key, nil)
	for what, end := range map[string]func(id string) error{
		"revoked": func(id string) error {
			_, err := w.kms.RevokeGrant(w.ctx, &kms.RevokeGrantInput{KeyId: &key, GrantId: &id})
			return err
		},
		"retired": func(id string) error {
			_, err := w.kms.RetireGrant(w.ctx, &kms.RetireGrantInput{KeyId: aws.String(w.arn(key)), GrantId: &id})
			return err
		},
	} {
		reader, arn := w.as(unique("reader"))
		id := w.grant(key, arn, nil, types.GrantOperationDecrypt)
		w.must(decrypt(w.ctx, reader, blob, nil))
		w.must(end(id))
		w.refused(what, decrypt(w.ctx, reader, blob, nil), "AccessDeniedException")
	}
}

func checkListGrants(w *world) {
	key := w.guardedKey()
	account := w.identity()[:len("arn:aws:sts::")+12]
	role := "arn:aws:iam::" + account[len("arn:aws:sts::"):] + ":role/"
	wanted := w.grant(key, role+"a", &types.GrantConstraints{EncryptionContextSubset: pairs{"Env": "prod"}}, types.GrantOperationDecrypt)
	w.grant(key, role+"b", nil, types.GrantOperationDecrypt)
	out, err := w.kms.ListGrants(w.ctx, &kms.ListGrantsInput{KeyId: &key, GranteePrincipal: aws.String(role + "a")})
	w.must(err)
	if len(out.Grants) != 1 || out.Grants[0].Constraints == nil {
		w.fail("got %d grants of one grantee", len(out.Grants))
	}
	equal(w, "id", *out.Grants[0].GrantId, wanted)
	equal(w, "constraint", out.Grants[0].Constraints.EncryptionContextSubset["Env"], "prod")
	first, err := w.kms.ListGrants(w.ctx, &kms.ListGrantsInput{KeyId: &key, Limit: aws.Int32(1)})
	w.must(err)
	if len(first.Grants) != 1 || !first.Truncated || first.NextMarker == nil {
		w.fail("a page of one: %d grants, truncated %v", len(first.Grants), first.Truncated)
	}
	rest, err := w.kms.ListGrants(w.ctx, &kms.ListGrantsInput{KeyId: &key, Marker: first.NextMarker})
	w.must(err)
	equal(w, "grants on the second page", len(rest.Grants), 1)
}

func checkGrantTwice(w *world) {
	key := w.guardedKey()
	_, arn := w.as(unique("reader"))
	in := &kms.CreateGrantInput{
		KeyId: &key, GranteePrincipal: &arn, Operations: []types.GrantOperation{types.GrantOperationDecrypt}, Name: aws.String("credrender"),
	}
	first, err := w.kms.CreateGrant(w.ctx, in)
	w.must(err)
	again, err := w.kms.CreateGrant(w.ctx, in)
	w.must(err)
	equal(w, "the same again", *again.GrantId, *first.GrantId)
	in.Constraints = &types.GrantConstraints{EncryptionContextEquals: pairs{"env": "prod"}}
	other, err := w.kms.CreateGrant(w.ctx, in)
	w.must(err)
	equal(w, "with a constraint it is another", *other.GrantId != *first.GrantId, true)
}

func checkGrantRefusals(w *world) {
	key := w.guardedKey()
	_, arn := w.as(unique("reader"))
	alias := "alias/" + unique("contract")
	_, err := w.kms.CreateAlias(w.ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: &key})
	w.must(err)
	create := func(key, grantee string, operations ...types.GrantOperation) error {
		_, err := w.kms.CreateGrant(w.ctx, &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: &grantee, Operations: operations})
		return err
	}
	w.refused("no operations", create(key, arn, []types.GrantOperation{}...), "ValidationException")
	w.refused("an operation that is none", create(key, arn, "Frobnicate"), "ValidationException")
	w.refused("nobody", create(key, "nobody", types.GrantOperationDecrypt), "InvalidArnException")
	w.refused("an alias", create(alias, arn, types.GrantOperationDecrypt), "NotFoundException")
}

func checkNoGrant(w *world) {
	key := w.guardedKey()
	_, err := w.kms.RevokeGrant(w.ctx, &kms.RevokeGrantInput{KeyId: &key, GrantId: aws.String(fmt.Sprintf("%064d", 0))})
	w.refused("RevokeGrant", err, "NotFoundException")
}

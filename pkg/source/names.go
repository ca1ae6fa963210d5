package source

import (
	"fmt"
	"strings"
)

// This file has what the services of AWS take as names, one check for each kind. Names are
// checked before they are sent or printed into a policy. The errors hold no name: one that
// a template made may be a value.

// Check returns an error if a source that needs no configuration cannot have a value of
// that name. In a pattern a * is allowed.
func (r Ref) Check(pattern bool) error {
	name := r.Name
	if pattern {
		name = strings.ReplaceAll(name, "*", "")
	}
	switch r.Source {
	case SSM:
		return CheckParameter(name)
	case SecretsManager:
		return CheckSecretID(name)
	case S3, S3Object:
		bucket, _, err := SplitObject(r.Name)
		if pattern && strings.Contains(bucket, "*") {
			return nil // which the source refuses by itself
		}
		if err != nil {
			return err
		}
		return CheckBucket(bucket)
	}
	return nil
}

// referenced is the path below which Parameter Store gives secrets of Secrets Manager
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/integration-ps-secretsmanager.html).
const referenced = "/aws/reference/secretsmanager/"

// CheckParameter checks a name of Parameter Store, an ARN or a path, with a version or
// label behind a colon, and with what a template reaches for behind #/
// (https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html).
func CheckParameter(name string) error {
	name, _, _ = strings.Cut(name, "#/")
	extra := "_.-/:"
	if strings.HasPrefix(name, referenced) {
		extra += "+=@!"
	}
	if len(name) > 2048 || !isWord(name, extra) {
		return fmt.Errorf("%w: the name of a parameter has letters, digits, _, ., - and / alone", ErrRef)
	}
	return nil
}

// CheckSecretID checks the name or ARN of a secret of Secrets Manager, with a key behind #
// (https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html).
// AWS's own services make names with an exclamation mark.
func CheckSecretID(id string) error {
	id, _, _ = strings.Cut(id, "#")
	extra := "/_+=.@-!"
	if strings.HasPrefix(id, "arn:") {
		a, ok := ParseARN(id)
		if !ok || a.Service != "secretsmanager" || a.Region == "" || !IsAccount(a.Account) || !strings.HasPrefix(a.Resource, "secret:") {
			return fmt.Errorf("%w: the ARN of a secret is arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME", ErrRef)
		}
		extra += ":"
	}
	if len(id) > 2048 || !isWord(id, extra) {
		return fmt.Errorf("%w: the name of a secret in Secrets Manager has letters, digits and /_+=.@-! alone", ErrRef)
	}
	return nil
}

// CheckBucket checks the name of a bucket, or what SplitObject returns in its place. Old
// buckets have capitals and underscores
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html).
func CheckBucket(bucket string) error {
	if strings.HasPrefix(bucket, "arn:") { // SplitObject has checked it
		return nil
	}
	if len(bucket) > 255 || strings.Trim(bucket, ".") == "" && bucket != "" || !isWord(bucket, "._-") {
		return fmt.Errorf("%w: the name of a bucket has letters, digits, ., - and _ alone", ErrRef)
	}
	return nil
}

// CheckKey checks a KMS key: an ID, an alias with alias/, or the ARN of either
// (https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id).
func CheckKey(key string) error {
	name := key
	if strings.HasPrefix(key, "arn:") {
		a, ok := ParseARN(key)
		if !ok || a.Service != "kms" || a.Region == "" || !IsAccount(a.Account) {
			return errKey(key)
		}
		if name = a.Resource; !strings.HasPrefix(name, "alias/") {
			if name, ok = strings.CutPrefix(name, "key/"); !ok {
				return errKey(key)
			}
		}
	}
	alias, isAlias := strings.CutPrefix(name, "alias/")
	if len(key) > 2048 || isAlias && (alias == "" || !isWord(alias, "/_-")) || !isAlias && (name == "" || !isWord(name, "_-")) {
		return errKey(key)
	}
	return nil
}

func errKey(key string) error {
	return fmt.Errorf("%w: %s is not a KMS key: it is alias/NAME, an ID, or the ARN of one, arn:aws:kms:REGION:ACCOUNT:key/ID", ErrARN, Show(key))
}

// IsRegion reports whether s can be the name of a region, which becomes a part of a host: a
// single lower-case label. There is no list of regions here, since AWS adds new ones.
func IsRegion(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	return len(s) > 0 && len(s) <= 63 && strings.Trim(s, letters+"-") == "" &&
		strings.Trim(s[:1], letters) == "" && strings.Trim(s[len(s)-1:], letters) == ""
}

package source

import (
	"errors"
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

// ErrARN: text that begins as an ARN is not one that can be used in its place.
var ErrARN = errors.New("invalid ARN")

// ARN is the name of a resource, arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html).
type ARN struct{ Partition, Service, Region, Account, Resource string }

// ParseARN splits an ARN. It reports false for what is none.
func ParseARN(s string) (ARN, bool) {
	parts := strings.SplitN(s, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[1] == "" || parts[2] == "" || parts[5] == "" {
		return ARN{}, false
	}
	return ARN{parts[1], parts[2], parts[3], parts[4], parts[5]}, true
}

// String is the ARN as AWS writes it.
func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// ParseTable reads the ARN of a DynamoDB table, or its name: then named is true.
func ParseTable(s string) (a ARN, named bool, err error) {
	if !strings.HasPrefix(s, "arn:") {
		if len(s) > 255 || !isWord(s, "_.-") { // emulators take shorter names than AWS
			err = tableNameError(s)
		}
		return ARN{}, true, err
	}
	a, ok := ParseARN(s)
	name, isTable := strings.CutPrefix(a.Resource, "table/")
	if !ok || a.Service != "dynamodb" || a.Region == "" || !IsAccount(a.Account) || !isTable || !IsTableName(name) {
		return ARN{}, false, fmt.Errorf("%w: %s: the ARN of a table is arn:aws:dynamodb:REGION:ACCOUNT:table/NAME", ErrARN, Show(s))
	}
	return a, false, nil
}

// TableName is the name of a table that is named by name or by ARN.
func TableName(s string) string {
	if a, named, err := ParseTable(s); err == nil && !named {
		return strings.TrimPrefix(a.Resource, "table/")
	}
	return s
}

// tableNameError is a name that no table can have.
type tableNameError string

func (e tableNameError) Error() string {
	return Show(string(e)) + " is not a table name: use only letters, digits, _, . and -"
}

// Unwrap returns the sentinel of names and ARNs that AWS does not take.
func (tableNameError) Unwrap() error { return ErrARN }

// IsTableName reports whether DynamoDB takes a table of that name
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html).
func IsTableName(s string) bool { return len(s) >= 3 && len(s) <= 255 && isWord(s, "_.-") }

// IsRole reports whether s is the ARN of a role.
func IsRole(s string) bool {
	a, ok := ParseARN(s)
	name, isRole := strings.CutPrefix(a.Resource, "role/")
	return ok && isRole && a.Service == "iam" && a.Region == "" && IsAccount(a.Account) && IsPrincipal(name)
}

// IsPrincipal reports whether name, with its path, is valid for a role or user
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
func IsPrincipal(name string) bool {
	last := name[strings.LastIndexByte(name, '/')+1:]
	return last != "" && len(last) <= 64 && isWord(name, "+=,.@_-/")
}

// IsAccount reports whether s is the ID of an AWS account
// (https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html).
func IsAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// isWord reports whether s has letters, digits and the extra characters alone.
func isWord(s, extra string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"+extra) == ""
}

// SplitObject splits the name of an object of S3 into bucket and key. In the place
// of a bucket there may be the ARN of an access point, of an Object Lambda access
// point or of one on Outposts, in either of the two forms that AWS takes:
//
//	arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/KEY
//	arn:aws:s3:REGION:ACCOUNT:accesspoint:NAME/KEY
//
// bucket is then in the first form. Without a key, key is empty.
func SplitObject(name string) (bucket, key string, err error) {
	if !strings.HasPrefix(name, "arn:") {
		bucket, key, _ = strings.Cut(name, "/")
		return bucket, key, nil
	}
	a, ok := ParseARN(name)
	if !ok {
		return "", "", errAccessPoint(name)
	}
	kinds := []string{"accesspoint"}
	switch a.Service {
	case "s3", "s3-object-lambda":
	case "s3-outposts":
		kinds = []string{"outpost", "accesspoint"}
	default:
		return "", "", errAccessPoint(name)
	}
	rest, path := a.Resource, ""
	for i, kind := range kinds {
		found, after := cutEither(rest)
		if found != kind {
			return "", "", errAccessPoint(name)
		}
		var id string
		if i < len(kinds)-1 {
			id, rest = cutEither(after)
		} else {
			id, key, _ = strings.Cut(after, "/")
		}
		if id == "" || !isWord(id, ".-") {
			return "", "", errAccessPoint(name)
		}
		path += kind + "/" + id + "/"
	}
	if a.Region == "" || strings.HasSuffix(path, ".mrap/") {
		return "", "", fmt.Errorf("%w: %s: multi-region access points are not supported: use the access point or bucket of one region", ErrARN, Show(name))
	}
	if !IsAccount(a.Account) {
		return "", "", errAccessPoint(name)
	}
	a.Resource = strings.TrimSuffix(path, "/")
	return a.String(), key, nil
}

func errAccessPoint(name string) error {
	return fmt.Errorf("%w: %s: use a bucket name, or the ARN of an access point, arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME", ErrARN, Show(name))
}

func cutEither(s string) (before, after string) {
	if i := strings.IndexAny(s, ":/"); i >= 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

package source

import (
	"errors"
	"fmt"
	"strings"
)

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

// Error implements error.
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

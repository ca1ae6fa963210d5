// Package policy writes IAM policies that allow exactly the secrets that templates
// request. It does no I/O: it turns references and ARNs into a document.
//
// [Build] takes [Need]s (a reference with its [Location]) and a [Role], and returns a
// [Document], with a [Note] for each statement that had to be wider than one name.
// [Document.JSON] and [Document.Terraform] print it.
//
// A document has these statements, in this order. Empty ones are left out, all lists are
// sorted, and a repeated Sid gets a number:
//
//	reader  ReadNewest    dynamodb:Query on the table, for names without a version
//	        ReadVersions  dynamodb:GetItem on the table, for names with a version
//	        ScanTable     dynamodb:Scan on the table, for patterns
//	        Decrypt       kms:Decrypt on the key, one statement for each context
//	        Parameters, ParameterPaths, Objects, ObjectVersions, ListObjects
//	        SecretsManager secretsmanager:GetSecretValue, and DescribeSecret for change checks
//	        SecretsInBatches secretsmanager:BatchGetSecretValue, which has no resource, for two secrets or more
//	        ListSecrets   secretsmanager:ListSecrets, which has no resource, for patterns
//	writer  WriteSecrets  dynamodb:PutItem and dynamodb:Query on the table, for the names
//	        MakeDataKeys  kms:GenerateDataKey on the key, one statement for each context
//	        WriteParameters, ParameterSettings (ssm:DescribeParameters, which has no resource)
//	        WriteSecretsManager, WriteObjects, LookAtBuckets
//	        EncryptObjects kms:Encrypt and kms:GenerateDataKey on the key, one for each context
//	admin   SetUpTable, MakeKey, SetUpKey, GiveGrants, SeeAndRevokeGrants
//
// A statement for names has two conditions. "ForAllValues:StringEquals" with
// dynamodb:LeadingKeys lists the names (StringLike if a name is only a prefix).
// ForAllValues also matches a request without any such key, so "Null" with
// dynamodb:LeadingKeys "false" requires one
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html).
//
// A statement for a context matches it exactly: "StringEquals" with
// kms:EncryptionContext:KEY for each pair, whose keys IAM compares regardless of case,
// and "ForAllValues:StringEquals" with kms:EncryptionContextKeys, which is
// case-sensitive and excludes further pairs. No context is "Null" with
// kms:EncryptionContextKeys "true"
// (https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html).
// A policy does not bind a name to its context. It need not: an item opens only with
// the context it was put with.
//
// The characters $, * and ? in names and values are written ${$}, ${*} and ${?}, which
// match only themselves
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/credrender/credrender/pkg/source"
)

// Role is what a policy is for.
type Role string

// The roles.
const (
	// Reader renders templates.
	Reader Role = "reader"
	// Writer puts the secrets that the templates ask for, without reading them.
	Writer Role = "writer"
	// Admin makes table and key, gives grants and revokes them.
	Admin Role = "admin"
)

// Errors of [Build].
var (
	// ErrCase: a context has keys that differ only in case. IAM's condition keys
	// cannot distinguish them.
	ErrCase = errors.New("keys of the context differ only in case")
	// ErrNothing: the needs require no permission.
	ErrNothing = errors.New("nothing to allow")
	// ErrRole: an unknown [Role].
	ErrRole = errors.New("no such role")
	// ErrLocation: AWS would not accept the account, table or key.
	ErrLocation = errors.New("invalid table, key or account")
)

// Need is one reference of a template, as far as it is known without rendering.
type Need struct {
	Location Location
	// Ref is the reference. Its Source is "" for the table, else one of the constants
	// of package source.
	Ref source.Ref
	// Pattern: Ref.Name is a pattern, in which * matches any characters.
	Pattern bool
	// Prefix: the name is computed, and begins with Ref.Name.
	Prefix bool
	// AnyContext: the context is computed.
	AnyContext bool
	// AnyVersion: the version is computed, and may be empty.
	AnyVersion bool
	// Origin is the position of the reference, as "FILE:LINE:COLUMN".
	Origin string
}

// Note is a remark on a document that allows more than was requested, or less than may
// be needed.
type Note struct {
	Origin string // may be empty
	Text   string
}

// String is "ORIGIN: TEXT".
func (n Note) String() string {
	if n.Origin == "" {
		return n.Text
	}
	return n.Origin + ": " + n.Text
}

// Document is a policy of IAM's language, version 2012-10-17.
type Document struct {
	Version   string
	Statement []Statement
}

// Statement allows actions on resources under conditions.
type Statement struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition Conditions `json:",omitempty"`
}

// JSON returns the document as indented JSON with a newline at its end.
func (d Document) JSON() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	_ = e.Encode(d) // strings in maps and slices always encode
	return b.Bytes()
}

// MaxManaged is how many characters a customer managed policy may have, white
// space not counted (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
const MaxManaged = 6144

// Size returns the number of characters that count towards MaxManaged.
func (d Document) Size() int {
	b, _ := json.Marshal(d)
	return len(b)
}

// Escape returns a name or value in the form that IAM matches literally.
func Escape(s string) string {
	return strings.NewReplacer("$", "${$}", "*", "${*}", "?", "${?}").Replace(s)
}

// Build returns the document for a role.
func Build(role Role, needs []Need) (Document, []Note, error) {
	b := &builder{sids: map[string]int{}}
	for _, n := range needs {
		if err := n.Location.check(); err != nil {
			return Document{}, nil, err
		}
		if a, twin := n.Ref.Context.CaseTwins(); twin != "" {
			return Document{}, nil, fmt.Errorf("%s: %w: %s and %s", n.Ref, ErrCase, source.Show(a), source.Show(twin))
		}
	}
	switch role {
	case Reader:
		b.reader(needs)
	case Writer:
		b.writer(needs)
	case Admin:
		b.admin(needs)
	default:
		return Document{}, nil, fmt.Errorf("%w: %q", ErrRole, role)
	}
	if b.err != nil {
		return Document{}, b.notes, b.err
	}
	if len(b.statements) == 0 {
		return Document{}, b.notes, ErrNothing
	}
	d := Document{Version: "2012-10-17", Statement: b.statements}
	if size := d.Size(); size > MaxManaged {
		b.note("", "the policy has %d characters, a managed policy may have %d: make one for each job", size, MaxManaged)
	}
	return d, b.notes, nil
}

// Location is the account, region, table and key of a reference, as ARNs need them. It is
// comparable.
type Location struct {
	Partition string // aws, aws-cn, aws-us-gov
	Account   string // twelve digits
	Region    string
	KeyRegion string // of a key that does not exist yet; empty: Region
	Table     string // a name or an ARN
	Key       string // the ARN of the key itself, because policies cannot use aliases
	Alias     string // for Admin: the ARN of the alias, if the key has one
}

func (p Location) arn(service, resource string) string {
	return source.ARN{Partition: p.Partition, Service: service, Region: p.Region, Account: p.Account, Resource: resource}.String()
}

func (p Location) table() string {
	if strings.HasPrefix(p.Table, "arn:") {
		return p.Table
	}
	return p.arn("dynamodb", "table/"+p.Table)
}

// check refuses values for which a policy would allow nothing, or too much: the
// parts of a location are printed into ARNs.
func (p Location) check() error {
	arn, named, err := source.ParseTable(p.Table)
	switch {
	case err != nil:
		return err
	case named && p.Table != "" && !source.IsTableName(p.Table):
		return fmt.Errorf("%w: %s is not the name of a table: DynamoDB takes 3 to 255 letters, digits, '.', '-' and '_'", ErrLocation, source.Show(p.Table))
	case !named && arn.Partition != p.Partition:
		return fmt.Errorf("%w: the table %s is not in the partition of region %s, which is %s", ErrLocation, p.Table, p.Region, p.Partition)
	case !source.IsAccount(p.Account):
		return fmt.Errorf("%w: %s is not the ID of an account, which has twelve digits", ErrLocation, source.Show(p.Account))
	}
	if key, ok := source.ParseARN(p.Key); p.Key != "" && (!ok || key.Service != "kms" || !strings.HasPrefix(key.Resource, "key/") || strings.ContainsAny(p.Key, "*?$ ")) {
		return fmt.Errorf("%w: %s is not the ARN of a key", ErrLocation, source.Show(p.Key))
	} else if p.Key != "" && key.Partition != p.Partition {
		return fmt.Errorf("%w: the key %s is not in the partition of region %s, which is %s", ErrLocation, p.Key, p.Region, p.Partition)
	}
	return nil
}

// Within narrows a computed name to the patterns that a job allows, in which * matches
// any characters. Without patterns, or if the name is known, it returns n alone.
func (n Need) Within(allow []string) []Need {
	if !n.Prefix || len(allow) == 0 {
		return []Need{n}
	}
	var narrowed []Need
	for _, pattern := range allow {
		pattern, ok := strings.CutPrefix(pattern, n.allowPrefix())
		if !ok {
			continue
		}
		begins, _, wild := strings.Cut(pattern, "*")
		one := n
		switch {
		case !wild && strings.HasPrefix(pattern, n.Ref.Name):
			one.Ref.Name, one.Prefix = pattern, false
		case wild && strings.HasPrefix(begins, n.Ref.Name):
			one.Ref.Name = begins
		case !wild || !strings.HasPrefix(n.Ref.Name, begins):
			continue
		}
		narrowed = append(narrowed, one)
	}
	return narrowed
}

// allowPrefix returns the prefix of the patterns that allow names of the source.
func (n Need) allowPrefix() string {
	switch n.Ref.Source {
	case "":
		return ""
	case source.S3, source.S3Object:
		return "s3://"
	}
	return n.Ref.Source + ":"
}

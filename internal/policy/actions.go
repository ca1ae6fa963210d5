package policy

import (
	"slices"
	"strings"
)

// The tables of this file list the IAM actions that calls and commands need. [Build],
// the hints of the command line and docs/rights.md depend on them. A test runs each
// command and compares its requests.

// Right is a set of actions on one kind of resource.
type Right struct {
	On      string // "the table", "the key"
	Actions []string
}

// String reads "dynamodb:PutItem and dynamodb:Query on the table".
func (r Right) String() string { return enumerate(r.Actions) + " on " + r.On }

// Action returns the IAM actions of an operation, by the SDK's names of service and
// operation. Most are service:Operation. It returns nil for an unknown service.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
func Action(service, operation string) []string {
	switch service + " " + operation {
	case "KMS ReEncrypt":
		return []string{"kms:ReEncryptFrom", "kms:ReEncryptTo"}
	case "S3 HeadObject":
		return []string{"s3:GetObject"}
	case "S3 ListObjectsV2":
		return []string{"s3:ListBucket"}
	case "S3 ListObjectVersions":
		return []string{"s3:ListBucketVersions"}
	case "DynamoDB TransactWriteItems": // depends on its items
		return []string{"dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem"}
	case "Secrets Manager BatchGetSecretValue":
		return []string{"secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"}
	}
	prefix, ok := map[string]string{
		"DynamoDB": "dynamodb", "KMS": "kms", "S3": "s3", "SSM": "ssm", "Secrets Manager": "secretsmanager", "STS": "sts",
	}[service]
	if !ok || operation == "" {
		return nil
	}
	return []string{prefix + ":" + operation}
}

// Rights returns the actions that a command needs of a service that refused it: on the
// table and its key, or on another source. It returns nil for commands that send no
// requests, and for unknown ones.
func Rights(command, service string) []Right {
	if command == "import" && service != "DynamoDB" && service != "KMS" { // --into
		command = "put"
	}
	if rights, ok := elsewhere()[service][command]; ok {
		return rights
	}
	if parts, ok := composed[command]; ok && service == "KMS" {
		return append(itemRights(command), keyForS3())
	} else if ok && service != "DynamoDB" {
		var all []Right
		for _, part := range parts {
			all = append(all, Rights(part, service)...)
		}
		return all
	}
	switch service {
	case "S3":
		return append(objects("s3:GetObject"), listing()...)
	case "SSM":
		return []Right{{"the parameters", []string{"ssm:GetParameters"}}, {"their paths", []string{"ssm:GetParametersByPath"}}}
	case "Secrets Manager":
		return managed(command)
	case "DynamoDB", "KMS":
		return itemRights(command)
	}
	return nil
}

// elsewhere has the actions of single commands by service, where they are not those of all
// commands that read.
func elsewhere() map[string]map[string][]Right {
	return map[string]map[string][]Right{
		"S3": {
			"get": objects("s3:GetObject"), "pull": objects("s3:GetObject"), "list": listing(),
			"put":     {{"the objects", []string{"s3:GetObject", "s3:GetObjectTagging", "s3:PutObject", "s3:PutObjectTagging"}}, {"the bucket", []string{"s3:ListBucket", "s3:GetBucketVersioning"}}},
			"delete":  {{"the objects", []string{"s3:GetObject", "s3:DeleteObject"}}, {"the bucket", []string{"s3:ListBucket", "s3:GetBucketVersioning"}}},
			"history": {{"the bucket", []string{"s3:ListBucketVersions"}}},
		},
		"SSM": {
			"put":     {{"the parameters", []string{"ssm:PutParameter", "ssm:GetParameters"}}, {"all", []string{"ssm:DescribeParameters"}}},
			"delete":  {{"the parameters", []string{"ssm:DeleteParameter"}}},
			"list":    {{"the paths of parameters", []string{"ssm:GetParametersByPath"}}},
			"history": {{"the parameters", []string{"ssm:GetParameterHistory"}}},
		},
		"Secrets Manager": {
			"put":     {{"the secrets", writeSecret()}},
			"delete":  {{"the secrets", []string{"secretsmanager:DescribeSecret", "secretsmanager:DeleteSecret"}}, {"the secrets (for a key)", writeSecret()}},
			"list":    {{"all", []string{"secretsmanager:ListSecrets"}}},
			"history": {{"the secrets", []string{"secretsmanager:ListSecretVersionIds"}}},
		},
		"KMS": {
			"put":    {rightOn("the key", "kms", "GenerateDataKey"), keyForS3()},
			"import": {rightOn("the key", "kms", "Decrypt GenerateDataKey"), keyForS3()},
		},
	}
}

// composed are the commands that do, on another source than a table, what others do.
var composed = map[string][]string{
	"generate": {"put"}, "edit": {"put", "get"}, "copy": {"put", "get"}, "rollback": {"put", "get"},
	"rotate": {"put", "get", "delete", "history"},
}

func keyForS3() Right { return rightOn("the key (for S3)", "kms", "Encrypt") }

// writeSecret returns the actions of a put into Secrets Manager. Reading and moving stages
// is for keys of JSON objects.
func writeSecret() []string {
	return []string{
		"secretsmanager:DescribeSecret", "secretsmanager:CreateSecret", "secretsmanager:PutSecretValue",
		"secretsmanager:GetSecretValue", "secretsmanager:UpdateSecretVersionStage",
	}
}

func objects(actions ...string) []Right { return []Right{{"the objects", actions}} }

func listing() []Right { return []Right{{"the bucket", []string{"s3:ListBucket"}}} }

func managed(command string) []Right {
	one := Right{"the secrets", []string{"secretsmanager:GetSecretValue"}}
	if command == "get" || command == "pull" { // a single secret needs no batch
		return []Right{one}
	}
	if command == "render" || command == "daemon" { // for change checks
		one.Actions = append(one.Actions, "secretsmanager:DescribeSecret")
	}
	return []Right{one, {"all (for two secrets and more)", []string{"secretsmanager:BatchGetSecretValue"}}, {"all (for patterns)", []string{"secretsmanager:ListSecrets"}}}
}

// itemRights returns the actions that a command needs on a table and a key.
func itemRights(command string) []Right {
	read, write := [2]string{"Query GetItem", "Decrypt"}, [2]string{"Query PutItem", "GenerateDataKey"}
	operations := map[string][2]string{ // on the table and on the key
		"render": read, "render-templates": read, "plan": read, "pull": read, "exec": read, "daemon": read, "doctor": read, "get": read,
		"put": write, "generate": write,
		"list": {"Scan"}, "delete": {"Query DeleteItem"}, "prune": {"Scan DeleteItem"}, "history": {"Query"},
		"getall": {"Scan", "Decrypt"}, "export": {"Scan", "Decrypt"}, "verify-store": {"Scan", "Decrypt"},
		"rekey":   {"Scan GetItem UpdateItem", "ReEncryptFrom ReEncryptTo"},
		"migrate": {"Scan GetItem PutItem UpdateItem DeleteItem", "Decrypt GenerateDataKey"},
		"edit":    {"Query PutItem", "Decrypt GenerateDataKey"},
		"copy":    {"Query GetItem PutItem", "Decrypt GenerateDataKey"}, "rollback": {"Query GetItem PutItem", "Decrypt GenerateDataKey"},
		"rotate":  {"Query GetItem PutItem DeleteItem", "Decrypt GenerateDataKey"},
		"encrypt": {"", "Encrypt GenerateDataKey"}, "decrypt": {"", "Decrypt"},
		"grant": {"", "DescribeKey ListGrants CreateGrant"}, "grants": {"", "DescribeKey ListGrants"}, "revoke": {"", "DescribeKey ListGrants RevokeGrant"},
		"policy": {"", "DescribeKey"},
	}[command]
	var rights []Right
	switch {
	case command == "setup":
		return []Right{{"the table", setUpTable()}, {"the key", setUpKey()}, {"all (to make a key)", []string{"kms:CreateKey", "kms:TagResource"}}, {"the key and its alias", []string{"kms:CreateAlias"}}}
	case command == "import":
		return []Right{rightOn("the table", "dynamodb", "Query PutItem"), rightOn("a table that it reads", "dynamodb", "Scan"), rightOn("the key", "kms", "Decrypt GenerateDataKey")}
	case operations[0] != "":
		rights = append(rights, rightOn("the table", "dynamodb", operations[0]))
	}
	if operations[1] != "" {
		rights = append(rights, rightOn("the key", "kms", operations[1]))
	}
	return rights
}

func rightOn(what, service, operations string) Right {
	r := Right{On: what}
	for o := range strings.FieldsSeq(operations) {
		r.Actions = append(r.Actions, service+":"+o)
	}
	return r
}

func setUpTable() []string {
	return []string{
		"dynamodb:CreateTable", "dynamodb:DescribeTable", "dynamodb:UpdateTable", "dynamodb:TagResource", "dynamodb:ListTagsOfResource",
		"dynamodb:DescribeContinuousBackups", "dynamodb:UpdateContinuousBackups",
	}
}

func setUpKey() []string {
	return []string{"kms:DescribeKey", "kms:EnableKeyRotation", "kms:GetKeyRotationStatus", "kms:ListResourceTags", "kms:TagResource"}
}

func enumerate(words []string) string {
	words = slices.Clone(words)
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}

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
	of := map[string]map[string][]Right{
		"S3": {
			"get": objects("s3:GetObject"), "pull": objects("s3:GetObject"), "list": listing(),
			"put":    {{"the objects", []string{"s3:GetObject", "s3:GetObjectTagging", "s3:PutObject", "s3:PutObjectTagging"}}, {"the bucket", []string{"s3:ListBucket", "s3:GetBucketVersioning"}}},
			"delete": {{"the objects", []string{"s3:GetObject", "s3:DeleteObject"}}, {"the bucket", []string{"s3:ListBucket", "s3:GetBucketVersioning"}}},
		},
		"SSM": {
			"put":    {{"the parameters", []string{"ssm:PutParameter", "ssm:GetParameters"}}, {"all", []string{"ssm:DescribeParameters"}}},
			"delete": {{"the parameters", []string{"ssm:DeleteParameter"}}},
			"list":   {{"the paths of parameters", []string{"ssm:GetParametersByPath"}}},
		},
		"Secrets Manager": {
			"put":    {{"the secrets", writeSecret()}},
			"delete": {{"the secrets", []string{"secretsmanager:DescribeSecret", "secretsmanager:DeleteSecret"}}, {"the secrets (for a key)", writeSecret()}},
			"list":   {{"all", []string{"secretsmanager:ListSecrets"}}},
		},
		"KMS": {
			"put":    {rightOn("the key", "kms", []string{"GenerateDataKey"}), rightOn("the key (for S3)", "kms", []string{"Encrypt"})},
			"import": {rightOn("the key", "kms", []string{"Decrypt", "GenerateDataKey"}), rightOn("the key (for S3)", "kms", []string{"Encrypt"})},
		},
	}[service]
	if rights, ok := of[command]; ok {
		return rights
	}
	if rights := lifeElsewhere(command, service); rights != nil {
		return rights
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
	table := func(operations ...string) Right { return rightOn("the table", "dynamodb", operations) }
	key := func(operations ...string) Right { return rightOn("the key", "kms", operations) }
	switch command {
	case "render", "render-templates", "plan", "pull", "exec", "daemon", "doctor", "get":
		return []Right{table("Query", "GetItem"), key("Decrypt")}
	case "put":
		return []Right{table("Query", "PutItem"), key("GenerateDataKey")}
	case "list":
		return []Right{table("Scan")}
	case "delete":
		return []Right{table("Query", "DeleteItem")}
	case "getall", "export", "verify-store":
		return []Right{table("Scan"), key("Decrypt")}
	case "prune":
		return []Right{table("Scan", "DeleteItem")}
	case "rekey":
		return []Right{table("Scan", "GetItem", "UpdateItem"), key("ReEncryptFrom", "ReEncryptTo")}
	case "migrate":
		return []Right{table("Scan", "GetItem", "PutItem", "UpdateItem", "DeleteItem"), key("Decrypt", "GenerateDataKey")}
	case "import":
		return []Right{table("Query", "PutItem"), rightOn("a table that it reads", "dynamodb", []string{"Scan"}), key("Decrypt", "GenerateDataKey")}
	case "encrypt":
		return []Right{key("Encrypt", "GenerateDataKey")}
	case "decrypt":
		return []Right{key("Decrypt")}
	case "setup":
		return []Right{{"the table", setUpTable()}, {"the key", setUpKey()}, {"all (to make a key)", []string{"kms:CreateKey", "kms:TagResource"}}, {"the key and its alias", []string{"kms:CreateAlias"}}}
	case "grant":
		return []Right{key("DescribeKey", "ListGrants", "CreateGrant")}
	case "grants":
		return []Right{key("DescribeKey", "ListGrants")}
	case "revoke":
		return []Right{key("DescribeKey", "ListGrants", "RevokeGrant")}
	case "policy":
		return []Right{key("DescribeKey")}
	}
	return lifeRights(command)
}

func rightOn(what, service string, operations []string) Right {
	r := Right{On: what}
	for _, o := range operations {
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

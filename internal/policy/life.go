package policy

// lifeRights returns the actions on a table and a key of the commands that follow one
// secret through its life, or nil for other commands.
func lifeRights(command string) []Right {
	table := func(operations ...string) Right { return rightOn("the table", "dynamodb", operations) }
	both := rightOn("the key", "kms", []string{"Decrypt", "GenerateDataKey"})
	switch command {
	case "generate":
		return []Right{table("Query", "PutItem"), rightOn("the key", "kms", []string{"GenerateDataKey"})}
	case "history":
		return []Right{table("Query")}
	case "edit":
		return []Right{table("Query", "PutItem"), both}
	case "copy", "rollback":
		return []Right{table("Query", "GetItem", "PutItem"), both}
	case "rotate":
		return []Right{table("Query", "GetItem", "PutItem", "DeleteItem"), both}
	}
	return nil
}

// lifeElsewhere returns the actions of the same commands on another source than a table,
// and on the key of whichever source. It returns nil for a table.
func lifeElsewhere(command, service string) []Right {
	rights := lifeRights(command)
	switch {
	case service == "DynamoDB" || rights == nil:
		return nil
	case service == "KMS" && command != "history":
		return append(rights, rightOn("the key (for S3)", "kms", []string{"Encrypt"}))
	}
	switch command {
	case "generate":
		return Rights("put", service)
	case "edit", "copy", "rollback":
		return append(Rights("put", service), Rights("get", service)...)
	case "rotate":
		return append(append(Rights("put", service), Rights("get", service)...), append(Rights("delete", service), Rights("history", service)...)...)
	case "history":
		return map[string][]Right{
			"S3":              {{"the bucket", []string{"s3:ListBucketVersions"}}},
			"SSM":             {{"the parameters", []string{"ssm:GetParameterHistory"}}},
			"Secrets Manager": {{"the secrets", []string{"secretsmanager:ListSecretVersionIds"}}},
		}[service]
	}
	return nil
}

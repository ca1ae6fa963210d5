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

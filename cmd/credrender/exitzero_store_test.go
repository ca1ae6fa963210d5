package main

// manyFaults are of every command over many versions of a table or local store.
func manyFaults(verb, flags string) []bad {
	return []bad{
		refuses(faultMissing, exitSecret, `typo\.\*: .*match`, flags+" typo.*"),
		refuses(faultEmpty, exitUsage, `"" has no name`, flags+" ''"),
		refuses(faultWrongRef, exitUsage, `ssm:/svc/\*: `+verb+` is not possible`, flags+" 'ssm:/svc/*'"),
		refuses(faultWrongRef, exitUsage, `sm:app/db: `+verb+` is not possible`, flags+" sm:app/db"),
		refuses(faultUnreadable, exitFailed, `loop`, flags+" --store local:$D/loop"),
	}
}

// mapFaults are of commands that take contexts.
func mapFaults(flags string) []bad {
	return []bad{
		refuses(faultMissing, exitUsage, `none\.yaml`, flags+" --context-map none.yaml"),
		refuses(faultEmpty, exitUsage, `empty\.yaml: it contains no`, flags+" --context-map empty.yaml"),
		refuses(faultMalformed, exitUsage, `mapkey\.yaml, entry 1: .*contexts`, flags+" --context-map mapkey.yaml"),
		refuses(faultMalformed, exitUsage, `several pairs`, flags+" env=prod,team=web"),
		refuses(faultWrongType, exitUsage, `maplist\.yaml, entry 1`, flags+" --context-map maplist.yaml"),
		refuses(faultUnreadable, exitUsage, `loop`, flags+" --context-map loop"),
		refuses(faultUnreadable, exitUsage, `folder`, flags+" --context-map folder"),
		refuses(faultDuplicated, exitUsage, `env is given twice`, flags+" env=prod env=test"),
		refuses(faultDuplicated, exitUsage, `map2\.yaml, entry 1`, flags+" --context-map map2.yaml"),
	}
}

// storeRows returns rows of the commands that maintain a store.
func storeRows() map[string][]bad {
	rows := map[string][]bad{
		"prune": append(manyFaults("prune", "--keep 1"),
			refuses(faultMissing, exitUsage, `--keep N`, ""),
			refuses(faultMalformed, exitUsage, `takes no context`, "--keep 1 env=prod"),
			refuses(faultMalformed, exitUsage, `--keep N`, "--keep 0"),
			refuses(faultWrongType, exitUsage, `--keep`, "--keep few"),
			refuses(faultDuplicated, exitUsage, `arg`, "--keep 1 db.* db.*"),
			refuses(faultDuplicated, exitUsage, `--keep.* is given twice`, "--keep 1 --keep 2"),
		),
		"rekey": append(manyFaults("rekey", ""),
			refuses(faultMissing, exitSecret, `db\.pw`, "--to-context env=new db.pw"),
			refuses(faultMalformed, exitUsage, `env`, "db.pw env=prod --to-context env"),
			refuses(faultWrongType, exitUsage, `--key alias/new is a KMS key`, "--key alias/new db.pw env=prod"),
			refuses(faultWrongType, exitUsage, `--new-local-key is for --store local`, "--new-local-key --store dynamodb aws.pw env=prod"),
			refuses(faultDuplicated, exitUsage, `env`, "db.pw env=prod --to-context env=a --to-context env=b"),
		),
		"migrate": append(manyFaults("migrate", ""),
			refuses(faultMalformed, exitUsage, `--item-format "aes" is not credstash`, "--item-format aes"),
			refuses(faultEmpty, exitUsage, `--item-format is empty`, "--item-format ''"),
		),
		"verify-store": append(manyFaults("verify-store", ""),
			refuses(faultMissing, exitSecret, `app\.key`, "env=prod").printing(),
			refuses(faultMalformed, exitUsage, `--output "xml"`, "-o xml"),
		),
		"export": append(manyFaults("export --to", "--to table=other"),
			refuses(faultMissing, exitSecret, `typo\.\*: .*match`, "typo.* --file $D/new.json"),
			refuses(faultMissing, exitSecret, `app\.key`, "env=prod --file $D/new.json"),
			refuses(faultMissing, exitUsage, `none/new\.json: no such file`, "db.pw env=prod --file $D/none/new.json"),
			refuses(faultMissing, exitUsage, `/new/ is a directory`, "db.pw env=prod --file $D/new/"),
			refuses(faultEmpty, exitUsage, `--file is empty`, "db.pw env=prod --file ''"),
			refuses(faultMalformed, exitUsage, `--output "xml"`, "-o xml"),
			refuses(faultMalformed, exitFailed, `db\.pw.*\n?.*--env-names`, "db.pw env=prod -o dotenv"),
			refuses(faultMalformed, exitUsage, `--to: table is not KEY=VALUE`, "--to table"),
			refuses(faultWrongType, exitUsage, `--to size`, "--to size=5"),
			refuses(faultWrongRef, exitSecret, `sm:app/none\*: .*match`, "'sm:app/none*' --file $D/new.json"),
			refuses(faultUnreadable, exitUsage, `folder`, "db.pw env=prod --file $D/folder --plaintext"),
			refuses(faultUnreadable, exitFailed, `loop`, "db.pw env=prod --file $D/loop"),
			refuses(faultDuplicated, exitUsage, `--to: table is given twice`, "--to table=a --to table=b"),
			refuses(faultSameFile, exitUsage, `--to is the same store`, "db.pw env=prod --to store=local:$D/.data/store.db"),
			refuses(faultSameFile, exitUsage, `store\.db`, "db.pw env=prod --file $D/.data/store.db"),
			refuses(faultSameFile, exitUsage, `store\.key`, "db.pw env=prod --file $D/.data/store.key"),
			refuses(faultSameFile, exitUsage, `map\.yaml`, "db.pw --context-map map.yaml --file $D/map.yaml"),
			refuses(faultSameFile, exitUsage, `ok\.yaml`, "db.pw env=prod -c ok.yaml --file $D/ok.yaml"),
		),
		"import": {
			refuses(faultMissing, exitUsage, `a FILE is needed`, ""),
			refuses(faultMissing, exitUsage, `none\.json`, "folder/none.json"),
			refuses(faultMissing, exitSecret, `typo\.\*: .*match`, "--from store=dynamodb typo.*"),
			refuses(faultEmpty, exitUsage, `empty\.yaml: it contains no \{pattern`, "ok.json --context-map empty.yaml"),
			refuses(faultEmpty, exitUsage, `none\.json: it contains no secrets`, "none.json"),
			refuses(faultEmpty, exitUsage, `-: line 1: not a JSON object`, "- -o json"),
			refuses(faultEmpty, exitUsage, `-: it contains no secrets`, "- -o dotenv"),
			refuses(faultMalformed, exitUsage, `notjson\.json: line 1`, "notjson.json"),
			refuses(faultMalformed, exitUsage, `bad\.env: line 1`, "bad.env"),
			refuses(faultMalformed, exitUsage, `not KEY=VALUE`, "ok.json env"),
			refuses(faultMalformed, exitUsage, `format of FILE`, "text.txt"),
			refuses(faultMalformed, exitUsage, `--from: table is not KEY=VALUE`, "--from table"),
			refuses(faultWrongType, exitUsage, `list\.json`, "list.json"),
			refuses(faultWrongType, exitUsage, `deep\.json: line 1: a:`, "deep.json"),
			refuses(faultWrongRef, exitUsage, `ref\.json: line 1: ssm:/svc/a is a name in the source ssm`, "ref.json"),
			refuses(faultWrongRef, exitUsage, `ssm:/svc/\*`, "--from store=dynamodb 'ssm:/svc/*'"),
			refuses(faultUnreadable, exitUsage, `loop`, "loop -o json"),
			refuses(faultUnreadable, exitUsage, `folder`, "folder -o json"),
			refuses(faultUnreadable, exitUsage, `loop`, "ok.json --context-map loop"),
			refuses(faultDuplicated, exitUsage, `twice\.json: line 1`, "twice.json"),
			refuses(faultDuplicated, exitUsage, `twice\.env: line 2: A`, "twice.env"),
			refuses(faultDuplicated, exitUsage, `env is given twice`, "ok.json env=prod env=test"),
			refuses(faultSameFile, exitUsage, `--from is the same store`, "--from store=local:$D/.data/store.db"),
		},
	}
	for _, name := range []string{"rekey", "migrate", "verify-store"} {
		rows[name] = append(rows[name], mapFaults("")...)
	}
	return rows
}

func storeImmune() map[string]immune {
	const onlyStore = "writes only to its store"
	return map[string]immune{
		"prune":        immune{}.excuse(onlyStore, faultSameFile),
		"rekey":        immune{}.excuse(onlyStore, faultSameFile),
		"migrate":      immune{}.excuse(onlyStore, faultSameFile),
		"verify-store": immune{}.excuse(noOutput, faultSameFile),
	}
}

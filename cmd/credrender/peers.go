package main

// peers says what to type here for a command of another program of the family
// that is none of ours: of credstash, credsmash, gcredstash, unicreds, chamber,
// confd and consul-template. Where it depends, the commoner meaning is told.
func peers() map[string]string {
	return map[string]string{
		// credstash
		"keys":   "credrender list",
		"putall": "credrender import --help', and of JSON as credstash takes it 'credrender credstash putall",
		// credsmash
		"get-all":         "credrender getall",
		"find-one":        "credrender list PATTERN' and 'credrender get NAME",
		"find-many":       "credrender getall PATTERN",
		"put-many":        "credrender import",
		"delete-many":     "credrender list PATTERN' and 'credrender delete NAME",
		"prune-many":      "credrender prune PATTERN",
		"render-template": "credrender render SRC:DEST' for Go templates, 'credrender credsmash render-template' for Jinja2, 'credrender convert FILE.j2' to change over",
		"setup-dynamodb":  "credrender setup",
		// gcredstash
		"template":      "credrender render SRC' to standard output, or 'credrender render SRC:DEST",
		"getall-json":   "credrender getall",
		"getall-yaml":   "credrender export --help",
		"put-file":      "credrender put NAME @FILE",
		"put_file":      "credrender put NAME @FILE",
		"get-file":      "credrender pull NAME DEST",
		"env":           "credrender export --help' for a file, or a template with 'secret NAME | envquote",
		"write":         "credrender put NAME VALUE",
		"read":          "credrender get NAME",
		"rm":            "credrender delete NAME",
		"remove":        "credrender delete NAME",
		"ls":            "credrender list",
		"history":       "credrender list NAME",
		"versions":      "credrender list NAME",
		"find":          "credrender list PATTERN",
		"list-services": "credrender list",
		"rotate":        "credrender rekey",
		"reencrypt":     "credrender rekey",
		"show":          "credrender get NAME",
		"create-table":  "credrender setup",
		// confd and consul-template
		"apply":    "credrender render",
		"once":     "credrender render",
		"watch":    "credrender render' from cron or a systemd timer",
		"validate": "credrender lint",
		"check":    "credrender lint",
		"diff":     "credrender plan",
		"dry-run":  "credrender plan",
		"upload":   "credrender put NAME @FILE",
		"download": "credrender pull NAME DEST",
	}
}

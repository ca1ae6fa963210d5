package config

// Key describes a key of the config. The help, docs/config-keys.md and the JSON Schema
// are generated from the same list. A test compares it with the keys that Load accepts.
type Key struct {
	Section  Section
	Name     string
	Kind     Kind
	Does     string
	Default  string // in words; empty: none
	Example  string // a YAML value
	Required bool
	// Same is the key for which this one is another name.
	Same string
}

// Section is a mapping of the config that has keys of its own.
type Section string

// The sections, as paths: [] is a list, NAME a key that the user chooses.
const (
	SectionTop     Section = ""
	SectionSource  Section = "sources.NAME"
	SectionJob     Section = "jobs[]"
	SectionFile    Section = "jobs[].files[]"
	SectionKeypair Section = "jobs[].keypairs[]"
	SectionTests   Section = "tests" // the top of a test file
	SectionCase    Section = "tests.cases[]"
)

// Kind is the form of a value.
type Kind string

// The kinds of values.
const (
	KindText     Kind = "text"
	KindDuration Kind = "duration"
	KindBool     Kind = "true or false"
	KindList     Kind = "list of texts"
	KindUser     Kind = "name or number"
	KindUsers    Kind = "list of names or numbers"
	KindMode     Kind = "octal mode"
	KindCommand  Kind = "command: a text for the shell, or a list of arguments"
	KindContext  Kind = "context: a map of texts, or the name of an entry in contexts"
	KindTexts    Kind = "map of texts"
	KindValues   Kind = "map of any values"
	KindDelims   Kind = "list of two texts"
	KindTime     Kind = "time"
	KindPercent  Kind = "percentage from 1% to 100%"
	KindAny      Kind = "any value"
	KindEntries  Kind = "list of texts and whole numbers, map of any values, or pattern of names"
	KindSections Kind = "map of sections"
	KindSection  Kind = "list of sections"
)

// Path returns the key with its section, such as jobs[].files[].mode.
func (k Key) Path() string { return join(string(k.Section), k.Name) }

// Keys returns all keys, in the order of the manual.
func Keys() []Key {
	all := make([]Key, 0, 128)
	for _, list := range [][]Key{settingKeys(), sharedKeys(), sourceKeys(), jobKeys(), fileKeys(), testKeys()} {
		all = append(all, list...)
	}
	return all
}

func settingKeys() []Key {
	return []Key{
		{Name: "store", Kind: KindText, Does: "Store that the function secret reads: dynamodb, local, local:PATH or s3://BUCKET/PREFIX.", Default: "dynamodb", Example: "local:store.db"},
		{Name: "local_key", Kind: KindText, Does: "Key file of the local store.", Default: "next to the store: store.key for store.db", Example: "store.key"},
		{Name: "table", Kind: KindText, Does: "DynamoDB table: a name, or an ARN, which also states the region.", Default: "CREDSTASH_DEFAULT_TABLE, else credential-store", Example: "credential-store"},
		{Name: "key", Kind: KindText, Does: "KMS key for writes: alias, ID or ARN.", Default: "alias/credstash", Example: "alias/credstash"},
		{Name: "region", Kind: KindText, Does: "AWS region.", Default: "the table ARN's, else from the environment, the profile or the instance", Example: "eu-west-1"},
		{Name: "kms_region", Kind: KindText, Does: "AWS region of KMS, if it differs.", Default: "region", Example: "eu-central-1"},
		{Name: "profile", Kind: KindText, Does: "Profile of the shared AWS config.", Default: "AWS_PROFILE", Example: "prod"},
		{Name: "arn", Kind: KindText, Does: "IAM role to assume.", Example: "arn:aws:iam::123456789012:role/reader"},
		{Name: "grant_token", Kind: KindText, Does: "Tokens of KMS grants that are less than five minutes old, separated by commas.", Example: "AQpAM2RhZ..."},
		{Name: "state_dir", Kind: KindText, Does: "Directory for installed versions, pending hooks and locks.", Default: "/var/lib/credrender; for other users than root $XDG_STATE_HOME/credrender", Example: "/var/lib/credrender"},
		{Name: "timeout", Kind: KindDuration, Does: "How long a command waits for AWS, credentials, instance metadata and its inputs.", Default: "2m", Example: "30s"},
		{Name: "log_level", Kind: KindText, Does: "Lowest level to log: debug, info, warn or error.", Default: "info", Example: "warn"},
		{Name: "log_format", Kind: KindText, Does: "Format of messages: text or json.", Default: "text", Example: "json"},
		{Name: "full_refresh", Kind: KindDuration, Does: "Maximum age of a full refresh. When it is older, the daemon's next check repeats it.", Default: "10m", Example: "10m"},
		{Name: "listen", Kind: KindText, Does: "Address for the daemon's health checks and metrics: unix:PATH or a loopback ADDRESS:PORT.", Example: "127.0.0.1:9111"},
		{Name: "textfile", Kind: KindText, Does: "File for node_exporter, to which the daemon, and render from cron, write metrics.", Example: "/var/lib/node_exporter/credrender.prom"},
		{Name: "boot_wait", Kind: KindDuration, Does: "How long a starting daemon waits for its first change check if all files are in place.", Default: "2s", Example: "2s"},
		{Name: "ready", Kind: KindText, Does: "files: the daemon's startup waits for all files, and fails without them. best-effort: it does not fail.", Default: "files", Example: "best-effort"},
	}
}

// sharedKeys are those that concern all jobs of a file.
func sharedKeys() []Key {
	return []Key{
		{Name: "context", Kind: KindContext, Does: "Default encryption context, for jobs only.", Example: "{env: prod}"},
		{Name: "contexts", Kind: KindValues, Does: "Named encryption contexts, for templates and the key context. Keys keep their case and dots.", Example: "{web: {Env: prod, app.tier: web}}"},
		{Name: "sources", Kind: KindSections, Does: "Named sources: other tables, accounts and regions, for names such as payments:db.password.", Example: "{payments: {type: dynamodb, table: payments}}"},
		{Name: "partials", Kind: KindList, Does: "Patterns of files with definitions for all templates, relative to the config.", Example: "[parts/*.tmpl]"},
		{Name: "vars", Kind: KindValues, Does: "The .Vars of all templates. A job's own vars are merged over them, key by key.", Example: "{port: 8080}"},
		{Name: "schedule", Kind: KindText, Does: "When the daemon checks the jobs: a cron expression, @daily or @every 5m.", Example: "\"*/5 * * * *\""},
		{Name: "splay", Kind: KindDuration, Does: "Longest delay of each check. Every host has a fixed share of it.", Example: "2m"},
		{Name: "trusted_owners", Kind: KindUsers, Does: "Users besides root whose config and templates root trusts.", Example: "[deploy]"},
		{Name: "jobs", Kind: KindSection, Does: "The jobs, in the order in which they run.", Example: "[{name: app, src: app.tmpl, dest: /etc/app.conf}]"},
	}
}

func sourceKeys() []Key {
	return []Key{
		{Section: SectionSource, Name: "type", Kind: KindText, Does: "Kind of the source: dynamodb, local, s3, ssm or secretsmanager.", Example: "dynamodb", Required: true},
		{Section: SectionSource, Name: "table", Kind: KindText, Does: "DynamoDB table: a name or an ARN.", Default: "credential-store", Example: "payments"},
		{Section: SectionSource, Name: "key", Kind: KindText, Does: "KMS key for writes.", Default: "alias/credstash", Example: "alias/payments"},
		{Section: SectionSource, Name: "region", Kind: KindText, Does: "AWS region.", Default: "the store's", Example: "us-east-1"},
		{Section: SectionSource, Name: "kms_region", Kind: KindText, Does: "AWS region of KMS, if it differs.", Default: "region", Example: "us-east-1"},
		{Section: SectionSource, Name: "profile", Kind: KindText, Does: "Profile of the shared AWS config.", Default: "the store's", Example: "payments"},
		{Section: SectionSource, Name: "arn", Kind: KindText, Does: "IAM role to assume.", Default: "the store's", Example: "arn:aws:iam::210987654321:role/reader"},
		{Section: SectionSource, Name: "path", Kind: KindText, Does: "File of a local store.", Example: "store.db"},
		{Section: SectionSource, Name: "local_key", Kind: KindText, Does: "Key file of a local store.", Default: "next to the store", Example: "store.key"},
	}
}

func jobKeys() []Key {
	return []Key{
		{Section: SectionJob, Name: "name", Kind: KindText, Does: "Name of the job, unique in the config.", Example: "web-tls", Required: true},
		{Section: SectionJob, Name: "files", Kind: KindSection, Does: "The files, which change together or not at all. The keys of a single file may be written into the job itself.", Example: "[{src: app.tmpl, dest: /etc/app.conf}]"},
		{Section: SectionJob, Name: "keypairs", Kind: KindSection, Does: "Certificates and keys of the job that must belong together.", Example: "[{cert: /etc/tls.crt, key: /etc/tls.key}]"},
		{Section: SectionJob, Name: "verify", Kind: KindCommand, Does: "Command that tests the new files in place. If it fails, the old files are restored.", Example: "nginx -t"},
		{Section: SectionJob, Name: "hook", Kind: KindCommand, Does: "Command to run once after a change. It stays pending until it succeeds.", Example: "systemctl --no-block reload nginx"},
		{Section: SectionJob, Name: "timeout", Kind: KindDuration, Does: "Time limit of each check, verify and hook.", Default: "30s; hooks 2m", Example: "1m"},
		{Section: SectionJob, Name: "env", Kind: KindTexts, Does: "Variables added to the environment of the job's commands.", Example: "{PGHOST: localhost}"},
		{Section: SectionJob, Name: "vars", Kind: KindValues, Does: "The .Vars of the job's templates.", Default: "the config's", Example: "{port: 8080}"},
		{Section: SectionJob, Name: "context", Kind: KindContext, Does: "Default encryption context.", Default: "the config's", Example: "web"},
		{Section: SectionJob, Name: "schedule", Kind: KindText, Does: "When the daemon checks the job: a cron expression, @daily or @every 5m.", Default: "the config's", Example: "\"@every 5m\""},
		{Section: SectionJob, Name: "splay", Kind: KindDuration, Does: "Longest delay of each check. Every host has a fixed share of it.", Default: "the config's", Example: "2m"},
		{Section: SectionJob, Name: "allow", Kind: KindList, Does: "Names that templates may request, with *.", Default: "all", Example: "[\"web.*\"]"},
		{Section: SectionJob, Name: "allow_no_match", Kind: KindList, Does: "Patterns of names that may match nothing.", Example: "[\"web.*\"]"},
		{Section: SectionJob, Name: "prune", Kind: KindBool, Does: "Whether to remove files that the job created earlier and no longer creates.", Default: "false", Example: "true"},
		{Section: SectionJob, Name: "prune_limit", Kind: KindPercent, Does: "Largest share of the job's files that one run may remove.", Default: "10%", Example: "10%"},
		{Section: SectionJob, Name: "restrict", Kind: KindBool, Does: "Whether to refuse functions that read outside the store: env, file, hostname, ec2, now.", Default: "false", Example: "true"},
		{Section: SectionKeypair, Name: "cert", Kind: KindText, Does: "Destination of the certificate.", Example: "/etc/nginx/tls.crt", Required: true},
		{Section: SectionKeypair, Name: "key", Kind: KindText, Does: "Destination of the private key.", Example: "/etc/nginx/tls.key", Required: true},
	}
}

func fileKeys() []Key {
	return []Key{
		{Section: SectionFile, Name: "src", Kind: KindText, Does: "A template or a folder of templates, relative to the config. A file has exactly one of src, content and secret.", Example: "app.conf.tmpl"},
		{Section: SectionFile, Name: "source", Kind: KindText, Does: "Another name for src.", Example: "app.conf.tmpl", Same: "src"},
		{Section: SectionFile, Name: "content", Kind: KindText, Does: "An inline template.", Example: "'{{ secret \"a\" }}'"},
		{Section: SectionFile, Name: "secret", Kind: KindText, Does: "A secret to copy byte for byte.", Example: "web.tls.key"},
		{Section: SectionFile, Name: "dest", Kind: KindText, Does: "Absolute path of the file to write.", Example: "/etc/app.conf"},
		{Section: SectionFile, Name: "destination", Kind: KindText, Does: "Another name for dest.", Example: "/etc/app.conf", Same: "dest"},
		{Section: SectionFile, Name: "for_each", Kind: KindEntries, Does: "A list, a map, or a pattern of names. Each entry makes one file; the template gets the entry as .Key and .Value.", Default: "one file", Example: "[a.example, b.example]"},
		{Section: SectionFile, Name: "mode", Kind: KindMode, Does: "Permissions of the file.", Default: "the existing file's, else 0600", Example: "\"0640\""},
		{Section: SectionFile, Name: "owner", Kind: KindUser, Does: "Owner of the file.", Default: "the existing file's", Example: "root"},
		{Section: SectionFile, Name: "group", Kind: KindUser, Does: "Group of the file.", Default: "the existing file's", Example: "www-data"},
		{Section: SectionFile, Name: "context", Kind: KindContext, Does: "Default encryption context.", Default: "the job's", Example: "web"},
		{Section: SectionFile, Name: "check", Kind: KindCommand, Does: "Command that tests the staged file, {{.src}}, before it replaces {{.dest}}.", Example: "jq . {{.src}}"},
		{Section: SectionFile, Name: "format", Kind: KindText, Does: "Format that the rendered file must have: json, yaml, toml, env, pem, ini, properties or xml. Secrets must not change its structure.", Example: "json"},
		{Section: SectionFile, Name: "create_dirs", Kind: KindBool, Does: "Whether to create missing directories.", Default: "false", Example: "true"},
		{Section: SectionFile, Name: "permit", Kind: KindList, Does: "What the file system may ignore: mode, owner or both.", Example: "[mode]"},
		{Section: SectionFile, Name: "in_place", Kind: KindBool, Does: "Whether to write into the existing file instead of replacing it, for bind-mounted files. Not atomic.", Default: "false", Example: "true"},
		{Section: SectionFile, Name: "delims", Kind: KindDelims, Does: "Delimiters of template actions.", Default: "[\"{{\", \"}}\"]", Example: "[\"[[\", \"]]\"]"},
	}
}

// testKeys are those of a file of golden tests.
func testKeys() []Key {
	return []Key{
		{Section: SectionTests, Name: "template", Kind: KindText, Does: "The template, relative to the test file.", Example: "app.tmpl", Required: true},
		{Section: SectionTests, Name: "config", Kind: KindText, Does: "A config whose settings apply to the template.", Example: "credrender.yaml"},
		{Section: SectionTests, Name: "dest", Kind: KindText, Does: "The file of the config, if several use the template.", Example: "/etc/app.conf"},
		{Section: SectionTests, Name: "partials", Kind: KindList, Does: "Files with definitions for the template.", Example: "[parts/db.tmpl]"},
		{Section: SectionTests, Name: "cases", Kind: KindSection, Does: "The cases.", Example: "[{name: a, want: app.conf}]", Required: true},
		{Section: SectionCase, Name: "name", Kind: KindText, Does: "Name of the case, unique in the file.", Example: "production", Required: true},
		{Section: SectionCase, Name: "fixtures", Kind: KindValues, Does: "Values that functions return, as in the file of --fixtures.", Example: "{secret: {db.password: x}}"},
		{Section: SectionCase, Name: "vars", Kind: KindValues, Does: "The .Vars of the template.", Example: "{tls: true}"},
		{Section: SectionCase, Name: "key", Kind: KindText, Does: "The .Key of the template, for a file with for_each.", Example: "a.example"},
		{Section: SectionCase, Name: "value", Kind: KindAny, Does: "The .Value of the template.", Default: "the value of the config's entry, else the key", Example: "{port: 8080}"},
		{Section: SectionCase, Name: "now", Kind: KindTime, Does: "The time that now returns.", Example: "2026-01-02T03:04:05Z"},
		{Section: SectionCase, Name: "want", Kind: KindText, Does: "File with the expected output. A case has one of want, want_text and want_error.", Example: "app.conf"},
		{Section: SectionCase, Name: "want_text", Kind: KindText, Does: "The expected output itself.", Example: "|\n  password = x"},
		{Section: SectionCase, Name: "want_error", Kind: KindText, Does: "Part of the expected error message.", Example: "db.password"},
	}
}
